"""The order in which a run sees its samples: a pure function of (seed, epoch), so that resuming needs only a number.

The stream is an endless row of epochs, each a permutation of the subset; update u takes positions [u*B, (u+1)*B). Every
batch is full, also where it crosses from one epoch to the next or the subset is smaller than a batch.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from datavolume.training.determinism import derived_seed

__all__ = ["SampleOrder", "epoch_order"]


def epoch_order(size: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """A permutation of 0..size-1: int64 [size]. By sorting random words, which no version of NumPy changes."""
    words = np.random.Philox(key=derived_seed(seed, "order", epoch)).random_raw(size)
    return np.argsort(words, kind="stable")


class SampleOrder:
    """The batches of one run, as positions in its subset."""

    def __init__(self, size: int, batch_size: int, seed: int, device: torch.device) -> None:
        self._size, self._batch_size, self._seed, self._device = size, batch_size, seed, device
        self._epoch = -1
        self._order = torch.empty(0, dtype=torch.int64)

    def batch(self, update: int) -> torch.Tensor:
        """Positions of update 0, 1, ...: int64 [batch_size], each in 0..size-1."""
        position, end = update * self._batch_size, (update + 1) * self._batch_size
        parts = []
        while position < end:
            epoch, offset = divmod(position, self._size)
            parts.append(self._of_epoch(epoch)[offset : offset + end - position])
            position += len(parts[-1])
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _of_epoch(self, epoch: int) -> torch.Tensor:
        if epoch != self._epoch:
            self._order = torch.from_numpy(epoch_order(self._size, self._seed, epoch)).to(self._device)
            self._epoch = epoch
        return self._order
