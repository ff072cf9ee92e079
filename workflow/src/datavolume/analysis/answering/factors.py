"""Which value of what is varied is best, and by how much: over seeds, at the last evaluation, on the validation split.

    found = rank(groups(summary, points))
    found.values      a row a value: rank, mean with interval, the best's lead over it with interval
    found.tests       a row a group: Welch's one-way analysis of variance

Leads have Games and Howell's intervals, which hold for all pairs of a group together: the best was found by looking.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datavolume.analysis.answering.groups import Group
from datavolume.analysis.intervals import mean_interval
from datavolume.analysis.metrics import METRICS
from datavolume.analysis.testing.welch import games_howell, welch

__all__ = ["ONE_SEED", "Ranked", "rank"]

ONE_SEED = "one seed each: which is best cannot be told from noise"
_HEAD = ["experiment", "title", "stage", "factor", "network", "n"]
_VALUES = [
    *_HEAD,
    *("value", "position", "rank", "seeds", "mean", "lower", "upper"),
    *("difference", "difference_lower", "difference_upper", "difference_p", "chosen", "note"),
]
_TEST = ("F", "df1", "df2", "p", "eta2")
_TESTS = [*_HEAD, "values", "runs", *_TEST, "note"]
_METRIC = METRICS["top1"]


@dataclass(frozen=True)
class Ranked:
    """`values` and `tests` are ordered as `groups`; `of_group` has the rows of each group, best first."""

    groups: tuple[Group, ...]
    of_group: tuple[pd.DataFrame, ...]
    tests: pd.DataFrame

    @property
    def values(self) -> pd.DataFrame:
        """Shares of 1; `difference` is the best less this value; NaN where seeds, or finite values, are too few."""
        return pd.concat(self.of_group, ignore_index=True) if self.of_group else pd.DataFrame(columns=_VALUES)


def rank(groups: Iterable[Group]) -> Ranked:
    """Groups without a finite accuracy are left out."""
    known = tuple(group for group in groups if any(len(sample) for sample in _samples(group).values()))
    tests = pd.DataFrame([{**_head(group), **_test(group)} for group in known], columns=_TESTS)
    return Ranked(known, tuple(_rows(group) for group in known), tests)


def _samples(group: Group) -> dict[str, NDArray[np.float64]]:
    """Finite accuracies of each value, one a run."""
    columns = {value: rows[_METRIC.last].to_numpy(dtype=float) for value, rows in group.values.items()}
    return {value: column[np.isfinite(column)] for value, column in columns.items()}


def _resolution(group: Group) -> float:
    """One held-out image: seeds that agree to the same image do not show that there is no spread."""
    held_out = [float(rows["n_validation"].min()) for rows in group.values.values() if "n_validation" in rows]
    return 1 / min(held_out) if held_out else 0.0


def _head(group: Group) -> dict[str, Any]:
    return {name: getattr(group, name) for name in _HEAD}


def _rows(group: Group) -> pd.DataFrame:
    """Best first; of equals, as the study lists them."""
    samples = _samples(group)
    ranked = sorted(samples, key=lambda value: -_mean(samples[value]) if len(samples[value]) else math.inf)
    tested = [value for value in samples if len(samples[value]) > 1]
    rows = []
    for place, value in enumerate(ranked, start=1):
        lead = _lead(samples, ranked[0], value, tested, _resolution(group))
        estimate = mean_interval(samples[value], bounds=_METRIC.bounds)
        interval = {"mean": estimate.mean, "lower": estimate.lower, "upper": estimate.upper}
        where = {"value": value, "position": list(samples).index(value), "rank": place, "seeds": estimate.count}
        chosen = {"chosen": value == group.chosen}
        rows.append({**_head(group), **where, **interval, **lead, **chosen})
    return pd.DataFrame(rows, columns=_VALUES)


def _mean(sample: NDArray[np.float64]) -> float:
    return float(sample.mean())


def _lead(
    samples: dict[str, NDArray[np.float64]], best: str, value: str, tested: list[str], least: float
) -> dict[str, Any]:
    """Of the best over this value."""
    unknown = dict.fromkeys(("difference_lower", "difference_upper", "difference_p"), math.nan)
    if not len(samples[value]):
        return {**unknown, "difference": math.nan, "note": "no run has a finite accuracy"}
    lead = {**unknown, "difference": _mean(samples[best]) - _mean(samples[value]), "note": ""}
    if value == best:
        return {**lead, "note": "" if value in tested else "one seed"}
    if value not in tested or best not in tested:
        return {**lead, "note": "one seed" if value not in tested else "one seed of the best"}
    found = games_howell([samples[name] for name in tested], tested.index(best), tested.index(value), least=least)
    bounds = {"difference_lower": found["lower"], "difference_upper": found["upper"], "difference_p": found["p"]}
    return {**lead, **bounds}


def _test(group: Group) -> dict[str, Any]:
    samples = _samples(group)
    tested = {value: sample for value, sample in samples.items() if len(sample) > 1}
    counts = {"values": len(samples), "runs": sum(map(len, samples.values()))}
    if len(tested) < 2:
        note = ONE_SEED if not tested else f"one seed of all but {next(iter(tested))}: no test"
        return {**counts, **dict.fromkeys(_TEST, math.nan), "note": note}
    found = welch(list(tested.values()), least=_resolution(group))
    left_out = [value for value in samples if value not in tested]
    return {**counts, **found, "note": f"without {', '.join(left_out)}: fewer than two seeds" if left_out else ""}
