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
from scipy import stats
from statsmodels.stats.multitest import multipletests

from datavolume.statistics.tidy import samples_by, tidy
from datavolume.statistics.variance.moments import Array, rounding_only
from datavolume.statistics.variance.one_way import no_test

__all__ = ["PAIRS", "games_howell", "holm", "pairs_of", "tukey"]

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
    note = no_test(list(tested.values())) if len(samples) > 1 else ""
    known = {} if note else _known(tested, level, equal)
    rows = []
    for first, second in combinations(samples, 2):
        difference = float(samples[second].mean() - samples[first].mean())
        reason = why.get(first) or why.get(second) or note
        unknown = {"lower": math.nan, "upper": math.nan, "p": math.nan, "significant": False, "note": reason}
        rows.append({"first": first, "second": second, "difference": difference, **known.get((first, second), unknown)})
    return pd.DataFrame(rows, columns=list(PAIRS))


def _tested(samples: Mapping[Any, Array], equal: bool) -> tuple[dict[Any, Array], dict[Any, str]]:
    """Levels that can be tested, and why the others cannot."""
    why = {name: _ONE for name, sample in samples.items() if sample.size < 2}
    if not equal:
        flat = {n: s for n, s in samples.items() if n not in why and rounding_only(float(s.size * s.var()), s)}
        why |= dict.fromkeys(flat, _ALIKE)
    return {name: sample for name, sample in samples.items() if name not in why}, why


def _known(samples: Mapping[Any, Array], level: float, equal: bool) -> dict[tuple[Any, Any], dict[str, Any]]:
    found = stats.tukey_hsd(*samples.values(), equal_var=equal)
    interval = found.confidence_interval(level)
    low, high, p = np.asarray(interval.low), np.asarray(interval.high), np.asarray(found.pvalue)
    return {
        (first, second): {
            "lower": float(low[j, i]),
            "upper": float(high[j, i]),
            "p": float(np.clip(p[j, i], 0, 1)),
            "significant": bool(p[j, i] < 1 - level),
            "note": "",
        }
        for (i, first), (j, second) in combinations(enumerate(samples), 2)
    }


def holm(p: ArrayLike) -> Array:
    """Adjusted p of each; those that are NaN are no tests and stay so."""
    values = np.asarray(p, dtype=np.float64)
    known, adjusted = np.isfinite(values), values.copy()
    if known.any():
        adjusted[known] = multipletests(values[known], method="holm")[1]
    return adjusted
