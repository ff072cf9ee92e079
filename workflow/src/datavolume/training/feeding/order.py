"""The order in which a run sees its samples: a pure function of (seed, epoch), so that resuming needs only a number.

The stream is an endless row of epochs, each a permutation of the entries; update u takes places [u*B, (u+1)*B). Every
batch is full, also where it crosses from one epoch to the next or the subset is smaller than a batch.

order = SampleOrder(n, batch_size, seed, device, augmentation)
order.batch(update), order.keys(update)            which entries, and the keys that their random draws belong to
order.positions(entries)                           where their images lie in the subset

Entries are the subset's samples 0..n-1 and, with `appended`, transformed copies of some of them behind. With `repeated`
r, an epoch shows its first ceil(E/r) entries r times in a row, cut to E in all, as torchvision's RASampler does.
"""

from __future__ import annotations

from functools import cached_property, lru_cache, partial
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from datavolume.study.model import Augmentation
from datavolume.training.determinism import derived_seed
from datavolume.training.feeding.augmentation.draws import appended_keys, choices, entry_keys, uniforms

__all__ = ["SampleOrder", "epoch_order"]

Entries = TypeVar("Entries", torch.Tensor, NDArray[np.int64])


def epoch_order(size: int, seed: int, epoch: int | str) -> NDArray[np.int64]:
    """A permutation of 0..size-1: int64 [size]. By sorting random words, which no version of NumPy changes."""
    words = np.random.Philox(key=derived_seed(seed, "order", epoch)).random_raw(size)
    return np.argsort(words, kind="stable")


class SampleOrder:
    """The batches of one run over `size` samples, as entries."""

    def __init__(
        self,
        size: int,
        batch_size: int,
        seed: int,
        device: torch.device,
        augmentation: Augmentation = Augmentation(),  # noqa: B008, a frozen value
    ) -> None:
        self._size, self._batch_size, self._seed, self._device = size, batch_size, seed, device
        self._repeated = augmentation.repeated
        self._mixed = bool(augmentation.appended and (augmentation.mixup or augmentation.cutmix))
        self.epoch_size = size + round(size * augmentation.appended)
        self._epoch, self._entries = -1, torch.empty(0, dtype=torch.int64)
        # A batch may lie in two epochs, and is asked for more than once.
        self._order = lru_cache(maxsize=2)(partial(_shown, self.epoch_size, seed, augmentation.repeated))

    def batch(self, update: int) -> torch.Tensor:
        """Entries of update 0, 1, ...: int64 [batch_size] on the device, each in 0..epoch_size-1."""
        parts = [self._on_device(epoch)[part] for epoch, part in self._parts(update)]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def entries(self, update: int) -> NDArray[np.int64]:
        """The same entries on the host."""
        return np.concatenate([self._order(epoch)[part] for epoch, part in self._parts(update)])

    def keys(self, update: int) -> NDArray[np.uint64]:
        """The key of each place of the batch, for its random draws: uint64 [batch_size].

        Of (seed, epoch, entry, repetition); those of appended entries are the same in each epoch.
        """
        places = np.arange(update * self._batch_size, (update + 1) * self._batch_size)
        entries = self.entries(update)
        keys = entry_keys(self._seed, places // self.epoch_size, entries, places % self.epoch_size % self._repeated)
        return np.where(self.appended(entries), appended_keys(self._seed, entries), keys)

    def appended(self, entries: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which entries are transformed copies: bool, of the same shape."""
        return entries >= self._size

    def positions(self, entries: Entries) -> Entries:
        """The sample that each entry shows, as its position in the subset: 0..size-1, where the entries are."""
        if self.epoch_size == self._size:
            return entries
        if isinstance(entries, torch.Tensor):
            return self._sources_on_device[entries]
        return self._sources[entries]

    def partners(
        self, entries: NDArray[np.int64], keys: NDArray[np.uint64]
    ) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        """Entries that the appended ones among these are mixed with, another appended one each, and their keys.

        Both are empty where no appended entry is mixed.
        """
        rows = np.flatnonzero(self.appended(entries) & self._mixed)
        own, others = entries[rows], max(self.epoch_size - self._size - 1, 1)
        drawn = self._size + choices(uniforms(keys[rows], "partner", 1)[:, 0], others)
        partners = np.minimum(drawn + (drawn >= own), self.epoch_size - 1)  # any but itself, where there is another
        return partners, appended_keys(self._seed, partners)

    def _parts(self, update: int) -> list[tuple[int, slice]]:
        """The epochs that the batch lies in, and which part of each."""
        position, end = update * self._batch_size, (update + 1) * self._batch_size
        parts = []
        while position < end:
            epoch, offset = divmod(position, self.epoch_size)
            parts.append((epoch, slice(offset, min(offset + end - position, self.epoch_size))))
            position += parts[-1][1].stop - offset
        return parts

    def _on_device(self, epoch: int) -> torch.Tensor:
        if epoch != self._epoch:
            self._epoch, self._entries = epoch, torch.from_numpy(self._order(epoch)).to(self._device)
        return self._entries

    @cached_property
    def _sources(self) -> NDArray[np.int64]:
        """The sample of each entry: copies are of a random part of the subset, drawn once."""
        copied = epoch_order(self._size, self._seed, "appended")[np.arange(self.epoch_size - self._size) % self._size]
        return np.concatenate([np.arange(self._size), copied])

    @cached_property
    def _sources_on_device(self) -> torch.Tensor:
        return torch.from_numpy(self._sources).to(self._device)


def _shown(size: int, seed: int, repeated: int, epoch: int) -> NDArray[np.int64]:
    """The entries of an epoch in their order: int64 [size]."""
    order = epoch_order(size, seed, epoch)
    return order if repeated == 1 else np.repeat(order[: -(-size // repeated)], repeated)[:size]
