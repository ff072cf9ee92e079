"""How many images a dataset has, without opening it: to plan before the data are there.

    sizes = sizes_of(dataset, folder)        folder: results/data/<dataset id>, where an index may stand
    sizes.train, sizes.tuning, sizes.validation, sizes.classes, sizes.side, sizes.channels

In this order: what was counted when the dataset was indexed; what is published of it; a user's own files, counted if
they are there; None. Shares are taken of classes as if these were all alike: exact where they are, otherwise within a
few images (digits have their real classes).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from datavolume.data.datasets import image_size_of, open_dataset
from datavolume.data.samples import set_aside
from datavolume.study.model import Dataset

__all__ = ["Sizes", "known_sizes", "sizes_of"]


@dataclass(frozen=True)
class Sizes:
    """Images of each split (`train` without those set aside for tuning), classes, and the images' side in pixels."""

    train: int
    validation: int
    classes: int
    side: int
    channels: int = 3
    tuning: int = 0

    @property
    def count(self) -> int:
        return self.train + self.tuning + self.validation


@dataclass(frozen=True)
class _Published:
    """Images of the two splits; `side` is None where networks see what the study asks for."""

    train: int
    validation: int
    classes: int
    side: int | None = None
    channels: int = 3


_DIGITS = (178, 182, 177, 183, 181, 182, 181, 179, 174, 180)  # of each class, before a share is held out
_PUBLISHED = {
    "MNIST": _Published(60_000, 10_000, 10, 28, 1),
    "FashionMNIST": _Published(60_000, 10_000, 10, 28, 1),
    "EMNIST": _Published(124_800, 20_800, 26, 28, 1),  # letters
    "CIFAR10": _Published(50_000, 10_000, 10, 32),
    "CIFAR100": _Published(50_000, 10_000, 100, 32),
    "Imagenette": _Published(9_469, 3_925, 10),
    "Food101": _Published(75_750, 25_250, 101),
    "ImageNet": _Published(1_281_167, 50_000, 1000),
}


def known_sizes(dataset: Dataset) -> tuple[int, int] | None:
    """Training and validation images of a published dataset; None of a user's own."""
    sizes = _published(dataset)
    return (sizes.train, sizes.validation) if sizes else None


def sizes_of(dataset: Dataset, folder: Path | None = None, *, count: bool = True) -> Sizes | None:
    """None while nobody knows. `count`: a user's own files may be counted, which reads their folders (or the .npz).

    Raises UserError where a user's own files are there but are no dataset.
    """
    indexed = _indexed(dataset, folder) if folder else None
    return indexed or _published(dataset) or (_counted(dataset) if count else None)


def _published(dataset: Dataset) -> Sizes | None:
    if dataset.name == "digits":
        held = [_held_out(images, dataset.validation) for images in _DIGITS]
        left = [images - out for images, out in zip(_DIGITS, held, strict=True)]
        aside = [_held_out(images, dataset.tuning) if dataset.tuning else 0 for images in left]
        return Sizes(sum(left) - sum(aside), sum(held), len(_DIGITS), 8, 1, sum(aside))
    known = _PUBLISHED.get(dataset.name)
    if known is None:
        return None
    aside_each = _held_out(known.train // known.classes, dataset.tuning) if dataset.tuning else 0
    tuning = known.classes * aside_each
    side = known.side or image_size_of(dataset)
    return Sizes(known.train - tuning, known.validation, known.classes, side, known.channels, tuning)


def _held_out(images: int, share: float) -> int:
    """As datavolume.data.permutation holds out of a class."""
    return min(max(round(images * share), 1), max(images - 1, 1))


def _indexed(dataset: Dataset, folder: Path) -> Sizes | None:
    """From `prepared.json`, which has the counts, and the header of `images.npy`; None where there is no index."""
    report, images = folder / "prepared.json", folder / "images.npy"
    if not (report.is_file() and images.is_file()):
        return None
    try:
        found = json.loads(report.read_text(encoding="utf-8"))
        splits = {name: split["images"] for name, split in found["splits"].items()}
        classes, side = len(found["splits"]["train"]["classes"]), found["store"]["image_size"]
        channels = 3
        if found["store"]["name"] == "tensors":
            _, channels, side, _ = _shape(images)
        return Sizes(splits["train"], splits["validation"], classes, side, channels, splits.get("tuning", 0))
    except (OSError, ValueError, KeyError, TypeError):
        return _published(dataset)  # of another version, or damaged: the data step says what is wrong


def _shape(file: Path) -> tuple[int, ...]:
    with file.open("rb") as opened:
        np.lib.format.read_magic(opened)
        shape: tuple[int, ...] = np.lib.format.read_array_header_1_0(opened)[0]
    return shape


def _counted(dataset: Dataset) -> Sizes | None:
    """A user's own files, where they are; None where they are not."""
    if dataset.path is None or not Path(dataset.path).expanduser().exists():
        return None
    samples = set_aside(open_dataset(dataset, Path()), dataset)
    counts = [int((samples.split == number).sum()) for number in range(3)]
    shape = samples.images.shape if samples.images is not None else ()
    side, channels = (shape[2], shape[1]) if shape else (image_size_of(dataset), 3)
    return Sizes(counts[0], counts[1], len(samples.classes), side, channels, counts[2])
