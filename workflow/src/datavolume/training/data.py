"""What the runs of a block see: index, subsets of every phase, what is evaluated, pretrained weights; read once.

data = Data.of(paths, block, device)
data.images(volume)        Images of that subset
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from datavolume.data.index import Index, load_index
from datavolume.data.subsets import load_subset
from datavolume.models.weights import weights_fingerprint
from datavolume.study.identity import subset_id
from datavolume.study.model import Run, Volume
from datavolume.study.paths import Paths
from datavolume.study.phases import ResolvedPhase, volumes_of
from datavolume.study.plan import PlannedRun
from datavolume.training.feeding.features import FeatureStore
from datavolume.training.feeding.images import Images
from datavolume.training.feeding.order import epoch_order

__all__ = ["Data", "Positions"]

Positions = NDArray[np.int64] | int
"""Places in a split; a number stands for all of them."""


@dataclass(frozen=True, eq=False)
class Data:
    """`subsets`: the sorted ids of each volume, the run's own first. `weights`: pretrained ones, as a file."""

    index: Index
    subsets: dict[Volume, NDArray[np.int64]]
    device: torch.device
    architecture: str = ""
    weights: Path | None = None
    features: FeatureStore = field(default_factory=FeatureStore)

    @classmethod
    def of(cls, paths: Paths, block: Sequence[PlannedRun], device: torch.device) -> Data:
        """Raises UserError where a file is missing, damaged, or of another index."""
        first = block[0]
        run = first.unpack()
        index = load_index(paths, first.dataset)
        volumes = volumes_of(run)
        files = [paths.subset(first.dataset, subset_id(volume)) for volume in volumes]
        subsets = {volume: load_subset(file, index) for volume, file in zip(volumes, files, strict=True)}
        return cls(index, subsets, device, run.architecture, _weights(paths, run))

    @cached_property
    def _images(self) -> dict[Volume, Images]:
        return {}

    def images(self, volume: Volume) -> Images:
        if volume not in self._images:
            self._images[volume] = Images(self.index, self.subsets[volume], self.device)
        return self._images[volume]

    @property
    def subset(self) -> NDArray[np.int64]:
        """The run's own: the largest."""
        return next(iter(self.subsets.values()))

    @property
    def classes(self) -> int:
        return len(self.index.classes)

    @property
    def full_size(self) -> int:
        """Images of the whole training split."""
        return len(self.index.train_samples)

    def entries(self, phase: ResolvedPhase) -> int:
        """Images of one epoch: the subset, and the copies that the recipe appends."""
        size = len(self.subsets[phase.volume])
        return size + round(size * phase.recipe.augmentation.appended)

    def evaluated(self, phase: ResolvedPhase) -> dict[str, Positions]:
        """Which images of each split are looked at: at most so many of the subset as the recipe says, all others."""
        size, most = len(self.subsets[phase.volume]), phase.recipe.evaluated_training_images
        train: Positions = size if most is None or most >= size else _some(size, most)
        tuning = len(getattr(self.index, "tuning_samples", ()))
        held_out = {"tuning": tuning, "validation": len(self.index.validation_samples)}
        return {"train": train, **{name: count for name, count in held_out.items() if count}}

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all that a run sees: images, labels, split, subsets, pretrained weights."""
        digest = hashlib.sha256(self.index.fingerprint.encode())
        for subset in self.subsets.values():
            digest.update(subset.tobytes())
        if self.weights:
            digest.update(weights_fingerprint(self.weights, self.architecture).encode())
        return digest.hexdigest()


@cache
def _some(size: int, count: int) -> NDArray[np.int64]:
    """The first of a fixed random order, sorted: the same for every seed."""
    return np.sort(epoch_order(size, 0, "evaluated")[:count])


def _weights(paths: Paths, run: Run) -> Path | None:
    return paths.weights(run.architecture) if run.recipe.network.pretrained else None
