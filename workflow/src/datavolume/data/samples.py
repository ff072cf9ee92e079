"""What every dataset is turned into: labels, a split, and images, either in memory or as files below a folder.

in_memory(images, labels, ...)     arrays
Samples(..., root=folder)          image files; `sources` are their paths below the folder
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datavolume.data.permutation import hold_out
from datavolume.errors import UserError
from datavolume.study.model import Dataset

__all__ = ["HELD_OUT_NAMES", "SPLITS", "Samples", "check_classes", "in_memory", "set_aside"]

HELD_OUT_NAMES = ("val", "validation", "test")  # what people call the folder or split that is never trained on
SPLITS = ("train", "validation", "tuning")
_WORDS = {"train": "training", "validation": "validation", "tuning": "tuning"}


@dataclass(frozen=True)
class Samples:
    """N labelled images of K classes.

    labels: int64 [N], 0..K-1. train: bool [N], False where held out. sources: N names, for people.
    images: uint8 [N, C, H, W], or None where `sources` are image files below `root`.
    tuning: bool [N], those of the training split that no subset may use; None: there are none.
    """

    labels: NDArray[np.int64]
    train: NDArray[np.bool_]
    classes: tuple[str, ...]
    sources: Sequence[str]
    images: NDArray[np.uint8] | None = None
    root: Path | None = None
    tuning: NDArray[np.bool_] | None = None

    @property
    def split(self) -> NDArray[np.int8]:
        """int8 [N], places in SPLITS."""
        split = np.where(self.train, 0, 1).astype(np.int8)
        if self.tuning is not None:
            split[self.tuning] = 2
        return split

    def keep(self, mask: NDArray[np.bool_]) -> Samples:
        """Those of image files where `mask`, bool [N], is True."""
        if mask.all():
            return self
        sources = [self.sources[i] for i in np.flatnonzero(mask).tolist()]
        tuning = None if self.tuning is None else self.tuning[mask]
        return replace(self, labels=self.labels[mask], train=self.train[mask], sources=sources, tuning=tuning)


def in_memory(
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    train: NDArray[np.bool_],
    classes: Sequence[str],
    sources: Sequence[str],
) -> Samples:
    """Samples of images uint8 [N, C, H, W]."""
    return Samples(labels, train, tuple(classes), sources, images=images)


def set_aside(samples: Samples, dataset: Dataset) -> Samples:
    """Put the share `dataset.tuning` of each class's training images aside, the same ones for ever."""
    if not dataset.tuning:
        return samples
    ids = np.flatnonzero(samples.train)
    kept = hold_out(samples.labels[ids], dataset.tuning, "tuning", dataset.name, dataset.split_seed)
    tuning = np.zeros(len(samples.labels), np.bool_)
    tuning[ids[~kept]] = True
    return replace(samples, train=samples.train & ~tuning, tuning=tuning)


def check_classes(samples: Samples, where: str) -> None:
    """Raises UserError unless there are two classes or more, each with an image in every split."""
    if len(samples.classes) < 2:
        raise UserError(f"{where}: only one class ({', '.join(samples.classes)}); a classifier needs two or more")
    split = samples.split
    for number, name in enumerate(SPLITS if samples.tuning is not None else SPLITS[:2]):
        counts = np.bincount(samples.labels[split == number], minlength=len(samples.classes))
        empty = [label for label, count in zip(samples.classes, counts, strict=True) if count == 0]
        if empty:
            raise UserError(
                f"{where}: class {_first(empty)} has no {_WORDS[name]} image; every class needs images in both splits: "
                "add some or leave the class out"
            )


def _first(names: Sequence[str]) -> str:
    """The first three names, and how many more."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(f"'{name}'" for name in names[:3]) + more
