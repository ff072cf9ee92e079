"""What a network's class probabilities are worth, image by image: confidence, loss, Brier score, margin.

    judged = judge(probabilities, labels)                       as they are
    judged = judge(probabilities, labels, temperature=1.8)      softmax(log p / 1.8) instead
    judged.confidence, judged.correct, judged.nll, judged.brier, judged.margin      each [V]

A temperature divides the logits. The logarithms of the probabilities are the logits but for a constant of each image,
which softmax takes out again, so no logits are needed. A probability that float32 could not hold counts as the smallest
one that it can.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from datavolume.errors import UserError

__all__ = ["SMALLEST", "Judged", "checked", "judge", "pieces", "softmax"]

SMALLEST = 2.0**-149  # float32's: log is -103.3
_ELEMENTS = 2**21  # of float64 at a time, so that 50 000 images of 1 000 classes need no second copy
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """Of V images, each [V]. `confidence` is the largest probability C1, `margin` (C1 - C2) / C1 with the second
    largest, both in 0..1; `nll` in nats; `brier` the sum over classes of (p - [true class])², in 0..2 (Brier 1950)."""

    confidence: Floats
    correct: NDArray[np.bool_]
    nll: Floats
    brier: Floats
    margin: Floats

    @property
    def top1(self) -> float:
        return float(self.correct.mean())


def checked(probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> None:
    """Raises UserError unless they are [V, K] and [V], V at least 1 and K 2, finite, not negative, labels in 0..K-1."""
    if probabilities.ndim != 2 or len(probabilities) != len(labels) or not len(labels) or probabilities.shape[1] < 2:
        raise UserError(
            f"probabilities have shape {list(probabilities.shape)} for {len(labels)} labels; they are [images, "
            "classes], one image and two classes at least"
        )
    if labels.min() < 0 or labels.max() >= probabilities.shape[1]:
        raise UserError(f"labels go from {labels.min()} to {labels.max()}; they are 0 to {probabilities.shape[1] - 1}")
    if not all(np.isfinite(probabilities[rows]).all() for rows in pieces(*probabilities.shape)):
        raise UserError("probabilities are not all finite numbers; leave those images out")
    if min(float(probabilities[rows].min()) for rows in pieces(*probabilities.shape)) < 0:
        raise UserError("probabilities are negative; give those after the softmax, not the logits")


def pieces(images: int, classes: int) -> Iterator[slice]:
    """Rows that are held in float64 at a time."""
    step = max(1, _ELEMENTS // classes)
    return (slice(start, start + step) for start in range(0, images, step))


def softmax(probabilities: NDArray[np.floating], inverse: Floats) -> Floats:
    """softmax(inverse log p) of [V, K]; `inverse` temperatures [V, 1], or one [1, 1]."""
    scores = np.log(np.maximum(probabilities, SMALLEST, dtype=np.float64)) * inverse
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    return np.asarray(scores / scores.sum(axis=1, keepdims=True))


def judge(probabilities: NDArray[np.floating], labels: NDArray[np.integer], *, temperature: ArrayLike = 1.0) -> Judged:
    """Of [V, K] and labels [V]; `temperature` is one, or one an image [V]. UserError for what `checked` refuses."""
    checked(probabilities, labels)
    temperatures = np.broadcast_to(np.asarray(temperature, dtype=np.float64), labels.shape)
    parts = [_judge(probabilities[rows], labels[rows], temperatures[rows]) for rows in pieces(*probabilities.shape)]
    names = ("confidence", "correct", "nll", "brier", "margin")
    return Judged(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def _judge(given: NDArray[np.floating], labels: NDArray[np.integer], temperature: Floats) -> Judged:
    same = bool((temperature == 1.0).all())
    scaled = given.astype(np.float64) if same else softmax(given, 1 / temperature[:, None])
    second, first = np.partition(scaled, scaled.shape[1] - 2, axis=1)[:, -2:].T
    true = scaled[np.arange(len(labels)), labels]
    return Judged(
        confidence=first,
        correct=np.asarray(given.argmax(axis=1) == labels),
        nll=-np.log(np.maximum(true, SMALLEST)),
        brier=np.asarray((scaled**2).sum(axis=1) - 2 * true + 1),
        margin=np.asarray((first - second) / first),
    )
