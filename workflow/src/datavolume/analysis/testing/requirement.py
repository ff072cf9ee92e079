"""How much data is enough: the smallest volume whose accuracy is within a margin of the full data's.

    requirement(summary, margin=0.01)   a row per architecture and volume; `required` marks the answer
    gains(summary)                      what one doubling brings between neighbouring volumes

The shortfall of a volume is the mean over seeds of (largest volume - this volume), paired by seed; their standard
deviation is taken as one held-out image at least, since two seeds may agree by chance. A volume is enough when the
one-sided 95 % upper bound of its shortfall (Student's t) is at most the margin, and so it is for every larger volume:
going down from the largest and stopping at the first failure keeps the error of the whole chain at 5 % (Maurer, Hothorn
and Lehmacher 1995: tests in an order set beforehand).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from datavolume.analysis.curves import volumes_of_curves
from datavolume.analysis.intervals import mean_interval, metric_intervals
from datavolume.analysis.metrics import METRICS, Metric

__all__ = ["gains", "requirement"]

_COLUMNS = [
    "architecture",
    "metric",
    "n",
    "share",
    "mean",
    "lower",
    "upper",
    "pairs",
    "shortfall",
    "shortfall_lower",
    "shortfall_upper",
    "margin",
    "enough",
    "required",
    "note",
]
_REPLICATE = ["seed", "subset_seed"]


def requirement(summary: pd.DataFrame, *, margin: float, metric: str = "top1", level: float = 0.95) -> pd.DataFrame:
    """`margin` and shortfall are in the metric's stored unit (0.01: one percentage point); larger shortfall is worse.

    Bounds are NaN and the mean alone decides where there is one pair of seeds; `note` says so.
    """
    volumes, frames = volumes_of_curves(summary), [pd.DataFrame(columns=_COLUMNS)]
    for architecture, runs in summary.groupby("architecture", sort=False):
        table = pd.DataFrame(_shortfalls(runs, METRICS[metric], level))
        table = table.merge(metric_intervals(runs, ["n"], metric)[["n", "mean", "lower", "upper"]], on="n")
        share = table["n"].map(volumes[str(architecture)].share)
        table = table.assign(architecture=architecture, metric=metric, share=share, margin=margin)
        frames.append(_decide(table))
    return pd.concat(frames[1:] or frames, ignore_index=True)[_COLUMNS]


def _shortfalls(runs: pd.DataFrame, metric: Metric, level: float) -> Iterator[dict[str, Any]]:
    """A row a volume, from the smallest to the largest."""
    values = _replicates(runs, metric)
    largest = values.columns[-1]
    for n in values.columns[:-1]:
        differences = (metric.sign * (values[largest] - values[n])).dropna().to_numpy()
        yield {"n": int(n), **_bounds(differences, level, least_sd=_resolution(runs, metric))}
    yield {"n": int(largest), **dict.fromkeys(("shortfall", "shortfall_lower", "shortfall_upper"), 0.0)} | {
        "pairs": int(values[largest].count()),
        "note": "",
    }


def _resolution(runs: pd.DataFrame, metric: Metric) -> float:
    """One held-out image: seeds that agree to the same image do not show that there is no spread."""
    counted = metric.name in ("top1", "top5") and "n_validation" in runs
    return 1 / float(runs["n_validation"].min()) if counted else 0.0


def _bounds(differences: np.ndarray[Any, Any], level: float, *, least_sd: float) -> dict[str, Any]:
    """Mean and one-sided bounds of paired differences [pairs], of a standard deviation of `least_sd` or more."""
    pairs = differences.size
    if pairs == 0:
        unknown = dict.fromkeys(("shortfall", "shortfall_lower", "shortfall_upper"), math.nan)
        return {"pairs": 0, **unknown, "note": "no seed in common with the largest volume"}
    mean = float(differences.mean())
    if pairs == 1:
        bounds = {"shortfall_lower": math.nan, "shortfall_upper": math.nan}
        return {"pairs": 1, "shortfall": mean, **bounds, "note": "one seed: a point estimate"}
    half = float(stats.t.ppf(level, pairs - 1) * max(differences.std(ddof=1), least_sd)) / math.sqrt(pairs)
    return {
        "pairs": pairs,
        "shortfall": mean,
        "shortfall_lower": mean - half,
        "shortfall_upper": mean + half,
        "note": "",
    }


def _decide(table: pd.DataFrame) -> pd.DataFrame:
    """Mark what is enough, and the smallest volume from which everything larger is."""
    decisive = table["shortfall_upper"].fillna(table["shortfall"])
    enough = decisive <= table["margin"]
    chain = enough[::-1].cummin()[::-1].astype(bool)
    table = table.assign(enough=enough, required=table.index == chain.idxmax())
    if len(table) > 1 and table["required"].iloc[-1]:
        table.loc[table.index[-1], "note"] = _largest_only(table.iloc[-2])
    return table


def _largest_only(below: pd.Series[Any]) -> str:
    """What it means that only the largest volume is within the margin of itself; `below` is the next smaller one."""
    if math.isnan(below["shortfall"]):
        return "no volume can be compared with the largest"
    if math.isnan(below["shortfall_lower"]) or below["shortfall_lower"] > 0:
        return "more data still helps: no smaller volume is shown to be within the margin"
    return "undecided: the seeds are too few or too different to show that a smaller volume is within the margin"


def gains(summary: pd.DataFrame, *, metric: str = "top1", level: float = 0.95) -> pd.DataFrame:
    """Per architecture and step between neighbouring volumes: the gain of a doubling there (better is positive).

    gain, lower and upper are the mean over pairs of one seed with its t interval.
    """
    rows = []
    for architecture, runs in summary.groupby("architecture", sort=False):
        values = _replicates(runs, METRICS[metric])
        for small, large in pairwise(int(n) for n in values.columns):
            doublings = math.log2(large / small)
            step = mean_interval(METRICS[metric].sign * (values[large] - values[small]) / doublings, level=level)
            bounds = {"gain": step.mean, "lower": step.lower, "upper": step.upper}
            rows.append({"architecture": architecture, "n_small": small, "n_large": large, **bounds})
    return pd.DataFrame(rows, columns=["architecture", "n_small", "n_large", "gain", "lower", "upper"])


def _replicates(runs: pd.DataFrame, metric: Metric) -> pd.DataFrame:
    """A row a pair of seed and subset seed, a column a volume, rising."""
    return runs.pivot_table(index=_REPLICATE, columns="n", values=metric.last, aggfunc="mean").sort_index(axis=1)
