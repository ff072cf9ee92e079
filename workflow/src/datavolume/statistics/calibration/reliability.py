"""Reliability diagrams as tables, and the calibration errors that are sums over them.

    table = reliability_bins(judged.confidence, judged.correct)              15 bins of equal width
    table = reliability_bins(judged.confidence, judged.correct, by="mass")   about as many images in each
    calibration_error(table)      ECE: mean |accuracy - confidence| (Naeini et al. 2015; Guo et al. 2017, eq. 3)
    debiased_error(table)         the same without what chance adds
    squared_error(table)          mean (accuracy - confidence)² without it (Kumar, Liang and Ma 2019, definition 4.2)
    error_interval(judged.confidence, judged.correct, rng)        95 %, images drawn again

**Why ECE is too large.** A bin's accuracy scatters about its truth by a standard error s, and |gap| turns scatter into
error: a perfectly calibrated network has an ECE of some 0.8 s (`chance_error`), more the fewer the images. For squared
errors s² is subtracted, which is right on average. For absolute ones there is no such estimate, as |x| has a corner at 0;
so the images are thought of as two random halves: one says which way a bin is wrong (asking its two neighbours too, at
half its weight, as miscalibration rarely jumps), the other how far. Chance that the halves do not share cancels: the
mean is 0 where the network is calibrated, and never above the truth; it is below where gaps are of the size of s.
The mean over all ways to halve bins of many images, with z = gap / s and A the weighted sum of z, of variance V, is

    gap sign(A) (2 Φ(|A| / √V) - 1) - 2 s φ(A / √V) / √V

A single run's debiased errors may be negative; means over runs are then right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

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
    sums = np.stack([np.bincount(bins, column, count) for column in _columns(confidence, correct)])
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
    """What is summed over the images of a bin: 1, confidence, residual, its square, the variance of a calibrated one."""
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
    debiased = _debiased(full["gap"].to_numpy(float), full["se"].to_numpy(float))
    return float(np.average(debiased, weights=full["images"]))


def chance_error(table: pd.DataFrame) -> float:
    """In 0..1: the calibration error that a calibrated network of these confidences has on average, were its images many.

    Bröcker and Smith 2007 judge diagrams by such consistency: an error no larger is no sign of miscalibration.
    """
    full = table[table["images"] > 0]
    return float(np.average(math.sqrt(2 / math.pi) * full["se_calibrated"], weights=full["images"]))


def squared_error(table: pd.DataFrame) -> float:
    """In -1..1; its square root is the root-mean-square calibration error."""
    full = table[table["images"] > 0]
    return float(np.average(full["gap"] ** 2 - full["se"] ** 2, weights=full["images"]))


def _debiased(gap: Floats, spread: Floats) -> Floats:
    """Of the bins with images, in their order."""
    safe = np.where(spread > 0, spread, _CERTAIN)
    z = gap / safe
    beside = np.pad(np.ones_like(z), 1)
    asked = z + _BESIDE * (np.pad(z, 1)[:-2] + np.pad(z, 1)[2:])
    deviation = np.sqrt(1 + _BESIDE**2 * (beside[:-2] + beside[2:]))
    sure = asked / deviation
    return np.asarray(gap * (2 * stats.norm.cdf(sure) - 1) - 2 * safe * stats.norm.pdf(sure) / deviation)


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
    """Bootstrap over images, bins of equal width: at least the debiased error less what it scatters by, at most the plain
    error and what that scatters by, as the truth lies between their means; so it covers more than `level` rather than
    less. Scatter is how far the errors of images drawn with replacement lie from their own mean (which is too large
    itself, as drawing again adds chance once more)."""
    edges = np.arange(count + 1) / count
    bins = _places(confidence, edges, "width")
    order = np.argsort(bins, kind="stable")
    starts = np.flatnonzero(np.diff(bins[order], prepend=-1))
    columns = np.stack(_columns(confidence, correct))[:, order]
    drawn = np.empty((resamples, 2))
    for place in range(resamples):
        weights = np.bincount(rng.integers(len(order), size=len(order)), minlength=len(order))
        images, _, gap, spread = _of_sums(np.add.reduceat(columns * weights, starts, axis=1))
        full = images > 0
        errors = np.stack([_debiased(gap[full], spread[full]), np.abs(gap[full])])
        drawn[place] = np.average(errors, axis=1, weights=images[full])
    table = reliability_bins(confidence, correct, count=count)
    above = float(np.quantile(drawn[:, 0], (1 + level) / 2) - drawn[:, 0].mean())
    below = float(drawn[:, 1].mean() - np.quantile(drawn[:, 1], (1 - level) / 2))
    lower, upper = np.clip([debiased_error(table) - above, calibration_error(table) + below], 0.0, 1.0)
    return ErrorInterval(float(lower), float(upper))
