"""How large is an effect? Shares of variance, with the interval that the noncentral F distribution gives.

    effects(f, df1, df2, total)     partial_eta2, partial_omega2, lower, upper

Both estimate the share of the variance, without that of other effects, that would be the effect's if its levels were
all there is; eta2 is too large on small samples, omega2 is all but unbiased (below 0: none). The interval is that of
the share: lambda / (lambda + total) over all lambda that F does not refute (Steiger 2004, Psychological Methods 9,
164-182).
"""

from __future__ import annotations

import math

from scipy import special
from scipy.optimize import brentq

__all__ = ["EFFECTS", "effect_interval", "effects", "noncentrality"]

EFFECTS = ("partial_eta2", "partial_omega2", "lower", "upper")
_MOST = 1e12


def effects(f: float, df1: float, df2: float, total: int, *, level: float = 0.95) -> dict[str, float]:
    """From an F with df1 and df2 degrees of freedom over `total` values; NaN where F is."""
    if not (math.isfinite(f) and f >= 0):
        return dict.fromkeys(EFFECTS, math.nan)
    lower, upper = effect_interval(f, df1, df2, total, level=level)
    eta2 = df1 * f / (df1 * f + df2)
    omega2 = df1 * (f - 1) / (df1 * (f - 1) + total)
    return dict(zip(EFFECTS, (eta2, omega2, lower, upper), strict=True))


def effect_interval(f: float, df1: float, df2: float, total: int, *, level: float = 0.95) -> tuple[float, float]:
    """Of the share of variance in the population, 0 to 1."""
    tail = (1 - level) / 2
    bounds = (noncentrality(f, df1, df2, 1 - tail), noncentrality(f, df1, df2, tail))
    return _share(bounds[0], total), _share(bounds[1], total)


def noncentrality(f: float, df1: float, df2: float, below: float) -> float:
    """The lambda at which a noncentral F is at most `f` with probability `below`; 0 where none is so likely."""

    def excess(value: float) -> float:
        return float(special.ncfdtr(df1, df2, value, f)) - below

    if excess(0.0) <= 0:
        return 0.0
    most = max(1.0, 2 * df1 * f)
    while excess(most) > 0 and most < _MOST:
        most *= 2
    return float(brentq(excess, 0.0, most, xtol=1e-12, rtol=1e-12)) if most < _MOST else math.inf


def _share(value: float, total: int) -> float:
    return 1.0 if math.isinf(value) else value / (value + total)
