"""A block's images, however they are stored: a training subset, what is held out, and what normalises them.

    data = Images(index, subset, torch.device("cpu"))
    data.normalise(data.train.images[positions])      float32 [B, C, H, W]

Images of the tensors store are read once and indexed by batch on the device: no loader process, no copy per epoch.
Encoded images (jpeg, files) are read by `datavolume.training.feeding.feed`, which knows both.
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

_RESIDENT_BYTES = 2**30  # what `store: auto` keeps as tensors
_LARGE_IMAGE = 2**15  # values; a batch of 32 as float32 is 4 MB


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

    @cached_property
    def tuning(self) -> Split:
        return self._read(self.index.tuning_samples)

    def split(self, name: str) -> Split:
        """`train` (the subset), `validation` or `tuning`, on the device: for images that are `resident`."""
        split: Split = getattr(self, name)
        return split

    def samples(self, name: str) -> NDArray[np.int64]:
        """The sample ids of such a split."""
        if name == "train":
            return self.subset
        return self.index.validation_samples if name == "validation" else self.index.tuning_samples

    @cached_property
    def resident(self) -> bool:
        """Whether the images lie in the device's memory, or are read batch by batch: the pixels are the same.

        Tensors of up to 1 GiB do; on a GPU, of up to a quarter of its free memory.
        """
        if self.index.store != "tensors":
            return False
        free = torch.cuda.mem_get_info(self.device)[0] if self.device.type == "cuda" else 0
        return self.index.images.nbytes <= max(_RESIDENT_BYTES, free // 4)

    def _read(self, samples: NDArray[np.int64]) -> Split:
        images = np.ascontiguousarray(self.index.images[samples])
        return Split(
            torch.from_numpy(images).to(self.device), torch.from_numpy(self.index.labels[samples]).to(self.device)
        )

    def normalise(self, images: torch.Tensor) -> torch.Tensor:
        """uint8 [B, C, H, W] -> float32 of mean 0 and deviation 1 over the dataset's training split."""
        if images.device.type != "cpu" or images[0].numel() < _LARGE_IMAGE:
            return images.float().mul_(self._scale).add_(self._shift)
        normalised = torch.empty(images.shape)
        for result, image in zip(normalised, images, strict=True):  # each stays in the core's cache: a quarter faster
            result.copy_(image).mul_(self._scale).add_(self._shift)
        return normalised

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all that a run sees: images, labels, split and subset."""
        return hashlib.sha256(self.index.fingerprint.encode() + self.subset.tobytes()).hexdigest()
