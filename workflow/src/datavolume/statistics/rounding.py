"""An estimated number of samples, for people."""

from __future__ import annotations

import math

__all__ = ["about"]


def about(n: float) -> str:
    """Three digits are more than such a number has: 12,345 -> 12,300."""
    digits = max(0, math.floor(math.log10(n)) - 2) if n >= 1 else 0
    return f"{round(n, -digits):,.0f}"
