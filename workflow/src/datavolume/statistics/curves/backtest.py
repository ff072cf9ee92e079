"""The user's own largest sizes, forecast from the smaller ones: what would have been said, and what came."""

from __future__ import annotations

import numpy as np
import pandas as pd

from datavolume.statistics.curves import spread
from datavolume.statistics.curves.combine import Combination

__all__ = ["backtest"]

COLUMNS = ["origin", "n", "horizon", "actual", "median", "lower", "upper", "inside", "log_error"]


def backtest(combination: Combination, level: float) -> pd.DataFrame:
    """One row an origin and later size, in the metric's units; `horizon` = n / origin, `log_error` = ln median -
    ln actual of what falls. As if nothing later were known: prior weights, no back-test of its own. May be empty."""
    ends = combination.parts.ends
    frames = [_from_origin(combination, level, row) for row in range(1, len(ends))]
    if not frames:
        return pd.DataFrame({column: pd.Series(dtype=bool if column == "inside" else float) for column in COLUMNS})
    return pd.concat(frames, ignore_index=True)


def _from_origin(combination: Combination, level: float, row: int) -> pd.DataFrame:
    data, end = combination.parts.data, int(combination.parts.ends[row])
    fitted, _ = combination.past(row, data.log_n[:end])
    later = data.log_n[end:]
    median, apart = combination.past(row, later)
    seen = spread.evidence(data.first(end), fitted, np.empty(0), np.empty(0))
    width = spread.scale(seen, later - data.log_n[end - 1], median, apart)
    lower, upper = spread.quantile(np.array([(1 - level) / 2, (1 + level) / 2]), median, width).T
    actual = np.log(data.y[end:])
    low, high = (upper, lower) if data.kind == "accuracy" else (lower, upper)
    return pd.DataFrame(
        {
            "origin": np.exp(data.log_n[end - 1]),
            "n": np.exp(later),
            "horizon": np.exp(later - data.log_n[end - 1]),
            "actual": data.units(actual),
            "median": data.units(median),
            "lower": data.units(low),
            "upper": data.units(high),
            "inside": (actual >= lower) & (actual <= upper),
            "log_error": median - actual,
        }
    )
