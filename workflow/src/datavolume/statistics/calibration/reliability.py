"""Reliability diagrams as tables, and the calibration errors that are sums over them.

    table = reliability_bins(judged.confidence, judged.correct)              15 bins of equal width
    table = reliability_bins(judged.confidence, judged.correct, by="mass")   about as many images in each
    calibration_error(table)      ECE: mean |accuracy - confidence| (Naeini et al. 2015; Guo et al. 2017, eq. 3)
    debiased_error(table)         the same without what chance adds
    squared_error(table)          mean (accuracy - confidence)² without it (Kumar, Liang and Ma 2019, definition 4.2)
    error_interval(judged.confidence, judged.correct, rng)        95 %, images drawn again

**Why ECE is too large.** A bin's accuracy scatters about its truth by a standard error s, and |gap| turns scatter into
error: a perfectly calibrated network has an ECE of some 0.8 s (`chance_error`), more the fewer the images. For squared
errors s² is subtracted, which is right on average. For absolute ones there is no such estimate, as |x| bends at 0; so
the images are thought of as two random halves: one says which way a bin is wrong (asking its two neighbours too, at
half its weight, as miscalibration rarely jumps), the other how far. Chance that the halves do not share cancels: the
mean is 0 where the network is calibrated, and never above the truth; it is below where gaps are of the size of s.
The mean over all ways to halve bins of many images, with z = gap / s and A the weighted sum of z, of variance V, is

    gap sign(A) (2 Φ(|A| / √V) - 1) - 2 s φ(A / √V) / √V

A single run's debiased errors may be negative; means over runs are then right.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from datavolume.errors import UserError

__all__ = [
    "BINS",
    "ErrorInterval",
    "calibration_error",
    "chance_error",
    "debiased_error",
    "error_interval",
    "reliability_bins",
    "squared_error",
]

BINS = 15
_BESIDE = 0.5  # what a neighbour's word counts, where a bin's own counts 1
_CERTAIN = 1e-12  # standard error of a bin whose images are all of confidence 0 or 1, and right or wrong, accordingly
_AT_A_TIME = 2**18  # images drawn again, at once
By = Literal["width", "mass"]
Floats = NDArray[np.float64]


def reliability_bins(
    confidence: Floats, correct: NDArray[np.bool_], *, count: int = BINS, by: By = "width"
) -> pd.DataFrame:
    """A row a bin (lower, upper]: bin, lower, upper, images, confidence and accuracy (means), gap (accuracy less
    confidence), its standard error, and the one that a calibrated network would have; NaN where a bin is empty.

    Bins of equal mass keep equal confidences together, so there may be fewer images in one. Raises UserError.
    """
    if by not in ("width", "mass") or count < 1 or not len(confidence):
        raise UserError(f"reliability: {count} bins by '{by}' of {len(confidence)} images; bins go by width or mass")
    edges = np.arange(count + 1) / count if by == "width" else _quantiles(confidence, count)
    bins = _places(confidence, edges, by)
    sums = np.stack([np.bincount(bins, column, count).astype(np.float64) for column in _columns(confidence, correct)])
    images, sure, gap, spread = _of_sums(sums)
    columns = {"lower": edges[:-1], "upper": edges[1:], "images": images.astype(np.int64), "confidence": sure}
    calibrated = np.sqrt(sums[4]) / np.where(images > 0, images, np.nan)
    columns |= {"accuracy": sure + gap, "gap": gap, "se": spread, "se_calibrated": calibrated}
    return pd.DataFrame({"bin": np.arange(count), **columns})


def _quantiles(confidence: Floats, count: int) -> Floats:
    edges = np.quantile(confidence, np.arange(count + 1) / count)
    return np.asarray(np.concatenate([[0.0], edges[1:-1], [1.0]]))


def _places(confidence: Floats, edges: Floats, by: By) -> NDArray[np.intp]:
    count = len(edges) - 1
    if by == "width":  # as the metrics through training: (m - 1) / 15 < c <= m / 15
        return np.asarray(np.ceil(confidence * count).clip(1, count).astype(np.intp) - 1)
    return np.asarray(np.searchsorted(edges[1:-1], confidence, side="left"))


def _columns(confidence: Floats, correct: NDArray[np.bool_]) -> tuple[Floats, ...]:
    """What is summed over a bin: 1, confidence, residual, its square, and the variance of a calibrated one."""
    residual = correct - confidence
    return np.ones(len(confidence)), confidence, residual, residual**2, confidence * (1 - confidence)


def _of_sums(sums: NDArray[np.float64]) -> tuple[Floats, Floats, Floats, Floats]:
    """Images, mean confidence, gap and its standard error; `sums` [5, ...] of _columns.

    The variance of a residual is that of the bin's images and of one more, which has the variance that a calibrated
    network's would have: right on average for a calibrated one, and not 0 where a bin has one image, or no mistake.
    """
    images, sure, residual, squares, calibrated = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        gap = residual / images
        variance = np.maximum(squares - images * gap**2, 0.0) + calibrated / images
        return images, sure / images, gap, np.sqrt(variance) / images


def calibration_error(table: pd.DataFrame) -> float:
    """In 0..1."""
    full = table[table["images"] > 0]
    return float(np.average(full["gap"].abs(), weights=full["images"]))


def debiased_error(table: pd.DataFrame) -> float:
    """In -1..1; negative where the bins are nearer to the diagonal than chance leaves them on average."""
    full = table[table["images"] > 0]
    gap, spread = full["gap"].to_numpy(float), full["se"].to_numpy(float)
    debiased = _debiased(gap, spread, np.ones(len(gap), bool))
    return float(np.average(debiased, weights=full["images"]))


def chance_error(table: pd.DataFrame) -> float:
    """In 0..1: the calibration error that chance alone gives a calibrated network of these confidences, on average.

    Bröcker and Smith 2007 judge diagrams by such consistency: an error no larger is no sign of miscalibration.
    """
    full = table[table["images"] > 0]
    return float(np.average(math.sqrt(2 / math.pi) * full["se_calibrated"], weights=full["images"]))


def squared_error(table: pd.DataFrame) -> float:
    """In -1..1; its square root is the root-mean-square calibration error."""
    full = table[table["images"] > 0]
    return float(np.average(full["gap"] ** 2 - full["se"] ** 2, weights=full["images"]))


def _debiased(gap: Floats, spread: Floats, full: NDArray[np.bool_]) -> Floats:
    """Of bins [..., B] in their order; those that are not `full` have no say, and 0."""
    safe = np.where(spread > 0, spread, _CERTAIN)
    asked, variance = gap / safe, np.ones_like(gap)
    z, says = np.where(full, asked, 0.0), full.astype(float)
    for here, there in ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None))):
        asked[..., here] += _BESIDE * z[..., there]
        variance[..., here] += _BESIDE**2 * says[..., there]
    sure = asked / np.sqrt(variance)
    density = np.exp(-(sure**2) / 2) / math.sqrt(2 * math.pi)
    return np.where(full, gap * (2 * ndtr(sure) - 1) - 2 * safe * density / np.sqrt(variance), 0.0)


@dataclass(frozen=True)
class ErrorInterval:
    """Of the calibration error, in 0..1."""

    lower: float
    upper: float


def error_interval(
    confidence: Floats,
    correct: NDArray[np.bool_],
    rng: np.random.Generator,
    *,
    count: int = BINS,
    level: float = 0.95,
    resamples: int = 1000,
) -> ErrorInterval:
    """Bootstrap over images, bins of equal width: at least the debiased error less what it scatters by, at most the
    plain error and what that scatters by, as the truth lies between their means; so it covers more than `level` rather
    than less. Scatter is how far the errors of images drawn with replacement lie from their own mean (too
    large itself, as drawing again adds chance once more)."""
    drawn = np.concatenate(list(_drawn(confidence, correct, rng, count, resamples)), axis=1)
    table = reliability_bins(confidence, correct, count=count)
    above = float(np.quantile(drawn[0], (1 + level) / 2) - drawn[0].mean())
    below = float(drawn[1].mean() - np.quantile(drawn[1], (1 - level) / 2))
    lower, upper = np.clip([debiased_error(table) - above, calibration_error(table) + below], 0.0, 1.0)
    return ErrorInterval(float(lower), float(upper))


def _drawn(
    confidence: Floats, correct: NDArray[np.bool_], rng: np.random.Generator, count: int, resamples: int
) -> Iterator[Floats]:
    """Debiased and plain errors [2, r] of images drawn again, as many resamples r at a time as memory is kind to."""
    bins, size = _places(confidence, np.arange(count + 1) / count, "width"), len(confidence)
    order = np.argsort(bins, kind="stable")
    starts = np.flatnonzero(np.diff(bins[order], prepend=-1))
    columns = np.stack(_columns(confidence, correct))[:, order]
    step = max(1, _AT_A_TIME // size)
    for done in range(0, resamples, step):
        some = min(step, resamples - done)
        places = rng.integers(size, size=(some, size)) + size * np.arange(some)[:, None]
        weights = np.bincount(places.ravel(), minlength=some * size).reshape(some, size)
        sums = np.stack([np.add.reduceat(weights * column, starts, axis=1) for column in columns])
        images, _, gap, spread = _of_sums(sums)
        full = images > 0
        gap, spread = np.where(full, gap, 0.0), np.where(full, spread, 0.0)
        errors = np.stack([_debiased(gap, spread, full), np.abs(gap)])
        yield (errors * images).sum(axis=2) / size
