"""From one combined median to a distribution: its scales at each horizon, and a two-sided Student t of ln y.

The median is the combination's; below and above it lie the two halves of a Student t with scales of their own (a curve
may fall by more than it may rise; Fernandez & Steel 1998 write such densities down), cut off at the bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from datavolume.statistics.curves.curve import Array
from datavolume.statistics.curves.fitting import Falling
from datavolume.statistics.curves.prior import SPREAD, Side, Spread

__all__ = ["Evidence", "cdf", "evidence", "quantile", "scale"]

LATE = 5  # sizes whose standard errors say what the next ones' will be
SHORTEST = 0.1  # horizons below this count as it: errors there are noise, and tell nothing of growth


@dataclass(frozen=True)
class Evidence:
    """What a curve says of its own forecast's error: relative noise of a size, back-test error (None: no back-test)
    per sqrt of horizon, sizes seen, ln y at the largest size by the combination, and whether y is a share."""

    noise: float
    backtest: float | None
    sizes: int
    last: float
    share: bool


def evidence(data: Falling, fitted: Array, errors: Array, horizons: Array) -> Evidence:
    """`fitted` (S,): ln y of the combination at the curve's own sizes; `errors`, `horizons`: of its back-tests."""
    late = len(data.y) // 2
    residual = float(np.sqrt(np.mean((np.log(data.y) - fitted)[late:] ** 2)))
    known = float(np.sqrt(np.mean(data.error[-LATE:] ** 2)))
    backtest = float(np.sqrt(np.mean(errors**2 / np.maximum(horizons, SHORTEST)))) if len(errors) else None
    return Evidence(known or residual, backtest, len(data.y), float(fitted[-1]), data.top == 1)


def scale(seen: Evidence, horizon: Array, median: Array, disagreement: Array, spread: Spread = SPREAD) -> Array:
    """Scales of ln y towards less and towards more error, (N, 2). At sizes already seen (horizon <= 0): noise and
    disagreement alone."""
    sides = [_side(seen, horizon, median, disagreement, side) for side in (spread.less, spread.more)]
    return np.stack(sides, axis=1) * (spread.few if seen.sizes < 4 else 1.0)


def _side(seen: Evidence, horizon: Array, median: Array, disagreement: Array, side: Side) -> Array:
    ahead = np.maximum(horizon, 0)
    noise = side.noise * seen.noise * np.exp(np.clip(seen.last - median, -4, 4) / 2)  # relative noise of a count
    apart = side.disagreement * disagreement * np.where(horizon > 0, np.sqrt(ahead), 1)
    own = side.untested if seen.backtest is None else side.backtest * seen.backtest
    chance = side.chance * np.exp(2 * median) if seen.share else 0.0
    return np.asarray(np.sqrt(noise**2 + apart**2 + (own * ahead) ** 2 + (chance * ahead) ** 2 + 1e-8))


def quantile(q: Array, median: Array, width: Array, freedom: float = SPREAD.freedom) -> Array:
    """Quantiles of ln y: q (Q,), median (N,), width (N, 2) -> (N, Q)."""
    return np.asarray(median[:, None] + width[:, np.where(q < 0.5, 0, 1)] * stdtrit(freedom, q))


def cdf(log_y: Array, median: Array, width: Array, freedom: float = SPREAD.freedom) -> Array:
    """P(ln Y <= log_y), (N,); width (N, 2)."""
    distance = log_y - median
    return np.asarray(stdtr(freedom, distance / np.where(distance < 0, width[:, 0], width[:, 1])))
