"""Levenberg-Marquardt for many small weighted fits at once: all starts, and all origins of a back-test, in one batch.

    theta, loss = minimise(model, start, bounds, target, weight)

Box bounds are kept by holding parameters that a step would push out. Steps are deterministic; nothing is random.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datavolume.statistics.curves.curve import Array

__all__ = ["minimise", "weighted_lines"]

# model(theta (R, P), rows (R,)) -> (R, N): predictions for rows of the batch, so that it can be asked for a few of them
Model = Callable[[Array, NDArray[np.intp]], Array]

STEP = 1e-4  # of the forward differences; parameters are logs and shares of order one
LONGEST = 2.0  # a step moves no parameter farther
ENOUGH = 1e-6  # relative gain below which a row is done


@dataclass
class _State:
    theta: Array  # (B, P)
    residual: Array  # (B, N), weighted
    loss: Array  # (B,)
    damping: Array  # (B,)


def minimise(
    model: Model, start: Array, bounds: tuple[Array, Array], target: Array, weight: Array, steps: int = 40
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Least squares of weight * (model - target)²; start (B, P), target and weight (B, N).

    Returns theta (B, P), the weighted sum of squares (B,), and whether each row had come to rest.
    """
    root = np.sqrt(weight)
    everyone = np.arange(len(start))
    theta = np.clip(start, *bounds)
    residual = root * (model(theta, everyone) - target)
    state = _State(theta, residual, (residual**2).sum(1), np.full(len(start), 1e-2))
    rest = np.zeros(len(start), dtype=bool)
    for _ in range(steps):
        rows = everyone[~rest]
        if not len(rows):
            break
        rest[rows] = _advance(state, rows, model, bounds, target, root)
    return state.theta, state.loss, rest


def _advance(
    state: _State, rows: NDArray[np.intp], model: Model, bounds: tuple[Array, Array], target: Array, root: Array
) -> NDArray[np.bool_]:
    slopes = _slopes(state, rows, model, bounds, target, root)
    step = _step(slopes, state.residual[rows], state.theta[rows], state.damping[rows], bounds)
    new = np.clip(state.theta[rows] + np.clip(step, -LONGEST, LONGEST), *bounds)
    residual = root[rows] * (model(new, rows) - target[rows])
    loss = (residual**2).sum(1)
    before = state.loss[rows]
    better = loss < before
    won = rows[better]
    state.theta[won], state.residual[won], state.loss[won] = new[better], residual[better], loss[better]
    damping = np.where(better, state.damping[rows] * 0.2, state.damping[rows] * 5)
    state.damping[rows] = np.clip(damping, 1e-10, 1e8)
    small = better & (before - loss <= ENOUGH * before)
    return np.asarray(small | (damping > 1e5) | (before < 1e-24))


def _slopes(
    state: _State, rows: NDArray[np.intp], model: Model, bounds: tuple[Array, Array], target: Array, root: Array
) -> Array:
    """Forward differences of the weighted residual, (R, P, N); backward where the upper bound is near."""
    theta = state.theta[rows]
    count, params = theta.shape
    sign = np.where(theta + STEP > bounds[1], -STEP, STEP)
    moved = theta[:, None, :] + np.eye(params) * sign[:, :, None]
    values = model(moved.reshape(-1, params), np.repeat(rows, params)).reshape(count, params, -1)
    weighted = root[rows, None] * (values - target[rows, None])
    return np.asarray((weighted - state.residual[rows, None]) / sign[..., None])


def _step(slopes: Array, residual: Array, theta: Array, damping: Array, bounds: tuple[Array, Array]) -> Array:
    curvature = slopes @ slopes.transpose(0, 2, 1)
    gradient = (slopes @ residual[..., None])[..., 0]
    held = ((theta <= bounds[0]) & (gradient > 0)) | ((theta >= bounds[1]) & (gradient < 0))
    gradient = np.where(held, 0.0, gradient)
    curvature = np.where(held[:, :, None] | held[:, None, :], 0.0, curvature)
    diagonal = np.einsum("bpp->bp", curvature)
    extra = damping[:, None] * (diagonal + 1e-6 * diagonal.max(1, keepdims=True)) + 1e-14 + held
    curvature = curvature + extra[:, :, None] * np.eye(theta.shape[1])
    return -np.asarray(np.linalg.solve(curvature, gradient[..., None])[..., 0])


def weighted_lines(columns: Array, target: Array, weight: Array) -> Array:
    """Weighted least squares for many small problems: columns (..., N, Q), target and weight (..., N) -> (..., Q)."""
    weighted = columns * weight[..., None]
    square = np.swapaxes(weighted, -1, -2) @ columns
    right = (np.swapaxes(weighted, -1, -2) @ target[..., None])[..., 0]
    size = np.trace(square, axis1=-2, axis2=-1)[..., None, None] + 1e-300
    ridge = 1e-13 * size * np.eye(columns.shape[-1])
    return np.asarray(np.linalg.solve(square + ridge, right[..., None])[..., 0])
