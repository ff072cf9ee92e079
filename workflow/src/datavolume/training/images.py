"""A block's images, however they are stored: a training subset, what is held out, and what normalises them.

    data = Images(index, subset, torch.device("cpu"))
    data.normalise(data.train.images[positions])      float32 [B, C, H, W]

Images of the tensors store are read once and indexed by batch on the device: no loader process, no copy per epoch.
Encoded images (jpeg, files) are read by `datavolume.training.feed`, which knows both.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from datavolume.data.index import Index

__all__ = ["Images", "Split"]


@dataclass(frozen=True)
class Split:
    """images: uint8 [n, C, H, W]; labels: int64 [n]."""

    images: torch.Tensor
    labels: torch.Tensor


class Images:
    """The training subset and the held-out images; each is read when it is first used."""

    def __init__(self, index: Index, subset: NDArray[np.int64], device: torch.device) -> None:
        self.index, self.subset, self.device = index, subset, device
        mean, std = (torch.tensor(values, dtype=torch.float32)[:, None, None] for values in (index.mean, index.std))
        self._scale = (1 / (255 * std)).to(device)
        self._shift = (-mean / std).to(device)

    @property
    def full_size(self) -> int:
        """Images of the whole training split."""
        return len(self.index.train_samples)

    @cached_property
    def train(self) -> Split:
        return self._read(self.subset)

    @cached_property
    def validation(self) -> Split:
        return self._read(self.index.validation_samples)

    def _read(self, samples: NDArray[np.int64]) -> Split:
        images = np.ascontiguousarray(self.index.images[samples])
        return Split(
            torch.from_numpy(images).to(self.device), torch.from_numpy(self.index.labels[samples]).to(self.device)
        )

    def normalise(self, images: torch.Tensor) -> torch.Tensor:
        """uint8 [B, C, H, W] -> float32 of mean 0 and deviation 1 over the dataset's training split."""
        return images.float().mul_(self._scale).add_(self._shift)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all that a run sees: images, labels, split and subset."""
        return hashlib.sha256(self.index.fingerprint.encode() + self.subset.tobytes()).hexdigest()
