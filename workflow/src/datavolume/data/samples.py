"""What every dataset is turned into: labels, a split, and images that come block by block.

A dataset that fits in memory is `in_memory(images, labels, ...)`; one that does not gives its own `blocks`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datavolume.errors import UserError

__all__ = ["BLOCK_BYTES", "HELD_OUT_NAMES", "Samples", "check_classes", "in_memory"]

BLOCK_BYTES = 32 * 2**20  # images held in memory at once while an index is written
HELD_OUT_NAMES = ("val", "validation", "test")  # what people call the folder or split that is never trained on


@dataclass(frozen=True)
class Samples:
    """N labelled images of K classes.

    labels: int64 [N], 0..K-1. train: bool [N], False where held out. sources: N names, for people.
    shape: (C, H, W) of each image. blocks: gives the images in order, as uint8 [<=B, C, H, W].
    """

    labels: NDArray[np.int64]
    train: NDArray[np.bool_]
    classes: tuple[str, ...]
    sources: Sequence[str]
    shape: tuple[int, int, int]
    blocks: Callable[[], Iterator[NDArray[np.uint8]]]


def in_memory(
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    train: NDArray[np.bool_],
    classes: Sequence[str],
    sources: Sequence[str],
) -> Samples:
    """Samples of images uint8 [N, C, H, W]."""
    size = max(1, BLOCK_BYTES // max(1, images[0].nbytes))

    def blocks() -> Iterator[NDArray[np.uint8]]:
        return (images[start : start + size] for start in range(0, len(images), size))

    channels, height, width = images.shape[1:]
    return Samples(labels, train, tuple(classes), sources, (channels, height, width), blocks)


def check_classes(samples: Samples, where: str) -> None:
    """Raises UserError unless there are two classes or more, each with a training and a held-out image."""
    if len(samples.classes) < 2:
        raise UserError(f"{where}: only one class ({', '.join(samples.classes)}); a classifier needs two or more")
    for part, mask in (("training", samples.train), ("validation", ~samples.train)):
        counts = np.bincount(samples.labels[mask], minlength=len(samples.classes))
        empty = [name for name, count in zip(samples.classes, counts, strict=True) if count == 0]
        if empty:
            raise UserError(
                f"{where}: class {_first(empty)} has no {part} image; every class needs images in both splits: "
                "add some or leave the class out"
            )


def _first(names: Sequence[str]) -> str:
    """The first three names, and how many more."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(f"'{name}'" for name in names[:3]) + more
