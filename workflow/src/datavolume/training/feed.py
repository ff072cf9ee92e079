"""Images to batches: what a run sees at each update, and what it is measured on.

    with Feed(images, order, augmenter, recipe, workers=resources.workers) as feed:
        shard = feed.shard(update, 0)                          uint8 images on the device, labels, keys
        pixels, labels = feed.evaluation("validation", slice(0, 256))

Tensors are indexed where they lie. The pixels are the same for any number of workers.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from datavolume.study.model import Recipe
from datavolume.training.images import Images, Split
from datavolume.training.order import SampleOrder

__all__ = ["Feed", "Shard"]


@dataclass(frozen=True)
class Shard:
    """images: uint8 [b, C, S, S] on the device; labels: int64 [b]; keys: what random draws of each image belong to."""

    images: torch.Tensor
    labels: torch.Tensor
    keys: NDArray[np.uint64] | None


class Feed:
    """The batches of one run. `wait_seconds` is how long training has waited for them, in all."""

    def __init__(
        self, images: Images, order: SampleOrder, augmenter: object | None, recipe: Recipe, workers: int = 0
    ) -> None:
        self._images, self._order, self._shards = images, order, recipe.shards
        self._augmenter, self._workers = augmenter, workers
        self._update = -1
        self._parts: tuple[torch.Tensor, ...] = ()
        self.wait_seconds = 0.0

    def shard(self, update: int, shard: int) -> Shard:
        """The shard's part of the batch of update 0, 1, ...; asked for in the order of the updates."""
        if update != self._update:
            self._parts = self._order.batch(update).chunk(self._shards)
            self._update = update
        own, split = self._parts[shard], self._images.train
        return Shard(split.images[own], split.labels[own], None)

    def evaluation(self, split: str, batch: slice) -> tuple[torch.Tensor, torch.Tensor]:
        """Images uint8 [b, C, S, S] and labels int64 [b] of `train` (the subset) or `validation`, in order."""
        part = self._split(split)
        return part.images[batch], part.labels[batch]

    def _split(self, name: str) -> Split:
        return self._images.train if name == "train" else self._images.validation

    def close(self) -> None:
        """End what runs ahead."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
