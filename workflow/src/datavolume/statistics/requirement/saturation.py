"""Where more data stops paying: the smallest n from which every further doubling brings less than `least`.

    saturation({"resnet18": curve, "vit": other}, 0.005)     a row an architecture: n, lower, upper, probability, ...

Each draw of the forecast is a whole curve; it is saturated from the n on after which no doubling gains `least` or more.
Quantiles over the draws are the interval. Within the sizes trained the draws follow the measurements, beyond them the
forecast, up to `limit` times the largest size; inf says that no such point is in sight.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from datavolume.errors import UserError
from datavolume.statistics.curves import Curve, forecast
from datavolume.statistics.requirement.gains import gains
from datavolume.statistics.requirement.replicates import Array, Replicates
from datavolume.statistics.requirement.target import LIMIT

__all__ = ["saturation"]

_PER_DOUBLING = 4  # points of the grid
_DRAWS = 1000


def saturation(
    curves: Mapping[str, Curve], least: float, *, level: float = 0.9, limit: float = LIMIT
) -> pd.DataFrame:
    """Columns architecture, n, lower, upper, probability (that the largest size is saturated), gain, gain_lower,
    gain_upper (of the next doubling after the largest size), measured (gain of the last step trained), note.

    `least` is in the unit of the values, for one doubling. Raises UserError when it is not above 0.
    """
    if not (least > 0 and math.isfinite(least)):
        raise UserError(f"least: {least:g} is not allowed; give a number above 0, as 0.005 for half a percentage point")
    rows = [{"architecture": name, **_one(curve, least, level, limit)} for name, curve in curves.items()]
    return pd.DataFrame(rows, columns=["architecture", *_COLUMNS])


_COLUMNS = ("n", "lower", "upper", "probability", "gain", "gain_lower", "gain_upper", "measured", "note")


def _one(curve: Curve, least: float, level: float, limit: float) -> dict[str, Any]:
    data = Replicates.of(curve)
    if data.n.size < 2:
        return dict.fromkeys(_COLUMNS, math.nan) | {"note": "one size: nothing tells what more data brings"}
    grid, now = _grid(data.n[0], data.n[-1], limit)
    draws = forecast(curve, [2 * data.n[-1]], level=level).sample(grid, _DRAWS)
    step = data.sign * (draws[:, _PER_DOUBLING:] - draws[:, :-_PER_DOUBLING])
    first, tails = _from_where(step < least), ((1 - level) / 2, (1 + level) / 2)
    points = np.append(grid[: step.shape[1]], math.inf)
    n, lower, upper = (float(points[_order(first, p)]) for p in (0.5, *tails))
    gain, gain_lower, gain_upper = np.quantile(step[:, now], [0.5, *tails])
    measured = float(gains(curve)["gain"].iloc[-1])
    note = "no such point within reach of the forecast" if math.isinf(n) else ""
    found = (n, lower, upper, float((first <= now).mean()), gain, gain_lower, gain_upper, measured, note)
    return dict(zip(_COLUMNS, found, strict=True))


def _grid(smallest: float, largest: float, limit: float) -> tuple[Array, int]:
    """Even in log n, with the largest size on it; and the place of that."""
    before = math.ceil(_PER_DOUBLING * math.log2(largest / smallest))
    after = math.floor(_PER_DOUBLING * math.log2(limit))
    return largest * 2.0 ** (np.arange(-before, after + 1) / _PER_DOUBLING), before


def _from_where(small: np.ndarray[Any, np.dtype[np.bool_]]) -> np.ndarray[Any, np.dtype[np.intp]]:
    """Per draw, the first place from which all gains are small; the number of places where the last is not."""
    large_from_end = np.argmax(~small[:, ::-1], axis=1)
    places = small.shape[1] - large_from_end
    return np.where(small.all(axis=1), 0, places)


def _order(places: np.ndarray[Any, np.dtype[np.intp]], p: float) -> int:
    return int(np.quantile(places, p, method="inverted_cdf"))
