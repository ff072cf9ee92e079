"""Per architecture, each metric as a straight line over log10 of the number of training images.

log_linear(summary)   a row per architecture, metric and `over` ("runs" or "seed means")
fit_line(x, y)        one line: ordinary least squares with intervals, R2 and the checks of its residuals

Values that allow no line give NaN and say why in `note`. Runs of one seed at several sizes are taken as independent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm
from numpy.typing import ArrayLike

from datavolume.analysis.metrics import METRICS
from datavolume.analysis.testing.residuals import CHECKS, Array, checks

__all__ = ["LOG2", "fit_line", "log_linear"]

LOG2 = math.log10(2)  # a slope over log10(n) times this is the change that one doubling of the data brings
_FIT = (
    "slope",
    "slope_lower",
    "slope_upper",
    "slope_p",
    "intercept",
    "intercept_lower",
    "intercept_upper",
    "r2",
    "r2_adjusted",
    "residual_sd",
    "residual_df",
)


def log_linear(summary: pd.DataFrame, *, metrics: Sequence[str] = tuple(METRICS), level: float = 0.95) -> pd.DataFrame:
    """Validation metrics at the last evaluation on log10(n), over all runs and over the means of the seeds.

    `summary` has a row a run with architecture, n and last_<metric>. Slopes are per factor 10 of data.
    """
    rows = []
    for architecture, runs in summary.groupby("architecture", sort=False):
        for metric in metrics:
            values = runs[["n", METRICS[metric].last]].set_axis(["n", "value"], axis=1)
            means = values.groupby("n", as_index=False).mean()
            for over, frame in (("runs", values), ("seed means", means)):
                line = fit_line(np.log10(frame["n"].to_numpy(dtype=float)), frame["value"], level=level)
                rows.append({"architecture": architecture, "metric": metric, "over": over, **line})
    return pd.DataFrame(rows, columns=["architecture", "metric", "over", "points", "sizes", *_FIT, *CHECKS, "note"])


def fit_line(x: ArrayLike, y: ArrayLike, *, level: float = 0.95) -> dict[str, Any]:
    """Least squares of y [k] on x [k]: the columns of `log_linear` from points to note."""
    points = np.column_stack([np.asarray(x, dtype=float), np.asarray(y, dtype=float)])
    finite = np.isfinite(points).all(axis=1)
    notes = [] if finite.all() else [f"{(~finite).sum()} of {finite.size} values are missing or not finite"]
    xs, ys = points[finite].T
    line: dict[str, Any] = {"points": xs.size, "sizes": np.unique(xs).size, **dict.fromkeys((*_FIT, *CHECKS), math.nan)}
    if reason := _no_line(xs, ys):
        notes.append(reason)
    else:
        line |= _fit(xs, ys, level)
        notes += [] if line["residual_df"] else ["two points: the line has no interval"]
    return {**line, "note": "; ".join(notes)}


def _no_line(x: Array, y: Array) -> str:
    """Why these values allow no line; empty where they do."""
    if x.size == 0:
        return "no values"
    if np.unique(x).size < 2:
        return "one size: no line"
    if float(np.ptp(y)) <= 1e-12 * max(float(np.abs(y).max()), 1e-300):
        return "all values are the same: no line"
    return ""


def _fit(x: Array, y: Array, level: float) -> dict[str, float]:
    fit = sm.OLS(y, sm.add_constant(x)).fit()
    intercept, slope = (float(value) for value in fit.params)
    line = {"slope": slope, "intercept": intercept, "r2": float(fit.rsquared), "residual_df": int(fit.df_resid)}
    if not line["residual_df"]:
        return line
    with np.errstate(divide="ignore", invalid="ignore"):  # an exact fit divides by a standard error of zero
        (intercept_lower, intercept_upper), (slope_lower, slope_upper) = fit.conf_int(alpha=1 - level)
        return {
            **line,
            "slope_lower": slope_lower,
            "slope_upper": slope_upper,
            "slope_p": float(fit.pvalues[1]),
            "intercept_lower": intercept_lower,
            "intercept_upper": intercept_upper,
            "r2_adjusted": float(fit.rsquared_adj),
            "residual_sd": math.sqrt(fit.mse_resid),
            **checks(x, np.asarray(fit.resid), y),
        }
