"""Images to batches: what a run sees at each update, and what it is measured on.

    with Feed(images, order, augmenter, recipe, workers) as feed:
        shard = feed.shard(update, 0)                                   augmented uint8 images on the device, labels
        for pixels, labels in feed.batches("validation", slices): ...   central crops, in order

Resident tensors are indexed where they lie. Everything else is read and decoded by `workers` threads ahead of the
updates (0: in the training thread, when it is asked for). Pixels depend on seed, epoch and entry alone: they are the
same for any number of threads. A bounded number of images lies ahead.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from time import perf_counter
from types import TracebackType
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from datavolume.study.model import Recipe
from datavolume.training.feeding.ahead import Threads
from datavolume.training.feeding.augmentation.apply import Augmenter, Partners
from datavolume.training.feeding.augmentation.geometry import centre_boxes, crop_boxes, flips
from datavolume.training.feeding.images import Images
from datavolume.training.feeding.order import SampleOrder
from datavolume.training.feeding.reading import Batch, Reader

__all__ = ["Feed", "Shard"]

Chosen = slice | NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shard:
    """images: uint8 [b, C, S, S] on the device, augmented up to normalisation; labels: int64 [b], likewise.

    What the rest of the augmentation needs: keys uint64 [b], which entries are appended (bool [b]), and the images
    that those were mixed with; None where the recipe asks for none of it.
    """

    images: torch.Tensor
    labels: torch.Tensor
    keys: NDArray[np.uint64] | None = None
    appended: NDArray[np.bool_] | None = None
    partners: Partners | None = None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The entries of a shard, then those that its appended ones are mixed with; `count` are its own.

    positions: int64, in the subset; keys and appended as in Shard, of all of them.
    """

    count: int
    positions: NDArray[np.int64]
    keys: NDArray[np.uint64] | None
    appended: NDArray[np.bool_] | None


