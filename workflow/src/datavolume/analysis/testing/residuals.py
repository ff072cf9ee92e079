"""Is it a straight line, and may its interval be trusted? Checks of a fitted line's residuals.

checks(x, residuals, values)   Shapiro-Wilk (normal?), Breusch-Pagan (same spread everywhere?), lack of fit (straight?)

A small p speaks against the line's assumptions; NaN where the values do not allow the test.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.diagnostic import het_breuschpagan

__all__ = ["CHECKS", "checks", "lack_of_fit"]

CHECKS = (
    "shapiro_w",
    "shapiro_p",
    "breusch_pagan_lm",
    "breusch_pagan_p",
    "lack_of_fit_f",
    "lack_of_fit_df1",
    "lack_of_fit_df2",
    "lack_of_fit_p",
)
_TINY = 1e-12  # relative to the values: residuals below it are rounding

Array = NDArray[Any]


def checks(x: Array, residuals: Array, values: Array) -> dict[str, float]:
    """All of CHECKS for one fitted line; x, residuals, values: [k]."""
    none = dict.fromkeys(CHECKS, math.nan)
    if residuals.size < 3 or float(np.ptp(residuals)) <= _TINY * float(np.abs(values).max()):
        return none
    shapiro = stats.shapiro(residuals)
    lm, lm_p, *_ = het_breuschpagan(residuals, np.column_stack([np.ones_like(x), x]))
    return {
        **none,
        "shapiro_w": float(shapiro.statistic),
        "shapiro_p": float(shapiro.pvalue),
        "breusch_pagan_lm": float(lm),
        "breusch_pagan_p": float(lm_p),
        **lack_of_fit(x, residuals, values),
    }


def lack_of_fit(x: Array, residuals: Array, values: Array) -> dict[str, float]:
    """F test of the line's misfit at each x against the pure error of the replicates there.

    Draper and Smith, Applied Regression Analysis (3rd edition), section 2.1: with m distinct x of k values, misfit has
    m - 2 degrees of freedom and pure error k - m. Empty where either has none, or where replicates agree exactly.
    """
    groups = pd.Series(values).groupby(x)
    pure = float(((values - groups.transform("mean").to_numpy()) ** 2).sum())
    df1, df2 = groups.ngroups - 2, values.size - groups.ngroups
    if df1 < 1 or df2 < 1 or pure <= (_TINY * float(np.abs(values).max())) ** 2:
        return {}
    misfit = max(float((residuals**2).sum()) - pure, 0.0)
    f = (misfit / df1) / (pure / df2)
    return {
        "lack_of_fit_f": f,
        "lack_of_fit_df1": df1,
        "lack_of_fit_df2": df2,
        "lack_of_fit_p": float(stats.f.sf(f, df1, df2)),
    }
