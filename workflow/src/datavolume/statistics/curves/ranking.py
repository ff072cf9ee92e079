"""Which family describes a curve best: by what it would have forecast, and by AICc."""

from __future__ import annotations

import numpy as np
import pandas as pd

from datavolume.statistics.curves.components import origins
from datavolume.statistics.curves.curve import Array, Curve
from datavolume.statistics.curves.families import FAMILIES, Family
from datavolume.statistics.curves.fitting import Falling, falling, fit, problem, solve

__all__ = ["rank"]


def rank(curve: Curve) -> pd.DataFrame:
    """family, held_out, aicc, converged, note; best first, by held_out, then by AICc.

    `held_out`: root mean squared error of ln y on the curve's own largest sizes, fitted to the smaller ones, from up to
    five origins; NaN where an origin leaves too few sizes for the family (or the curve too few for any origin).
    """
    data = falling(curve)
    rows = []
    for name, family in FAMILIES.items():
        fitted = fit(curve, name)
        rows.append((name, _held_out(family, data), fitted.aicc, fitted.converged, fitted.note))
    table = pd.DataFrame(rows, columns=["family", "held_out", "aicc", "converged", "note"])
    return table.sort_values(["held_out", "aicc"], kind="stable", ignore_index=True)


def _held_out(family: Family, data: Falling) -> float:
    ends = origins(data.log_n)[1:]
    ends = ends[ends >= family.least]
    if not len(ends):
        return float("nan")
    task = problem(data, ends)
    theta = solve(family, task).theta
    errors = [_errors(family, theta[row], data, int(end)) for row, end in enumerate(ends)]
    return float(np.sqrt(np.mean([np.mean(error**2) for error in errors])))


def _errors(family: Family, theta: Array, data: Falling, end: int) -> Array:
    task = problem(data, np.array([end]))
    u = (data.log_n[end:] - task.frame.log_last[0])[None]
    return np.asarray(family.model(theta[None], u, task.frame)[0] - np.log(data.y[end:]))
