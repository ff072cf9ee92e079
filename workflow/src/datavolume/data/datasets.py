"""Which datasets there are. A new one is one entry of `_ENTRIES`: how it is opened, and which options it reads.

dataset_names()                       the valid names; imports nothing
open_dataset(dataset, data_folder)    its labels, split and images, as Samples
fetch_dataset(dataset, data_folder)   download what is missing
listing(dataset)                      a stamp that changes when a user's own files do
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from pathlib import Path

from datavolume.data.arrays import array_steps, open_digits, open_torchvision
from datavolume.data.fetch import Step, fetch_steps, root_of
from datavolume.data.folder import check_folder, class_folders, open_folder
from datavolume.data.npz import check_npz, open_npz
from datavolume.data.published import (
    USUAL_SIZE,
    check_imagenet,
    food101_steps,
    imagenet_steps,
    imagenette_steps,
    open_food101,
    open_imagenet,
    open_imagenette,
)
from datavolume.data.samples import Samples
from datavolume.data.stores import STORES
from datavolume.errors import UserError
from datavolume.study.model import Dataset
from datavolume.study.validate import nearest

__all__ = [
    "can_be_fetched",
    "check_dataset",
    "check_source",
    "dataset_names",
    "fetch_dataset",
    "file_datasets",
    "image_size_of",
    "listing",
    "open_dataset",
]


@dataclass(frozen=True)
class _Entry:
    """`options` are the fields of Dataset that it reads; any other must be left at its default.

    `check` looks quickly whether a user's own data are where the study says; `steps` say what can be fetched, below
    which root; `watched` are the files and folders of a `path` whose change means other images. `files`: image files,
    which are decoded, and cut to `image_size` where the study gives none.
    """

    open: Callable[[Dataset, Path], Samples]
    options: tuple[str, ...]
    required: tuple[str, ...] = ()
    check: Callable[[Dataset], None] | None = None
    steps: Callable[[Dataset, Path], list[Step]] | None = None
    watched: Callable[[Path], Iterable[Path]] | None = None
    files: bool = False
    image_size: int | None = None


def dataset_names() -> tuple[str, ...]:
    return tuple(_ENTRIES)


def check_dataset(dataset: Dataset) -> None:
    """Raises UserError for an unknown name, an option that the dataset does not read, or one that it lacks."""
    entry = _ENTRIES.get(dataset.name)
    if entry is None:
        raise UserError(f"dataset '{dataset.name}' is unknown{nearest(dataset.name, _ENTRIES)}")
    for field in fields(Dataset)[1:]:
        value = getattr(dataset, field.name)
        if field.name in entry.required and value is None:
            raise UserError(f"dataset {dataset.name}: {field.name} is missing")
        if field.name not in entry.options and value != field.default:
            allowed = ", ".join(entry.options) or "none"
            raise UserError(f"dataset {dataset.name} does not read {field.name}; remove it (options: {allowed})")
    _check_values(dataset, entry)


def _check_values(dataset: Dataset, entry: _Entry) -> None:
    if dataset.store not in ("auto", *STORES):
        raise UserError(f"dataset {dataset.name}: store '{dataset.store}' is unknown{nearest(dataset.store, STORES)}")
    if not 0 <= dataset.tuning < 1:
        raise UserError(f"dataset {dataset.name}: tuning is {dataset.tuning:g}; allowed: a share from 0 to below 1")
    side = dataset.image_size or entry.image_size or 0
    if dataset.resize is not None and dataset.resize < side:
        raise UserError(
            f"dataset {dataset.name}: resize ({dataset.resize}) is below image_size ({side}); it is the shorter side "
            "of the image that image_size is cut from"
        )


def check_source(dataset: Dataset) -> None:
    """Raises UserError where a user's own data are missing or empty: said before any job starts, not an hour later."""
    check_dataset(dataset)
    if check := _ENTRIES[dataset.name].check:
        check(dataset)


def open_dataset(dataset: Dataset, data_folder: Path) -> Samples:
    """Labels, split and images; image files are not opened. Raises UserError for what the user can mend."""
    check_dataset(dataset)
    return _ENTRIES[dataset.name].open(dataset, data_folder)


def image_size_of(dataset: Dataset) -> int:
    """The side of what networks see of image files, in pixels."""
    return dataset.image_size or _ENTRIES[dataset.name].image_size or USUAL_SIZE


def file_datasets() -> tuple[str, ...]:
    """The names of those whose images are files, which take a while to decode."""
    return tuple(name for name, entry in _ENTRIES.items() if entry.files)


def can_be_fetched(dataset: Dataset) -> bool:
    return _ENTRIES[dataset.name].steps is not None


def fetch_dataset(dataset: Dataset, data_folder: Path) -> None:
    """Download, or unpack, what is not there yet. Raises UserError where that cannot be."""
    check_dataset(dataset)
    if steps := _ENTRIES[dataset.name].steps:
        root = root_of(dataset, data_folder)
        fetch_steps(dataset.name, steps(dataset, root), root)


def listing(dataset: Dataset) -> str:
    """Changes when files are added to a user's data or taken away; empty where they are not his, or not there.

    Cheap: it looks at the class folders alone, not into deeper ones.
    """
    watched = _ENTRIES[dataset.name].watched
    if watched is None or dataset.path is None:
        return ""
    root = Path(dataset.path).expanduser()
    found = [(path, path.stat()) for path in watched(root) if path.exists()]
    rows = [f"{path.relative_to(root)}\0{stat.st_mtime_ns}" for path, stat in found]
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16] if rows else ""


_ARRAYS = _Entry(open_torchvision, ("path", "split_seed", "tuning"), steps=array_steps)
_FILES = ("path", "image_size", "split_seed", "store", "resize", "tuning")

_ENTRIES = {
    "digits": _Entry(open_digits, ("validation", "split_seed", "tuning")),
    "MNIST": _ARRAYS,
    "FashionMNIST": _ARRAYS,
    "EMNIST": _ARRAYS,
    "CIFAR10": _ARRAYS,
    "CIFAR100": _ARRAYS,
    "Imagenette": _Entry(
        open_imagenette, _FILES, steps=imagenette_steps, watched=class_folders, files=True, image_size=USUAL_SIZE
    ),
    "Food101": _Entry(open_food101, _FILES, steps=food101_steps, files=True, image_size=USUAL_SIZE),
    "ImageNet": _Entry(
        open_imagenet,
        _FILES,
        required=("path",),
        check=check_imagenet,
        steps=imagenet_steps,
        watched=class_folders,
        files=True,
        image_size=USUAL_SIZE,
    ),
    "folder": _Entry(
        open_folder,
        (*_FILES, "validation"),
        required=("path", "image_size"),
        check=check_folder,
        watched=class_folders,
        files=True,
    ),
    "npz": _Entry(
        open_npz,
        ("path", "validation", "split_seed", "tuning"),
        required=("path",),
        check=check_npz,
        watched=lambda path: [path],
    ),
}
