"""How certain is an R2?

    r2_interval(r2, 1, df, level)               independent residuals: noncentral F at fixed n (Steiger 2004)
    r2_jackknife(x, y, seeds, level)            runs of seeds: leaves out a seed at a time, on Fisher's scale

An R2 of eleven means tells how straight the curve is; that of single runs falls with the spread between seeds as well.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from datavolume.statistics.variance.effects import effect_interval

__all__ = ["r2_interval", "r2_jackknife"]

Array = NDArray[np.float64]


def r2_interval(r2: float, predictors: int, df: int, *, level: float = 0.95) -> tuple[float, float]:
    """Of the share of variance that the predictors explain among `df` + `predictors` + 1 values; NaN where df is 0."""
    if df < 1 or not math.isfinite(r2):
        return math.nan, math.nan
    if r2 >= 1:
        return 1.0, 1.0
    f = (max(r2, 0.0) / predictors) / ((1 - r2) / df)
    return effect_interval(f, predictors, df, df + predictors + 1, level=level)


def r2_jackknife(x: ArrayLike, y: ArrayLike, seeds: ArrayLike, *, level: float = 0.95) -> tuple[float, float]:
    """Pseudo-values of atanh(r) and Student's t (Tukey 1958); x, y, seeds: [n]. NaN with fewer than three seeds.

    Holds as long as r is not near 0: the sign of the slope is not in doubt.
    """
    xs, ys, names = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64), np.asarray(seeds)
    unique = np.unique(names)
    if len(unique) < 3:
        return math.nan, math.nan
    whole = _fisher(xs, ys)
    parts = np.array([_fisher(xs[names != seed], ys[names != seed]) for seed in unique])
    if not (math.isfinite(whole) and np.isfinite(parts).all()):
        return math.nan, math.nan
    pseudo = len(unique) * whole - (len(unique) - 1) * parts
    half = float(stats.t.ppf((1 + level) / 2, len(unique) - 1)) * float(pseudo.std(ddof=1)) / math.sqrt(len(unique))
    return _squared(float(pseudo.mean()) - half, float(pseudo.mean()) + half)


def _fisher(x: Array, y: Array) -> float:
    """atanh of the correlation, positive; NaN where one of the two does not vary, or the line is exact."""
    if not np.ptp(x) or not np.ptp(y):
        return math.nan
    r = abs(float(np.corrcoef(x, y)[0, 1]))
    return math.atanh(r) if r < 1 else math.nan


def _squared(lower: float, upper: float) -> tuple[float, float]:
    return max(math.tanh(lower), 0.0) ** 2, max(math.tanh(upper), 0.0) ** 2
