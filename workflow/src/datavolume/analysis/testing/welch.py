"""Do groups of values differ where their spreads differ too? Welch's analysis of variance, Games and Howell's pairs.

    welch([[0.9, 0.91], [0.5, 0.7]])                    F, df1, df2, p, eta2
    games_howell(samples, 0, 1)                         samples[0] less samples[1]: difference, lower, upper, p

A setting that breaks training scatters more than one that works, so a pooled spread would hide what the good ones do.
Every group has two values or more; `least` is the smallest standard deviation that is believed (seeds may agree by
chance). The tests are those of `statistics.variance`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from datavolume.statistics import variance
from datavolume.statistics.variance.moments import sums

__all__ = ["games_howell", "welch"]

Samples = Sequence[NDArray[np.float64]]


def welch(samples: Samples, *, least: float = 0.0) -> dict[str, float]:
    """F with its degrees of freedom and p; eta2: the share of all variance that lies between the groups.

    NaN (but for df1 and eta2) where a group has no variance, and `least` is 0.
    """
    test, found = variance.welch(samples, least=least), sums(samples)
    total = found.between + found.within
    eta2 = found.between / total if total else 0.0
    return {"F": test.statistic, "df1": len(samples) - 1.0, "df2": test.df2, "p": test.p, "eta2": eta2}


def games_howell(
    samples: Samples, first: int, second: int, *, least: float = 0.0, level: float = 0.95
) -> dict[str, float]:
    """The difference of two groups' means, with the interval and p that hold for all pairs of the groups together."""
    found = variance.pair_of(samples, second, first, level=level, equal=False, least=least)
    return {name: found[name] for name in ("difference", "lower", "upper", "p")}
