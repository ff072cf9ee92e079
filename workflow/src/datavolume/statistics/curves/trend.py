"""Level and slope at the end of a curve: a local linear trend of ln y along ln n, by the Kalman filter.

The slope is a random walk and the level its integral, so that the smoothed curve is a cubic spline (Wecker & Ansley
1983) and goes on straight from its end: a late line that chooses its own window. How fast the slope wanders and how
large the noise is, the curve says: means over a grid, weighed by likelihood (Harvey 1989, section 3.4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datavolume.statistics.curves.curve import Array
from datavolume.statistics.curves.models import Frame

__all__ = ["trend_fit"]

WANDERS = np.array([0.03, 0.1, 0.3, 1.0, 3.0])  # variance that the slope gains per unit of ln n
NOISES = np.array([1 / 16, 1 / 4, 1.0, 4.0, 16.0])  # times the variance that a size's weight stands for
DIFFUSE = 100.0  # prior variance of a slope (of ln y by ln n): nothing is known


@dataclass
class _State:
    """Of every row and grid point, (R, G): means of level and slope, their variances and covariance, ln likelihood."""

    level: Array
    slope: Array
    vary_level: Array
    vary_both: Array
    vary_slope: Array
    likelihood: Array


def trend_fit(u: Array, y: Array, weight: Array, _frame: Frame) -> Array:
    """Starts that are solutions: (level at the largest size, -slope), (R, 1, 2); weight 0 beyond a row's end."""
    wanders, noises = (axis.ravel() for axis in np.meshgrid(WANDERS, NOISES, indexing="ij"))
    noise = noises[:, None, None] / np.maximum(weight, 1e-300)
    log_y, present = np.log(y), weight > 0
    state = _first(log_y[:, 0], noise[..., 0].T)
    for i in range(1, u.shape[1]):
        rows = present[:, i]
        step = (u[:, i] - u[:, i - 1])[rows, None]
        _advance(state, rows, step, log_y[rows, i, None], noise[:, rows, i].T, wanders, known=i > 1)
    share = np.exp(state.likelihood - state.likelihood.max(1, keepdims=True))
    share /= share.sum(1, keepdims=True)
    return np.stack([(share * state.level).sum(1), -(share * state.slope).sum(1)], -1)[:, None]


def _first(log_y: Array, noise: Array) -> _State:
    zero = np.zeros_like(noise)
    return _State(zero + log_y[:, None], zero.copy(), noise.copy(), zero.copy(), zero + DIFFUSE, zero.copy())


def _advance(
    state: _State, rows: NDArray[np.bool_], step: Array, log_y: Array, noise: Array, wanders: Array, *, known: bool
) -> None:
    """Predict the next size, then correct by what was measured; `known`: the slope has a likelihood by now."""
    level = state.level[rows] + step * state.slope[rows]
    both, slopes = state.vary_both[rows], state.vary_slope[rows]
    own = state.vary_level[rows] + 2 * step * both + step**2 * slopes + wanders * step**3 / 3
    both, slopes = both + step * slopes + wanders * step**2 / 2, slopes + wanders * step
    surprise, spread = log_y - level, own + noise
    if known:
        state.likelihood[rows] -= (np.log(spread) + surprise**2 / spread) / 2
    state.level[rows] = level + own / spread * surprise
    state.slope[rows] += both / spread * surprise
    state.vary_level[rows] = own * noise / spread
    state.vary_slope[rows] = slopes - both**2 / spread
    state.vary_both[rows] = both * noise / spread
