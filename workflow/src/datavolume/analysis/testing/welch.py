"""Do groups of values differ where their spreads differ too? Welch's analysis of variance, Games and Howell's pairs.

    welch([[0.9, 0.91], [0.5, 0.7]])                    F, df1, df2, p, eta2
    games_howell(samples, 0, 1)                         samples[0] less samples[1]: difference, lower, upper, p

A setting that breaks training scatters more than one that works, so a pooled spread would hide what the good ones do.
Every group has two values or more; `least` is the smallest standard deviation that is believed (seeds may agree by
chance). Welch 1951 (Biometrika 38); Games and Howell 1976 (Journal of Educational Statistics 1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

__all__ = ["games_howell", "welch"]

_TINY = 1e-12  # relative to a mean: a deviation below it is rounding

Samples = Sequence[NDArray[np.float64]]


def _moments(samples: Samples, least: float) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Sizes, means and variances, each [k]."""
    sizes = np.array([len(sample) for sample in samples], dtype=float)
    means = np.array([sample.mean() for sample in samples])
    variances = np.array([sample.var(ddof=1) for sample in samples])
    variances[variances <= (_TINY * means) ** 2] = 0
    return sizes, means, np.maximum(variances, least**2)


def welch(samples: Samples, *, least: float = 0.0) -> dict[str, float]:
    """F with its degrees of freedom and p; eta2: the share of all variance that lies between the groups.

    NaN (but for eta2) where a group has no variance, and `least` is 0.
    """
    sizes, means, variances = _moments(samples, least)
    k, values = len(samples), np.concatenate(samples)
    total = float(((values - values.mean()) ** 2).sum())
    between = float((sizes * (means - values.mean()) ** 2).sum())
    found = {"F": math.nan, "df1": k - 1.0, "df2": math.nan, "p": math.nan, "eta2": between / total if total else 0.0}
    if (variances == 0).any():
        return found
    weights = sizes / variances
    shares = weights / weights.sum()
    centre = float((shares * means).sum())
    spread = float((weights * (means - centre) ** 2).sum()) / (k - 1)
    uncertain = float(((1 - shares) ** 2 / (sizes - 1)).sum())
    f = spread / (1 + 2 * (k - 2) / (k**2 - 1) * uncertain)
    df2 = (k**2 - 1) / (3 * uncertain)
    return {**found, "F": f, "df2": df2, "p": float(stats.f.sf(f, k - 1, df2))}


def games_howell(
    samples: Samples, first: int, second: int, *, least: float = 0.0, level: float = 0.95
) -> dict[str, float]:
    """The difference of two groups' means, with the interval and p that hold for all pairs of the groups together."""
    sizes, means, variances = _moments(samples, least)
    difference = float(means[first] - means[second])
    parts = variances[[first, second]] / sizes[[first, second]]
    error = math.sqrt(parts.sum())
    if error == 0:
        return {"difference": difference, "lower": math.nan, "upper": math.nan, "p": math.nan}
    df = parts.sum() ** 2 / (parts**2 / (sizes[[first, second]] - 1)).sum()
    half = float(stats.studentized_range.ppf(level, len(samples), df)) / math.sqrt(2) * error
    p = float(stats.studentized_range.sf(abs(difference) / error * math.sqrt(2), len(samples), df))
    return {
        "difference": difference,
        "lower": difference - half,
        "upper": difference + half,
        "p": min(max(p, 0.0), 1.0),
    }
