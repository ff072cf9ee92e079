"""Which sizes does the line of seed means hang on, and is the last one an outlier?

    influence(frame)        a row a size: residual, leverage, Cook's distance, an outlier test, the line without it

A size's residual is compared with the spread of the others about the line fitted without it (externally studentised,
Student's t). `p` is for a size that was named beforehand, such as the largest; `p_adjusted` (Bonferroni) for one that
was found by looking. Cook 1977 (Technometrics 19, 15-18); Cook and Weisberg 1982, Residuals and Influence in
Regression, section 2.2.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from datavolume.statistics.lines.least_squares import least_squares
from datavolume.statistics.lines.line import measured, no_line, seed_means

__all__ = ["INFLUENCE", "influence"]

INFLUENCE = (
    *("n", "mean", "fitted", "residual", "leverage", "studentised", "p", "p_adjusted", "outlier"),
    *("cooks", "influential", "slope_without", "r2_without", "note"),
)
_TINY = 1e-10

Array = NDArray[np.float64]


def influence(
    frame: pd.DataFrame, *, value: str = "value", n: str = "n", seed: str = "seed", level: float = 0.95
) -> pd.DataFrame:
    """Columns INFLUENCE, by rising n; at least four sizes are needed for a test. Raises UserError.

    `outlier`: p_adjusted < 1 - level. `influential`: Cook's distance above the median of F(2, sizes - 2).
    """
    means = seed_means(measured(frame, value, n, seed).table)
    x, y = means["x"].to_numpy(dtype=np.float64), means["value"].to_numpy(dtype=np.float64)
    table = means.rename(columns={"value": "mean"})[["n", "mean"]].assign(note="")
    note = no_line(x, y) or ("fewer than four sizes: nothing to compare a residual with" if x.size < 4 else "")
    if note:
        return table.assign(note=note).reindex(columns=list(INFLUENCE))
    return table.assign(**_measures(x, y, level))[list(INFLUENCE)]


def _measures(x: Array, y: Array, level: float) -> dict[str, Array]:
    design = np.column_stack([np.ones_like(x), x])
    fit = least_squares(design, y)
    orthogonal = np.linalg.qr(design)[0]
    leverage, residuals = (orthogonal**2).sum(axis=1), fit.residuals
    room, df = np.maximum(1 - leverage, _TINY), fit.df - 1
    studentised = _studentised(residuals, room, fit.ssr, df, y)
    p = 2 * stats.t.sf(np.abs(studentised), df)
    adjusted = np.minimum(p * x.size, 1.0)
    cooks = residuals**2 / (2 * (fit.residual_sd**2 or math.nan)) * leverage / room**2
    others = [least_squares(design[keep], y[keep]) for keep in ~np.eye(x.size, dtype=bool)]
    return {
        "fitted": y - residuals,
        "residual": residuals,
        "leverage": leverage,
        "studentised": studentised,
        "p": p,
        "p_adjusted": adjusted,
        "outlier": adjusted < 1 - level,
        "cooks": cooks,
        "influential": cooks > stats.f.ppf(0.5, 2, fit.df),
        "slope_without": np.array([other.coefficients[1] for other in others]),
        "r2_without": np.array([other.r2 for other in others]),
    }


def _studentised(residuals: Array, room: Array, ssr: float, df: int, y: Array) -> Array:
    """NaN where nothing is left to compare with: the others lie on their line exactly."""
    left = ssr - residuals**2 / room
    exact = left <= (_TINY * np.abs(y).max()) ** 2
    return np.where(exact, np.nan, residuals / np.sqrt(room * np.where(exact, 1.0, left) / df))
