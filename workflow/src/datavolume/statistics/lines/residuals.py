"""Is it a straight line, and may its interval be trusted? Checks of a fitted line's residuals.

residual_checks(x, residuals, values)   Shapiro-Wilk (normal?), Breusch-Pagan (same spread everywhere?), lack of fit
lack_of_fit(x, residuals, values)       (straight?) alone

A small p speaks against the line's assumptions; NaN where the values do not allow the test.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

__all__ = ["CHECKS", "lack_of_fit", "residual_checks"]

CHECKS = (
    *("shapiro_w", "shapiro_p", "breusch_pagan_lm", "breusch_pagan_p"),
    *("lack_of_fit_f", "lack_of_fit_df1", "lack_of_fit_df2", "lack_of_fit_p"),
)
_TINY = 1e-12  # relative to the values: residuals below it are rounding

Array = NDArray[np.float64]


def residual_checks(x: ArrayLike, residuals: ArrayLike, values: ArrayLike) -> dict[str, float]:
    """All of CHECKS for one fitted line; x, residuals, values: [k]."""
    xs, rest, ys = (np.asarray(given, dtype=np.float64) for given in (x, residuals, values))
    none = dict.fromkeys(CHECKS, math.nan)
    if rest.size < 3 or float(np.ptp(rest)) <= _TINY * float(np.abs(ys).max()):
        return none
    shapiro = stats.shapiro(rest)
    lm, p = _breusch_pagan(xs, rest)
    own = {"shapiro_w": float(shapiro.statistic), "shapiro_p": float(shapiro.pvalue)}
    return {**none, **own, "breusch_pagan_lm": lm, "breusch_pagan_p": p, **lack_of_fit(xs, rest, ys)}


def _breusch_pagan(x: Array, residuals: Array) -> tuple[float, float]:
    """k times R2 of the squared residuals on x (Koenker 1981, Journal of Econometrics 17, 107-112: needs no normal
    values), and its p; NaN where one of the two does not vary."""
    from statsmodels.stats.diagnostic import het_breuschpagan  # takes a second to import

    scaled = residuals / np.abs(residuals).max()
    if not np.ptp(x) or np.ptp(scaled**2) <= _TINY:
        return math.nan, math.nan
    with np.errstate(divide="ignore"):  # of its F, which is not used, where the squares lie on a line exactly
        lm, p, *_ = het_breuschpagan(scaled, np.column_stack([np.ones_like(x), x]))
    return float(lm), float(p)


def lack_of_fit(x: ArrayLike, residuals: ArrayLike, values: ArrayLike) -> dict[str, float]:
    """F test of the line's misfit at each x against the pure error of the replicates there.

    Draper and Smith, Applied Regression Analysis (3rd edition), section 2.1: with m distinct x of k values, misfit has
    m - 2 degrees of freedom and pure error k - m. Empty where either has none, or where replicates agree exactly.
    """
    xs, rest, ys = (np.asarray(given, dtype=np.float64) for given in (x, residuals, values))
    groups = pd.Series(ys).groupby(xs)
    pure = float(((ys - groups.transform("mean").to_numpy()) ** 2).sum())
    df1, df2 = groups.ngroups - 2, ys.size - groups.ngroups
    if df1 < 1 or df2 < 1 or pure <= (_TINY * float(np.abs(ys).max())) ** 2:
        return {}
    misfit = max(float((rest**2).sum()) - pure, 0.0)
    f = (misfit / df1) / (pure / df2)
    found = {"lack_of_fit_f": f, "lack_of_fit_df1": float(df1), "lack_of_fit_df2": float(df2)}
    return {**found, "lack_of_fit_p": float(special.fdtrc(df1, df2, f))}
