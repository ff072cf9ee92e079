"""What a forecast's reader must be told: few points, far horizons, odd shapes, seeds missing, a poor back-test."""

from __future__ import annotations

import numpy as np
import pandas as pd

from datavolume.statistics.curves.curve import Array, Curve
from datavolume.statistics.curves.fitting import Falling
from datavolume.statistics.curves.shape import shape

__all__ = ["doubts"]

ENOUGH = 4  # sizes below which no curved family can be fitted
FEW = 7  # sizes below which M4 and the broken power law are left out and the back-test is short
FARTHEST = 10  # times the largest size: the farthest that the intervals were checked at
POOR = 0.7  # of the back-test's sizes inside, relative to the level


def doubts(curve: Curve, data: Falling, to: Array, past: pd.DataFrame, level: float) -> list[str]:
    found = [_few(len(data.y)), _far(data, to), *shape(curve).notes[: 2 if len(data.y) >= ENOUGH else 0]]
    found += [_spreadless(curve), _poor(past, level)]
    return [doubt for doubt in found if doubt]


def _few(sizes: int) -> str:
    if sizes < ENOUGH:
        return f"too few points: {sizes} sizes say little of a curve; the interval is a guess from other curves"
    if sizes < FEW:
        return f"few points: {sizes} sizes; only simple families are fitted, and the curve can hardly test them"
    return ""


def _far(data: Falling, to: Array) -> str:
    last = float(np.exp(data.log_n[-1]))
    if to.max() <= FARTHEST * last * (1 + 1e-9):
        return ""
    times = to.max() / last
    return f"far: n = {to.max():g} is {times:.0f} times the largest size; intervals were checked up to {FARTHEST} times"


def _spreadless(curve: Curve) -> str:
    known = curve.sizes().se.max() > 0
    return "" if known else "no spread between seeds is known; noise is taken from how the sizes scatter"


def _poor(past: pd.DataFrame, level: float) -> str:
    if past.empty or past["inside"].mean() >= POOR * level:
        return ""
    share = f"{100 * past['inside'].mean():.0f} % of {len(past)} held-out sizes"
    return f"back-test: only {share} fell into their {100 * level:.0f} % intervals; this curve is harder than most"
