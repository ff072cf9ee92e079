"""What is told of one batch alone, as some published results are: the batch that a pass over shuffled images ends with.

    chosen = last_batch(20_800, 72, derived_seed(seed, "last batch", update))     the places of 64 images
    of_last_batch(predictions, chosen)                                            {"last_batch_loss": ..., ...}

A loader that shuffles anew in every pass ends each with other images: they are drawn from (run's seed, update, split),
and so differ between evaluations and between seeds; a test set's own order, often sorted by class, has no part in it.
They are evaluated as all images are: where a paper takes its training batch before that batch's update and with
dropout, its numbers differ by that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from datavolume.training.determinism import derived_seed
from datavolume.training.measuring.predictions import Predictions

__all__ = ["LAST_BATCH", "LastBatch", "last_batch", "of_last_batch"]

LAST_BATCH = ("last_batch_loss", "last_batch_top1")


@dataclass(frozen=True)
class LastBatch:
    """How long the batches of a pass are, and the seed that each split's order is drawn from."""

    batch_size: int
    seed: int

    def metrics(self, predictions: Predictions, split: str) -> dict[str, float]:
        chosen = last_batch(len(predictions.labels), self.batch_size, derived_seed(self.seed, split))
        return of_last_batch(predictions, chosen)


def last_batch(size: int, batch_size: int, seed: int) -> NDArray[np.int64]:
    """Sorted places in 0..size-1: `size mod batch_size` of them, or `batch_size` where that is none.

    The last of a random order of `size` > 0 images are those with the largest of `size` random words.
    """
    count = size % batch_size or batch_size
    words = np.random.Philox(key=seed).random_raw(size)
    return np.sort(np.argpartition(words, size - count)[size - count :])


def of_last_batch(predictions: Predictions, chosen: NDArray[np.int64]) -> dict[str, float]:
    """LAST_BATCH, in nats and in 0..1: mean loss and top-1 accuracy (micro F1) of these predictions alone."""
    places = torch.from_numpy(chosen)
    correct = predictions.predicted[places] == predictions.labels[places]
    values = (predictions.losses[places], correct)
    return {name: float(value.double().mean()) for name, value in zip(LAST_BATCH, values, strict=True)}
