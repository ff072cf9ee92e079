"""Learning curves: fit families, rank them, check the shape, and forecast what more data would give.

curve = Curve(n=[500, 1000, 2000, 4000, 8000], value=[0.71, 0.78, 0.83, 0.87, 0.89], kind="accuracy")
forecast(curve, [16_000, 80_000]).table     # n, median, lower, upper
fit(curve, "power_offset").params           # {"offset": ..., "scale": ..., "exponent": ...}
rank(curve)                                 # families by held-out error and AICc
shape(curve).notes                          # where it is not monotone or not convex
"""

from __future__ import annotations

from datavolume.statistics.curves.curve import Array, Curve, Kind, Sizes
from datavolume.statistics.curves.families import FAMILIES, Family
from datavolume.statistics.curves.fitting import Fitted, fit
from datavolume.statistics.curves.forecast import Forecast, forecast
from datavolume.statistics.curves.ranking import rank
from datavolume.statistics.curves.shape import Shape, shape

__all__ = [
    "FAMILIES",
    "Array",
    "Curve",
    "Family",
    "Fitted",
    "Forecast",
    "Kind",
    "Shape",
    "Sizes",
    "fit",
    "forecast",
    "rank",
    "shape",
]
