"""Where fits start: variable projection. Over a fixed grid of what is not linear, the linear part is solved exactly.

Every function is `starts(u (R, N), y (R, N), weight (R, N), frame) -> theta (R, K, P)`; `weight` is of ln y. The solver
goes on from the best few of the K (Golub & Pereyra 1973 say why the grid needs no amplitudes).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import logit

from datavolume.statistics.curves.curve import Array
from datavolume.statistics.curves.models import Frame, exponential_decay, initial_and_limit, power_of, softplus
from datavolume.statistics.curves.solver import weighted_lines

__all__ = [
    "broken_grid",
    "exponential_grid",
    "last_value",
    "late_fit",
    "linear_fit",
    "m4_grid",
    "power_fit",
    "power_grid",
]

LATE_SHARE = 0.25  # of the sizes: what the late line sees (issue: "the last quarter of the fit points")
LATE_LEAST = 3
POWERS = np.exp(np.linspace(-3.5, 1.2, 14))
RATES = np.exp(np.linspace(-1, 11, 49))  # up to a curve that had run out at a ten-thousandth of its largest size


def power_fit(u: Array, y: Array, weight: Array, _frame: Frame) -> Array:
    return weighted_lines(_ones_and(-u), np.log(y), weight)[:, None]


def linear_fit(u: Array, y: Array, weight: Array, _frame: Frame) -> Array:
    """Weights of ln y become weights of y: var(y) = y² var(ln y) at one level of y, so that equal stay equal."""
    return weighted_lines(_ones_and(u), y, weight)[:, None]


def late_fit(u: Array, y: Array, weight: Array, frame: Frame) -> Array:
    present = weight > 0
    sizes = present.sum(1)
    late = np.clip(np.round(LATE_SHARE * sizes), LATE_LEAST, None)
    rank = np.cumsum(present[:, ::-1], axis=1)[:, ::-1]  # 1 at the largest size
    return power_fit(u, y, weight * (present & (rank <= late[:, None])), frame)


def last_value(u: Array, y: Array, weight: Array, _frame: Frame) -> Array:
    last = np.argmax(np.where(weight > 0, u, -np.inf), axis=1)
    return np.log(np.take_along_axis(y, last[:, None], 1))[:, None]


def power_grid(u: Array, y: Array, weight: Array, _frame: Frame) -> Array:
    return _offset_grid(POWERS, lambda rate: power_of(-rate * u[:, None]), y, weight)


def exponential_grid(u: Array, y: Array, weight: Array, _frame: Frame) -> Array:
    return _offset_grid(RATES, lambda rate: exponential_decay(rate, u[:, None]), y, weight)


def _offset_grid(rates: Array, shape: Callable[[Array], Array], y: Array, weight: Array) -> Array:
    """y = e + A shape: e and A solved in relative error, e held at 0 where it would be below."""
    basis = shape(rates[None, :, None])
    target, relative = np.broadcast_to(y[:, None], basis.shape), (weight / y**2)[:, None]
    relative = np.broadcast_to(relative, basis.shape)
    both = weighted_lines(_ones_and(basis), target, relative)
    alone = weighted_lines(basis[..., None], target, relative)[..., 0]
    level = np.exp((weight * np.log(y)).sum(1) / weight.sum(1))[:, None]
    amplitude = np.where(both[..., 0] <= 0, alone, both[..., 1])
    offset = np.where(both[..., 0] <= 0, 0.0, both[..., 0])
    flat = amplitude <= 0
    offset, amplitude = np.where(flat, level, offset), np.where(flat, 0.02 * level, amplitude)
    share = np.clip(offset / (offset + amplitude), 1e-5, 0.999)
    return np.stack([np.log(offset + amplitude), logit(share), np.broadcast_to(np.log(rates), share.shape)], -1)


def broken_grid(u: Array, y: Array, weight: Array, frame: Frame) -> Array:
    """Grid over the break's place and width and the offset; amplitude and both slopes are solved in ln(y - e)."""
    place, width, off = _grid([0.2, 0.4, 0.6, 0.8], [0.3, 1.2], [0.0, 0.5])
    at = np.min(np.where(weight > 0, u, 0), axis=1)[:, None] * place
    bend = width[:, None] * (softplus((u[:, None] - at[..., None]) / width[:, None]) - softplus(-at / width)[..., None])
    offset = off * frame.low[:, None]
    logs = np.log(np.maximum(y[:, None] - offset[..., None], 1e-12))  # sizes beyond the end may be lower
    columns = np.stack([np.ones_like(bend), bend - u[:, None], -bend], -1)
    level, early, late = np.moveaxis(weighted_lines(columns, logs, np.broadcast_to(weight[:, None], logs.shape)), -1, 0)
    amplitude = power_of(level)
    share = np.clip(offset / (offset + amplitude), 1e-5, 0.99)
    slopes = [np.log(np.clip(slope, low, 4.9)) for slope, low in ((early, 1e-3), (late, 0.011))]
    widths = np.broadcast_to(np.log(width), at.shape)
    return np.stack([np.log(offset + amplitude), logit(share), *slopes, at, widths], -1)


def m4_grid(u: Array, y: Array, weight: Array, frame: Frame) -> Array:
    """Grid over bend, limit and initial value; what is left is a line, weighted by how it moves ln y."""
    bend, limit, start = _grid(np.log([0.3, 1.0, 2.5]), [-6.0, 0.0, 1.4], [-4.0, -2.0, 0.0])
    shape = (len(u), len(bend))
    corner = np.stack([np.broadcast_to(start, shape), np.broadcast_to(limit, shape)], -1)
    ends = [initial_and_limit(corner[:, k], frame) for k in range(shape[1])]
    high, low = (np.concatenate(part, axis=1)[..., None] for part in zip(*ends, strict=True))
    z = np.clip((y[:, None] - low) / (high - low), 1e-4, 1 - 1e-3)
    alpha = np.exp(bend)[:, None]
    moved = np.log(z) - alpha * np.log1p(-z)
    columns = np.broadcast_to(_ones_and(-u)[:, None], (*z.shape, 2))
    height, rate = np.moveaxis(weighted_lines(columns, moved, weight[:, None] / (1 / z + alpha / (1 - z)) ** 2), -1, 0)
    rest = [np.clip(height, -15, 15), np.log(np.clip(rate, 0.011, 4.9)), np.broadcast_to(bend, shape)]
    return np.concatenate([corner, np.stack(rest, -1)], axis=-1)


def _ones_and(column: Array) -> Array:
    return np.stack([np.ones_like(column), column], -1)


def _grid(*axes: list[float] | Array) -> list[Array]:
    return [np.ravel(axis) for axis in np.meshgrid(*axes, indexing="ij")]
