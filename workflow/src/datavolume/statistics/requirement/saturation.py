"""Where more data stops paying: the smallest n from which every further doubling brings less than `least`.

    saturation({"resnet18": curve, "vit": other}, 0.005)     a row an architecture: n, lower, upper, probability, ...

At each n of a grid the gain of the next doubling has a distribution: measured where 2 n was trained, else forecast
(`belief`). The estimate is where that gain falls below `least` for good. Lower end: up to there, going up from the
smallest size, each gain is shown to be larger (at (1 - level) / 2). Upper end: the first n from the estimate on whose
gain is shown to be smaller, if returns diminish. inf: no such point up to `limit` times the largest size.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from datavolume.errors import UserError
from datavolume.statistics.curves import Curve, Forecast
from datavolume.statistics.requirement.belief import Belief, normal
from datavolume.statistics.requirement.gains import gains
from datavolume.statistics.requirement.replicates import Array, Replicates
from datavolume.statistics.requirement.target import LIMIT

__all__ = ["saturation"]

_PER_DOUBLING = 8  # points of the grid


def saturation(
    curves: Mapping[str, Curve],
    least: float,
    *,
    level: float = 0.9,
    limit: float = LIMIT,
    predicted: Mapping[str, Forecast] | None = None,
) -> pd.DataFrame:
    """Columns architecture, n, lower, upper; of the doubling after the largest size: probability (that it brings less
    than `least`), gain, gain_lower, gain_upper; measured (gain per doubling of the last step trained), note.

    `least` is in the unit of the values, for one doubling; `predicted`: forecasts that were made before.
    Raises UserError when `least` is not above 0.
    """
    if not (least > 0 and math.isfinite(least)):
        raise UserError(f"least: {least:g} is not allowed; give a number above 0, as 0.005 for half a percentage point")
    made = predicted or {}
    rows = [
        {"architecture": name, **_one(curve, made.get(name), least, level, limit)} for name, curve in curves.items()
    ]
    return pd.DataFrame(rows, columns=["architecture", *_COLUMNS])


_COLUMNS = ("n", "lower", "upper", "probability", "gain", "gain_lower", "gain_upper", "measured", "note")


def _one(curve: Curve, made: Forecast | None, least: float, level: float, limit: float) -> dict[str, Any]:
    data = Replicates.of(curve)
    if data.n.size < 2:
        return dict.fromkeys(_COLUMNS, math.nan) | {"note": "one size: nothing tells what more data brings"}
    believed = Belief.of(curve, made)
    grid, now = _grid(data.n[0], data.n[-1], limit)
    gain, sd = believed.gain(grid, 2 * grid)
    z = normal((1 + level) / 2)
    n = _for_good(grid, gain < least)
    lower = _first(grid, gain - z * sd < least)
    upper = _first(grid, (gain + z * sd < least) & (grid >= n))
    next_one = gain[now], gain[now] - z * sd[now], gain[now] + z * sd[now]
    chance = float(ndtr((least - gain[now]) / max(sd[now], 1e-12)))
    note = "no such point within reach of the forecast" if math.isinf(n) else ""
    found = (n, lower, upper, chance, *map(float, next_one), float(gains(curve)["gain"].iloc[-1]), note)
    return dict(zip(_COLUMNS, found, strict=True))


def _grid(smallest: float, largest: float, limit: float) -> tuple[Array, int]:
    """Even in log n, from the smallest size on, with the largest on it; and the place of that."""
    before = math.floor(_PER_DOUBLING * math.log2(largest / smallest))
    after = math.floor(_PER_DOUBLING * math.log2(limit))
    return largest * 2.0 ** (np.arange(-before, after + 1) / _PER_DOUBLING), before


def _first(grid: Array, good: np.ndarray[Any, np.dtype[np.bool_]]) -> float:
    """The smallest n of which it holds; inf where there is none."""
    return float(grid[np.argmax(good)]) if good.any() else math.inf


def _for_good(grid: Array, small: np.ndarray[Any, np.dtype[np.bool_]]) -> float:
    """The n from which on all are small; inf where the last is not."""
    large = np.flatnonzero(~small)
    if not large.size:
        return float(grid[0])
    return math.inf if large[-1] == grid.size - 1 else float(grid[large[-1] + 1])
