"""How sure the networks of a study are, and whether rightly so, by data volume; and what their seeds gain by voting.

    tables = calibrated(runs, files)      runs: rows of the collected summary
    tables.calibration                    a row a run: errors before and after temperature scaling, temperature, margins
    tables.reliability                    a row a run, scaled (or not), way of binning and bin
    tables.margins                        a row a run, correct or wrong, and bin of the normalised margin
    tables.ensembles                      a row a curve, volume and way of voting

All are of the validation images at the end of training; one run's probabilities are in memory at a time. The numbers of
a run do not depend on which others there are.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from datavolume.analysis.ensemble import RunsPoll
from datavolume.analysis.predictions import Member, members
from datavolume.statistics.calibration import (
    Judged,
    against_members,
    calibration_error,
    chance_error,
    cross_fitted,
    debiased_error,
    error_interval,
    fit_temperature,
    judge,
    margin_counts,
    mean_margins,
    reliability_bins,
    squared_error,
)

__all__ = ["CALIBRATION", "ENSEMBLES", "KEYS", "MARGINS", "RELIABILITY", "Tables", "calibrated"]

KEYS = ("run", "configuration", "seed", "network", "architecture", "n", "fraction", "size", "dataset", "subset_seed")
_CURVE = ("architecture", "network", "n", "fraction", "size", "dataset")
CALIBRATION = (
    *KEYS,
    *("images", "classes", "top1", "nll", "brier", "margin_correct", "margin_wrong"),
    *("ece", "ece_lower", "ece_upper", "ece_debiased", "ece_chance", "ece_mass", "squared_error"),
    *("temperature", "temperature_lower", "temperature_upper"),
    *("nll_scaled", "brier_scaled", "ece_scaled", "ece_scaled_debiased", "note"),
)
RELIABILITY = (*KEYS, "scaled", "bins", "bin", "lower", "upper", "images", "confidence", "accuracy")
MARGINS = (*KEYS, "predicted", "lower", "upper", "images")
_VOTED = ("top1", "lower", "upper", "single", "gain", "gain_lower", "gain_upper")
ENSEMBLES = (*_CURVE, "voting", "models", *_VOTED, "best_single", "nll", "nll_single", "ece", "ece_debiased")


@dataclass(frozen=True)
class Tables:
    """The four tables, their columns named CALIBRATION, RELIABILITY, MARGINS and ENSEMBLES."""

    calibration: pd.DataFrame
    reliability: pd.DataFrame
    margins: pd.DataFrame
    ensembles: pd.DataFrame


def calibrated(runs: pd.DataFrame, files: Iterable[Path]) -> Tables:
    """`runs`: rows of the collected summary; `files`: the predictions.npz of their seed blocks.

    Raises UserError where a file is missing or cut short, or runs of one curve and volume have other images.
    """
    found: dict[str, list[pd.DataFrame]] = {"calibration": [], "reliability": [], "margins": [], "ensembles": []}
    places = runs.groupby(["architecture", "dataset", "n"], sort=False).ngroup()
    ordered = runs.assign(_place=places).sort_values("_place", kind="stable")
    voices = members(ordered, files)
    for _, group in ordered.groupby("_place", sort=False):
        poll, ends = None, []
        for keys, member in zip(group[list(KEYS)].to_dict("records"), voices, strict=False):
            poll = poll or RunsPoll(member)
            poll.join(member)
            parts = _of_run({str(name): value for name, value in keys.items()}, member)
            ends.append(parts["calibration"])
            for name, part in parts.items():
                found[name].append(part)
        if poll is not None and poll.count > 1:
            curve = {str(name): group[name].iloc[0] for name in _CURVE}
            found["ensembles"].append(_ensembles(curve, poll, pd.concat(ends)))
    columns = {"calibration": CALIBRATION, "reliability": RELIABILITY, "margins": MARGINS, "ensembles": ENSEMBLES}
    return Tables(**{name: _joined(found[name], columns[name]) for name in columns})


def _joined(parts: list[pd.DataFrame], columns: Iterable[str]) -> pd.DataFrame:
    return pd.concat(parts, ignore_index=True)[list(columns)] if parts else pd.DataFrame(columns=list(columns))


def _of_run(keys: Mapping[str, Any], member: Member) -> dict[str, pd.DataFrame]:
    """Its rows, by table. Images without finite probabilities are left out, and said."""
    finite = np.isfinite(member.probabilities).all(axis=1)
    probabilities, labels = member.probabilities, member.labels
    if not finite.all():
        probabilities, labels = probabilities[finite], labels[finite]
    head = {**keys, "images": len(labels), "classes": probabilities.shape[1]}
    left_out = f"{int((~finite).sum())} images without finite probabilities left out"
    if not len(labels):
        empty = {name: math.nan for name in CALIBRATION if name not in head}
        return {"calibration": pd.DataFrame([{**head, **empty, "note": left_out}])}
    rng = np.random.default_rng(zlib.crc32(member.run.encode()))
    judged, temperature = judge(probabilities, labels), fit_temperature(probabilities, labels)
    scaled = list(cross_fitted(probabilities, labels, rng))
    row = {
        **_errors(judged, rng),
        **{f"temperature{end}": getattr(temperature, name) for end, name in _TEMPERATURES.items()},
        **_scaled(scaled),
        "note": "; ".join(filter(None, ("" if finite.all() else left_out, temperature.note))),
    }
    return {
        "calibration": pd.DataFrame([{**head, **row}]),
        "reliability": pd.concat([_bins(keys, judged, scaled=False), _bins(keys, scaled[0], scaled=True)]),
        "margins": margin_counts(judged.margin, judged.correct).assign(**keys),
    }


_TEMPERATURES = {"": "value", "_lower": "lower", "_upper": "upper"}


def _errors(judged: Judged, rng: np.random.Generator) -> dict[str, float]:
    table = reliability_bins(judged.confidence, judged.correct)
    masses = reliability_bins(judged.confidence, judged.correct, by="mass")
    interval = error_interval(judged.confidence, judged.correct, rng)
    margins = mean_margins(judged.margin, judged.correct)
    return {
        "top1": judged.top1,
        "nll": float(judged.nll.mean()),
        "brier": float(judged.brier.mean()),
        **dict(zip(("margin_correct", "margin_wrong"), margins, strict=True)),
        "ece": calibration_error(table),
        "ece_lower": interval.lower,
        "ece_upper": interval.upper,
        "ece_debiased": debiased_error(table),
        "ece_chance": chance_error(table),
        "ece_mass": calibration_error(masses),
        "squared_error": squared_error(masses),
    }


def _scaled(ways: list[Judged]) -> dict[str, float]:
    """Means over the ways to halve the images."""
    tables = [reliability_bins(judged.confidence, judged.correct) for judged in ways]
    return {
        "nll_scaled": float(np.mean([judged.nll.mean() for judged in ways])),
        "brier_scaled": float(np.mean([judged.brier.mean() for judged in ways])),
        "ece_scaled": float(np.mean([calibration_error(table) for table in tables])),
        "ece_scaled_debiased": float(np.mean([debiased_error(table) for table in tables])),
    }


def _bins(keys: Mapping[str, Any], judged: Judged, *, scaled: bool) -> pd.DataFrame:
    frames = [
        reliability_bins(judged.confidence, judged.correct, by="width").assign(bins="width", **keys),
        reliability_bins(judged.confidence, judged.correct, by="mass").assign(bins="mass", **keys),
    ]
    return pd.concat(frames).assign(scaled=scaled)


def _ensembles(curve: Mapping[str, Any], poll: RunsPoll, singles: pd.DataFrame) -> pd.DataFrame:
    """The runs of one curve and volume as one: their votes, and what the mean of their probabilities is worth."""
    judged = judge(poll.mean, poll.labels)
    table = reliability_bins(judged.confidence, judged.correct)
    worth = {"nll": float(judged.nll.mean()), "ece": calibration_error(table), "ece_debiased": debiased_error(table)}
    beside = {"best_single": singles["top1"].max(), "nll_single": singles["nll"].mean()}
    return pd.DataFrame(list(_voted({**curve, "models": poll.count, **beside}, poll, worth)))


def _voted(head: Mapping[str, Any], poll: RunsPoll, worth: Mapping[str, float]) -> Iterator[dict[str, Any]]:
    rng = np.random.default_rng(zlib.crc32(f"{head['architecture']} {head['n']}".encode()))
    for voting, right in (("soft", poll.soft), ("hard", poll.hard)):
        estimate = against_members(right, poll.members_right, poll.count, rng)
        yield {**head, "voting": voting, **vars(estimate), **(worth if voting == "soft" else {})}
