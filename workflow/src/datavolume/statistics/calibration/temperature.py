"""Temperature scaling (Guo et al. 2017): one number that divides all logits, so that confidence meets accuracy.

    fitted = fit_temperature(probabilities, labels)
    fitted.value, fitted.lower, fitted.upper      above 1: the network was too sure; 95 % interval
    for scaled in cross_fitted(probabilities, labels, rng):
        scaled.nll.mean()                          each image at the temperature that the other half gives

The temperature is that of the smallest cross-entropy. Judged on the images that it was fitted to, it looks better than
it is; so the images are halved at random (each class alike), and either half is judged at the temperature of the other.
What a user would apply to new images is the temperature of all.

Where every image is right, ever smaller temperatures are ever better: there is none to be told, the note says so, and
cross-fitting leaves such a half's probabilities as they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from datavolume.statistics.calibration.judged import SMALLEST, Judged, checked, judge, pieces

__all__ = ["BOUNDS", "Temperature", "cross_fitted", "fit_temperature"]

BOUNDS = (0.01, 100.0)
_STEPS = 60
_EXACT = 1e-9
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Temperature:
    """`value` and its interval, by the sandwich variance of its logarithm; NaN, with a `note`, where there is none."""

    value: float
    lower: float = math.nan
    upper: float = math.nan
    note: str = ""


def fit_temperature(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer], *, level: float = 0.95
) -> Temperature:
    """Of probabilities [V, K] and labels [V]. Raises UserError for what `judged.checked` refuses."""
    checked(probabilities, labels)
    return _fit(probabilities, labels, np.arange(len(labels)), level)


def cross_fitted(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer], rng: np.random.Generator, *, splits: int = 5
) -> Iterator[Judged]:
    """All images, once a way to halve them, each at the temperature of the half that it is not in."""
    checked(probabilities, labels)
    for _ in range(splits):
        first = _half(labels, rng)
        temperatures = np.empty(len(labels))
        for half in (first, ~first):
            fitted = _fit(probabilities, labels, np.flatnonzero(half), math.nan)
            temperatures[~half] = 1.0 if math.isnan(fitted.value) else fitted.value
        yield judge(probabilities, labels, temperature=temperatures)


def _half(labels: NDArray[np.integer], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Every other image of each class, in a random order."""
    order = np.lexsort((rng.random(len(labels)), labels))
    half = np.zeros(len(labels), dtype=bool)
    half[order[::2]] = True
    return half


def _fit(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer], images: NDArray[np.intp], level: float
) -> Temperature:
    """Newton's method in the inverse temperature, in which the loss is convex; a step that leaves the bracket halves
    it."""
    if _all_right(probabilities, labels, images):
        return Temperature(math.nan, note="no wrong prediction, so no temperature can be told")
    low, high = 1 / BOUNDS[1], 1 / BOUNDS[0]
    inverse, slopes, curvature = 1.0, np.empty(0), math.nan
    for _ in range(_STEPS):
        slopes, curvature = _derivatives(probabilities, labels, images, inverse)
        total = float(slopes.sum())
        low, high = (low, inverse) if total > 0 else (inverse, high)
        following = inverse - total / curvature if curvature > 0 else math.nan
        if not low < following < high:
            following = math.sqrt(low * high)
        done, inverse = abs(following - inverse) <= _EXACT * inverse, following
        if done:
            break
    return _told(inverse, slopes, curvature, level)


def _all_right(probabilities: NDArray[np.floating], labels: NDArray[np.integer], images: NDArray[np.intp]) -> bool:
    parts = (images[rows] for rows in _pieces(images, probabilities))
    return all(bool((probabilities[part].argmax(axis=1) == labels[part]).all()) for part in parts)


def _pieces(images: NDArray[np.intp], probabilities: NDArray[np.floating]) -> Iterator[slice]:
    return pieces(len(images), probabilities.shape[1])


def _told(inverse: float, slopes: Floats, curvature: float, level: float) -> Temperature:
    value = 1 / inverse
    if value < BOUNDS[0] * 1.001:
        return Temperature(math.nan, note="ever smaller temperatures are ever better, so none can be told")
    if value > BOUNDS[1] / 1.001:
        return Temperature(BOUNDS[1], note=f"no better than a guess: the temperature is above {BOUNDS[1]:g}")
    if math.isnan(level):
        return Temperature(value)
    reach = float(stats.norm.ppf((1 + level) / 2)) * math.sqrt(float((slopes**2).sum())) / (curvature * inverse)
    return Temperature(value, value * math.exp(-reach), value * math.exp(reach))


def _derivatives(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer], images: NDArray[np.intp], inverse: float
) -> tuple[Floats, float]:
    """Of the cross-entropy log Σ exp(b l_k) - b l_y in b: the first of each image [V], the second's sum."""
    first, second = np.empty(len(images)), 0.0
    for rows in _pieces(images, probabilities):
        chosen = images[rows]
        logs = np.log(np.maximum(probabilities[chosen], SMALLEST, dtype=np.float64))
        logs -= logs.max(axis=1, keepdims=True)
        weights = np.exp(inverse * logs)
        total = weights.sum(axis=1)
        mean = np.einsum("vk,vk->v", weights, logs) / total
        square = np.einsum("vk,vk,vk->v", weights, logs, logs) / total
        first[rows] = mean - logs[np.arange(len(chosen)), labels[chosen]]
        second += float((square - mean**2).sum())
    return first, second
