"""Printed numbers beside ours: difference, its interval, verdict.

    printed = read_published(path)
    ours = Ours(summary, metrics, points, timing, overlap, votes, plan)    the last three where needed(printed) has them
    table = compare(printed, ours, comparable=study.scale == "full")

How a difference is judged, by what is known of the noise of one run:

1. Several seeds of ours: their own spread (prediction interval, Student's t; `analysis.noise`).
2. One run, but the study has replicates (other seeds or subsets) elsewhere: the pooled spread inside those groups, of
   the same network where it has any: retraining is what may move a number, and it moves alike at neighbouring points.
3. One run and no replicates anywhere, an accuracy: the binomial noise of the validation set, an upper bound.
4. Lines over data volume: the jackknife over seeds. Overlaps: the hypergeometric spread of two random subsets.

Without any of these no verdict can be given, nor of times, which tell of the hardware: "not comparable".
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datavolume.analysis.metrics import METRICS
from datavolume.analysis.published.matching import Ours, runs_of, values_of
from datavolume.analysis.published.noise import UNKNOWN, Noise, of_images, of_seeds, of_statistic, pooled
from datavolume.analysis.published.published import read_published
from datavolume.analysis.published.quantities import Quantity, quantity
from datavolume.analysis.shown.seed_lines import fit_of, jackknife_sd
from datavolume.analysis.testing.requirement import requirement

Array = NDArray[np.float64]

__all__ = ["COMPARED", "VERDICTS", "Ours", "compare", "needed", "read_published"]

VERDICTS = ("reproduced within seed noise", "as printed", "differs", "not run", "not comparable")
COMPARED = (
    *("artefact", "item", "metric", "published", "ours", "lower", "upper", "seeds"),
    *("difference", "difference_lower", "difference_upper", "verdict", "unit", "source", "note"),
    *("experiment", "stage", "value", "network", "fraction", "size", "phase", "split", "statistic", "digits"),
)
_FRAMES = {"overlap": "overlap", "soft_vote": "votes", "hard_vote": "votes"}
_FRAMES |= dict.fromkeys(("decay_epochs", "warmup_epochs", "evaluated_every"), "plan")
_MARGIN = 0.01  # of a saturation point: one percentage point below all data


def needed(published: pd.DataFrame) -> frozenset[str]:
    """Which of overlap, votes and plan some printed number is about."""
    return frozenset(_FRAMES[metric] for metric in published["metric"] if metric in _FRAMES)


def compare(published: pd.DataFrame, ours: Ours, *, comparable: bool) -> pd.DataFrame:
    """A row a printed number, in its unit and order: COMPARED. `lower` and `upper` are the 95 % interval of our mean.

    What no run of ours is about is "not run", never an error: a study may be thinned. `comparable` is False where the
    study is not the paper's (smoke scale): numbers are shown all the same.
    """
    spread = _Spread(ours)
    rows = [_compared(row, ours, spread, comparable) for row in published.to_dict("records")]
    return pd.DataFrame(rows, columns=list(COMPARED)).astype({"size": "Int64", "phase": "Int64"})


@dataclass(frozen=True)
class _Found:
    """In stored units; `seeds` are runs of ours behind `value`."""

    value: float
    seeds: int
    noise: Noise


class _Spread:
    """How far replicates lie apart, at all points of the study; what is measured is read once for all rows."""

    def __init__(self, ours: Ours) -> None:
        self._ours = ours
        self._groups: dict[tuple[Any, ...], list[tuple[str, Array]]] = {}

    def noise(self, row: Mapping[Any, Any], networks: pd.Series[Any], least: float) -> Noise:
        """Of one run: from these networks where they have replicates, from all networks otherwise."""
        groups = self._replicates(row)
        own = [values for network, values in groups if network in set(networks)]
        for part in (own, [values for _, values in groups]):
            noise = pooled(part, least=least)
            if noise is not UNKNOWN:
                return noise
        return UNKNOWN

    def _replicates(self, row: Mapping[Any, Any]) -> list[tuple[str, Array]]:
        phase = None if pd.isna(row["phase"]) else int(row["phase"])
        key = (row["metric"], row["statistic"], row["split"], phase)
        if key not in self._groups:
            values = values_of(row, self._ours.summary, self._ours)
            self._groups[key] = list(_points(values, self._ours.points))
        return self._groups[key]


def _points(values: pd.DataFrame, points: pd.DataFrame) -> Iterator[tuple[str, Array]]:
    """Network and values of each point, of runs that differ in seeds alone; what stands in several places once."""
    placed = values.merge(points, on="run", suffixes=("", "_of_point"))
    seen = set()
    for keys, group in placed.groupby(["experiment", "stage", "value_of_point", "network", "n"]):
        runs = frozenset(group["run"])
        if runs not in seen:
            seen.add(runs)
            yield str(keys[3]), group["value"].to_numpy(dtype=float)


def _compared(row: Mapping[Any, Any], ours: Ours, spread: _Spread, comparable: bool) -> dict[str, Any]:
    asked = quantity(row["metric"])
    found = _found(row, asked, ours, spread)
    scale = asked.units[row["unit"]]
    value, printed = scale * found.value, float(row["published"])
    around = 0.0 if asked.exact else scale * found.noise.ours
    apart = 0.0 if asked.exact else scale * found.noise.difference(int(row["runs"]))
    difference = value - printed
    least, most = (scale * bound for bound in _bounds(asked))
    return {
        **row,
        "ours": value,
        "lower": max(value - around, least),
        "upper": min(value + around, most),
        "seeds": found.seeds,
        "difference": difference,
        "difference_lower": difference - apart,
        "difference_upper": difference + apart,
        "verdict": _verdict(row, asked, difference, apart, comparable),
    }


def _bounds(asked: Quantity) -> tuple[float, float]:
    """What is possible at all: an interval is cut there, and covers as much."""
    if asked.fit:
        return (0.0, 1.0) if asked.fit.startswith("r2") else (-math.inf, math.inf)
    if asked.metric in METRICS:
        return METRICS[asked.metric].bounds
    return (0.0, 1.0 if "percent" in asked.units else math.inf)


def _verdict(row: Mapping[Any, Any], asked: Quantity, difference: float, apart: float, comparable: bool) -> str:
    """A printed number is known to half a unit of its last digit."""
    rounding = 0.5 * 10.0 ** -int(row["digits"]) * (1 + 1e-9)
    if math.isnan(difference):
        return "not run"
    if not comparable or asked.timed:
        return "not comparable"
    if row["statistic"] == "below":
        return "reproduced within seed noise" if difference <= 0 else "differs"
    if math.isnan(apart):
        return "not comparable"
    if abs(difference) > apart + rounding:
        return "differs"
    return "as printed" if asked.exact else "reproduced within seed noise"


def _found(row: Mapping[Any, Any], asked: Quantity, ours: Ours, spread: _Spread) -> _Found:
    if asked.name == "overlap":
        return _overlap(row, ours.overlap)
    if asked.name in ("soft_vote", "hard_vote"):
        return _vote(row, ours.votes)
    runs = runs_of(row, ours)
    values = values_of(row, runs, ours)
    if values.empty:
        return _Found(math.nan, 0, UNKNOWN)
    if asked.fit == "saturation":
        return _Found(_saturation(runs, asked.metric), values["seed"].nunique(), UNKNOWN)
    if asked.fit:
        sd, seeds = jackknife_sd(values, asked.fit) if asked.fit != "p" else (math.nan, values["seed"].nunique())
        return _Found(fit_of(values, asked.fit), seeds, of_statistic(sd, seeds))
    return _reduced(row, asked, values, runs, spread)


def _saturation(runs: pd.DataFrame, metric: str) -> float:
    """The smallest share of the data from which on all means are within the margin, as papers judge it; NaN with one
    volume."""
    if runs["n"].nunique() < 2:
        return math.nan
    table = requirement(runs.assign(architecture=""), margin=_MARGIN, metric=metric)
    enough = (table["shortfall"] <= _MARGIN)[::-1].cummin()[::-1].astype(bool)
    return float(table.loc[enough, "share"].iloc[0])


def _reduced(
    row: Mapping[Any, Any], asked: Quantity, values: pd.DataFrame, runs: pd.DataFrame, spread: _Spread
) -> _Found:
    """All runs as one number."""
    numbers = values["value"].to_numpy(dtype=float)
    if row["statistic"] == "total":
        return _Found(float(numbers.sum()), numbers.size, UNKNOWN)
    least = 1 / float(runs["n_validation"].min()) if asked.counted and "n_validation" in runs else 0.0
    if row["statistic"] == "best_run":
        return _Found(float(numbers.max()), numbers.size, spread.noise(row, values["network"], least))
    if numbers.size > 1:
        return _Found(float(numbers.mean()), numbers.size, of_seeds(numbers, least=least))
    noise = UNKNOWN if asked.exact else spread.noise(row, values["network"], least)
    if noise is UNKNOWN and asked.counted:
        noise = of_images(float(numbers[0]), int(runs["n_validation"].iloc[0]))
    return _Found(float(numbers[0]), 1, noise)


def _overlap(row: Mapping[Any, Any], overlap: pd.DataFrame) -> _Found:
    """`value` is the pair, counted from 1 in the order of subsets, as `1-3`."""
    names = list(dict.fromkeys([*overlap["first"], *overlap["second"]])) if len(overlap) else []
    places = [int(place) - 1 for place in row["value"].split("-") if place.isdigit()]
    if len(places) != 2 or max(places) >= len(names):
        return _Found(math.nan, 0, UNKNOWN)
    first, second = (names[place] for place in places)
    pair = overlap[(overlap["first"] == first) & (overlap["second"] == second)]
    if pair.empty:
        return _Found(math.nan, 0, UNKNOWN)
    share, images = float(pair["overlap"].iloc[0]), int(pair[["first_images", "second_images"]].iloc[0].min())
    return _Found(share, 1, Noise(math.sqrt(share * (1 - share) ** 2 / images), math.inf, 1))


def _vote(row: Mapping[Any, Any], votes: pd.DataFrame) -> _Found:
    """`fraction` is the share of the best runs."""
    if votes.empty:
        return _Found(math.nan, 0, UNKNOWN)
    rows = votes[(votes["voting"] + "_vote" == row["metric"]) & np.isclose(votes["share"], row["fraction"])]
    if rows.empty:
        return _Found(math.nan, 0, UNKNOWN)
    one = rows.iloc[0]
    sd = float(one["upper"] - one["lower"]) / 2 / 1.959964
    return _Found(float(one["top1"]), int(one["models"]), Noise(sd, math.inf, 1))