class Feed:
    """The batches of one run. `wait_seconds` is how long training has waited for images, in all.

    `shards` are those that this process computes (None: all), `updates` is where the run ends (None: never).
    """

    def __init__(
        self,
        images: Images,
        order: SampleOrder,
        augmenter: Augmenter | None,
        recipe: Recipe,
        workers: int = 0,
        *,
        shards: range | None = None,
        updates: int | None = None,
    ) -> None:
        self._images, self._order, self._augmenter = images, order, augmenter
        self._augmentation, self._parts = recipe.augmentation, recipe.shards
        self._plain = augmenter is None or not (augmenter.needs_keys or recipe.augmentation.appended)
        self._own, self._updates = shards or range(recipe.shards), updates
        self._threads = Threads(0 if images.resident else workers)
        self._reader = Reader(images.index, images.device)
        self._ahead: deque[tuple[int, int, _Wanted, Batch]] = deque()
        self._depth = -(-self._threads.images_ahead // (recipe.batch_size // recipe.shards))
        self._batch: tuple[int, tuple[torch.Tensor, ...]] = (-1, ())
        self.wait_seconds = 0.0

    def shard(self, update: int, shard: int) -> Shard:
        """The shard's part of the batch of update 0, 1, ...; asked for in the order of the updates.

        Raises UserError where an image cannot be read any more.
        """
        if self._plain and self._images.resident:
            split, own = self._images.train, self._entries(update)[shard]
            return Shard(split.images[own], split.labels[own])
        if self._images.resident:
            wanted = self._wanted(update, shard)
            pixels = self._images.train.images[torch.from_numpy(wanted.positions).to(self._images.device)]
        else:
            wanted, batch = self._next(update, shard)
            pixels = self._arrived(batch)
        return self._augmented(wanted, pixels)

    def batches(self, split: str, batches: Iterable[Chosen]) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """`evaluation` of these batches, one after another; with threads, the next one is read meanwhile."""
        if self._images.resident:
            yield from (self.evaluation(split, chosen) for chosen in batches)
            return
        samples = self._images.samples(split)
        begun: deque[tuple[Batch, torch.Tensor]] = deque()
        for chosen in batches:
            begun.append((self._central(samples[chosen]), self._labels(samples[chosen])))
            if len(begun) > 1:
                batch, labels = begun.popleft()
                yield self._arrived(batch), labels
        yield from ((self._arrived(batch), labels) for batch, labels in begun)

    def evaluation(self, split: str, chosen: Chosen) -> tuple[torch.Tensor, torch.Tensor]:
        """Images uint8 [b, C, S, S] and labels int64 [b] of these positions of `train` (the subset), `validation` or
        `tuning`: nothing random, the central part."""
        if self._images.resident:
            part = self._images.split(split)
            index = chosen if isinstance(chosen, slice) else torch.from_numpy(chosen).to(self._images.device)
            return part.images[index], part.labels[index]
        samples = self._images.samples(split)[chosen]
        return self._arrived(self._central(samples)), self._labels(samples)

    def close(self) -> None:
        """End what runs ahead."""
        self._ahead.clear()
        self._threads.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _entries(self, update: int) -> tuple[torch.Tensor, ...]:
        """The batch's entries on the device, by shard."""
        if update != self._batch[0]:
            self._batch = update, self._order.batch(update).chunk(self._parts)
        return self._batch[1]

    def _wanted(self, update: int, shard: int) -> _Wanted:
        entries = self._order.entries(update).reshape(self._parts, -1)[shard]
        count, keys, appended = len(entries), None, None
        if not self._plain:
            keys = self._order.keys(update).reshape(self._parts, -1)[shard]
            others, their_keys = self._order.partners(entries, keys)
            entries, keys = np.concatenate([entries, others]), np.concatenate([keys, their_keys])
            appended = self._order.appended(entries)
        return _Wanted(count, self._order.positions(entries), keys, appended)

    def _next(self, update: int, shard: int) -> tuple[_Wanted, Batch]:
        """What was asked for; the threads go on with what will be."""
        if self._ahead and self._ahead[0][:2] != (update, shard):
            self._ahead.clear()
        if not self._ahead:
            self._begin(update, shard)
        while len(self._ahead) <= self._depth and self._follow():
            pass
        return self._ahead.popleft()[2:]

    def _follow(self) -> bool:
        """Begin the shard after the last that was begun; False where the run ends."""
        update, shard = self._ahead[-1][:2]
        update, shard = (update, shard + 1) if shard + 1 in self._own else (update + 1, self._own[0])
        if self._updates is not None and update >= self._updates:
            return False
        self._begin(update, shard)
        return True

    def _begin(self, update: int, shard: int) -> None:
        wanted = self._wanted(update, shard)
        samples = self._images.subset[wanted.positions]
        batch = self._reader.begin(self._threads, samples, *self._geometry(wanted, samples))
        self._ahead.append((update, shard, wanted, batch))

    def _geometry(
        self, wanted: _Wanted, samples: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64] | None, NDArray[np.bool_] | None]:
        """Boxes and mirrors. Tensors are cropped and mirrored on the device: the boxes say what of them is needed."""
        index, keys = self._images.index, wanted.keys
        heights, widths = self._sizes(samples)
        if index.store == "tensors" and (keys is None or self._augmentation.crop != "random_resized"):
            return None, None
        if keys is None:
            return self._centres(heights, widths), None
        changed = wanted.appended if self._augmentation.appended else None
        size, resize = (index.image_size, None) if index.store == "tensors" else (index.image_size[0], index.resize)
        boxes = crop_boxes(self._augmentation, keys, heights, widths, size, resize=resize, changed=changed)
        return boxes, flips(self._augmentation, keys, changed=changed)

    def _central(self, samples: NDArray[np.int64]) -> Batch:
        whole = self._images.index.store == "tensors"
        return self._reader.begin(self._threads, samples, None if whole else self._centres(*self._sizes(samples)))

    def _sizes(self, samples: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Heights and widths of the images as they are stored."""
        index = self._images.index
        if index.sizes is None:
            height, width = index.image_size
            return np.full(len(samples), height), np.full(len(samples), width)
        return index.sizes[0][samples], index.sizes[1][samples]

    def _centres(self, heights: NDArray[np.int64], widths: NDArray[np.int64]) -> NDArray[np.int64]:
        return centre_boxes(heights, widths, self._images.index.image_size[0], self._images.index.resize)

    def _labels(self, samples: NDArray[np.int64]) -> torch.Tensor:
        return torch.from_numpy(self._images.index.labels[samples]).to(self._images.device)

    def _arrived(self, batch: Batch) -> torch.Tensor:
        """The images, on the device."""
        begun = perf_counter()
        batch.ready()
        self.wait_seconds += perf_counter() - begun
        return batch.images.to(self._images.device, non_blocking=True)

    def _augmented(self, wanted: _Wanted, pixels: torch.Tensor) -> Shard:
        labels = self._labels(self._images.subset[wanted.positions])
        augmenter, keys, appended, count = self._augmenter, wanted.keys, wanted.appended, wanted.count
        if augmenter is None or keys is None or appended is None:
            return Shard(pixels, labels)
        if self._images.index.store == "tensors":
            pixels = augmenter.geometry(pixels, keys, appended)
        partners = Partners(pixels[count:], labels[count:], keys[count:]) if augmenter.mixes_appended else None
        pixels, labels, keys, appended = pixels[:count], labels[:count], keys[:count], appended[:count]
        pixels = augmenter.images(pixels, keys, appended, partners).contiguous()  # else the network takes other kernels
        return Shard(pixels, labels, keys, appended, partners)
