"""The straight lines over log10 of the images: how they look, and what a legend says of them."""

from __future__ import annotations

import math
from typing import Any

from datavolume.analysis.metrics import Metric
from datavolume.analysis.shown.size_lines import ALL, WITHOUT
from datavolume.analysis.words import number
from datavolume.artefacts.style import Mark

__all__ = ["LINES", "equation"]

LINES = {ALL: Mark("#D55E00", "", "-"), WITHOUT: Mark("#000000", "", (0, (5, 1.5)))}


def equation(line: Any, metric: Metric) -> str:
    """Of a row of `size_lines`, in the unit of the axis: `all sizes: 43.44 + 11.88 log₁₀(n), R² = 0.848`."""
    if math.isnan(line.slope):
        return f"{line.over}: no line ({line.note})"
    slope, digits = metric.scale * line.slope, metric.digits + 1
    sign = "−" if slope < 0 else "+"
    intercept = number(metric.scale * line.intercept, digits)
    fit = f"R² = {number(line.r2, 3)}" if line.sizes > 2 else "through two sizes"
    return f"{line.over}: {intercept} {sign} {number(abs(slope), digits)} log₁₀(n), {fit}"
