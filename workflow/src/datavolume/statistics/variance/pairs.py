"""Which levels differ from which: all pairs, with intervals and p that hold for all of them together.

tukey(frame, "accuracy", "n")           the same spread at every level (Tukey-Kramer)
games_howell(frame, "accuracy", "n")    spreads may differ (Games and Howell 1976)
holm([0.01, 0.04, 0.03])                over metrics, or any tests (Holm 1979)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from datavolume.statistics.tidy import samples_by, tidy
from datavolume.statistics.variance.moments import Array, Samples, Sums, believed, rounding_only, sums
from datavolume.statistics.variance.one_way import no_test
from datavolume.statistics.variance.ranges import bound, exceeds

__all__ = ["PAIRS", "games_howell", "holm", "pair_of", "pairs_of", "tukey"]

PAIRS = ("first", "second", "difference", "lower", "upper", "p", "significant", "note")
_ONE = "one run at one of the two: no spread"
_ALIKE = "all runs of one of the two agree exactly: no spread"


def tukey(frame: pd.DataFrame, value: str, factor: str, *, level: float = 0.95) -> pd.DataFrame:
    """A row a pair: PAIRS. `difference` is second less first; `significant` says p < 1 - level."""
    return _pairs(frame, value, factor, level, equal=True)


def games_howell(frame: pd.DataFrame, value: str, factor: str, *, level: float = 0.95) -> pd.DataFrame:
    """A row a pair: PAIRS, as `tukey`."""
    return _pairs(frame, value, factor, level, equal=False)


def _pairs(frame: pd.DataFrame, value: str, factor: str, level: float, *, equal: bool) -> pd.DataFrame:
    used, _ = tidy(frame, value, [factor])
    return pairs_of(samples_by(used, value, factor), level=level, equal=equal)


def pairs_of(samples: Mapping[Any, Array], *, level: float = 0.95, equal: bool = True) -> pd.DataFrame:
    """As `tukey` (equal spread) or `games_howell`, of samples by level."""
    tested, why = _tested(samples, equal)
    note = no_test(list(tested.values()))
    known = {} if note else _known(tested, level, equal)
    rows = []
    for first, second in combinations(samples, 2):
        difference = float(samples[second].mean() - samples[first].mean())
        reason = why.get(first) or why.get(second) or note
        unknown = {"lower": math.nan, "upper": math.nan, "p": math.nan, "significant": False, "note": reason}
        rows.append({"first": first, "second": second, **known.get((first, second), unknown), "difference": difference})
    return pd.DataFrame(rows, columns=list(PAIRS))


def _tested(samples: Mapping[Any, Array], equal: bool) -> tuple[dict[Any, Array], dict[Any, str]]:
    """Levels that can be tested, and why the others cannot."""
    why = {name: _ONE for name, sample in samples.items() if sample.size < 2}
    if not equal:
        flat = {n: s for n, s in samples.items() if n not in why and rounding_only(float(s.size * s.var()), s)}
        why |= dict.fromkeys(flat, _ALIKE)
    return {name: sample for name, sample in samples.items() if name not in why}, why


def pair_of(
    samples: Samples, first: int, second: int, *, level: float = 0.95, equal: bool = True, least: float = 0.0
) -> dict[str, Any]:
    """One row of `pairs_of`, from difference on: of all these samples, each of two values or more, by their places.

    `least` is the smallest standard deviation that is believed. NaN where neither of the two has any spread.
    """
    found, two = sums(samples), (first, second)
    if not least and all(rounding_only(float(found.within_each[i]), samples[i]) for i in two):
        unknown = dict.fromkeys(("lower", "upper", "p"), math.nan)
        difference = float(found.means[second] - found.means[first])
        return {"difference": difference, **unknown, "significant": False, "note": _ALIKE}
    return _compared(found, _of_means(found, equal, least), first, second, level, equal)


def _known(samples: dict[Any, Array], level: float, equal: bool) -> dict[tuple[Any, Any], dict[str, Any]]:
    found = sums(list(samples.values()))
    variances = _of_means(found, equal)
    return {
        (first, second): _compared(found, variances, i, j, level, equal)
        for (i, first), (j, second) in combinations(enumerate(samples), 2)
    }


def _of_means(found: Sums, equal: bool, least: float = 0.0) -> Array:
    """The variance of each sample's mean [k]."""
    pooled = math.fsum(found.within_each) / int((found.sizes - 1).sum())
    return (pooled if equal else believed(found, least)) / found.sizes


def _compared(found: Sums, of_means: Array, i: int, j: int, level: float, equal: bool) -> dict[str, Any]:
    parts, freedom = of_means[[i, j]], found.sizes - 1
    difference = float(found.means[j] - found.means[i])
    df = float(freedom.sum() if equal else parts.sum() ** 2 / (parts**2 / freedom[[i, j]]).sum())
    return {"difference": difference, **_pair(difference, float(parts.sum()), len(found.sizes), df, level)}


def _pair(difference: float, variance: float, k: int, df: float, level: float) -> dict[str, Any]:
    """One of the pairs of k levels; the studentised range is of means, so variances count half."""
    error = math.sqrt(variance / 2)
    half, p = bound(level, k, df) * error, exceeds(abs(difference) / error, k, df)
    known = {"lower": difference - half, "upper": difference + half, "p": p}
    return {**known, "significant": p < 1 - level, "note": ""}


def holm(p: ArrayLike) -> Array:
    """Adjusted p of each; those that are NaN are no tests and stay so."""
    values = np.asarray(p, dtype=np.float64)
    known, adjusted = np.isfinite(values), values.copy()
    if known.any():
        order = np.argsort(values[known], kind="stable")
        raised = np.maximum.accumulate(values[known][order] * np.arange(order.size, 0, -1))
        adjusted[np.flatnonzero(known)[order]] = np.minimum(raised, 1.0)
    return adjusted
