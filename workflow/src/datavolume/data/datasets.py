"""Which datasets there are. A new one is one entry of `_ENTRIES`: how it is opened, and which options it reads.

dataset_names()                       the valid names; imports nothing
open_dataset(dataset, data_folder)    its labels, split and images, as Samples
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from datavolume.data.folder import check_folder, open_folder
from datavolume.data.npz import check_npz, open_npz
from datavolume.data.permutation import hold_out
from datavolume.data.samples import Samples, in_memory
from datavolume.errors import UserError
from datavolume.study.model import Dataset
from datavolume.study.validate import nearest

__all__ = ["check_dataset", "check_source", "dataset_names", "open_dataset"]


@dataclass(frozen=True)
class _Entry:
    """`options` are the fields of Dataset that it reads; any other must be left at its default.

    `check` looks quickly whether a user's own data are where the study says.
    """

    open: Callable[[Dataset, Path], Samples]
    options: tuple[str, ...]
    required: tuple[str, ...] = ()
    check: Callable[[Dataset], None] | None = None


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


def check_source(dataset: Dataset) -> None:
    """Raises UserError where a user's own data are missing or empty: said before any job starts, not an hour later."""
    check_dataset(dataset)
    if check := _ENTRIES[dataset.name].check:
        check(dataset)


def open_dataset(dataset: Dataset, data_folder: Path) -> Samples:
    """Labels, split and images; images are read when its blocks are. Raises UserError for what the user can mend."""
    check_dataset(dataset)
    return _ENTRIES[dataset.name].open(dataset, data_folder)


def _open_digits(dataset: Dataset, data_folder: Path) -> Samples:  # noqa: ARG001 (in scikit-learn's wheel)
    from sklearn.datasets import load_digits

    bunch = load_digits()
    labels = bunch.target.astype(np.int64)
    images = np.rint(bunch.images * (255 / 16)).astype(np.uint8)[:, None]
    train = hold_out(labels, dataset.validation, dataset.name, dataset.split_seed)
    return in_memory(images, labels, train, [str(digit) for digit in range(10)], _numbered("digits", len(labels)))


def _open_torchvision(dataset: Dataset, data_folder: Path) -> Samples:
    """A dataset whose torchvision class holds its images in memory, with its own training and test split."""
    root = Path(dataset.path).expanduser() if dataset.path else data_folder
    parts = [_torchvision_part(dataset.name, root, train) for train in (True, False)]
    images = np.concatenate([np.asarray(part.data) for part in parts])
    labels = np.concatenate([np.asarray(part.targets, np.int64) for part in parts])
    channels_first = images[:, None] if images.ndim == 3 else images.transpose(0, 3, 1, 2)
    train = np.arange(len(labels)) < len(parts[0].data)
    return in_memory(channels_first, labels, train, parts[0].classes, _numbered(dataset.name, len(labels)))


def _torchvision_part(name: str, root: Path, train: bool) -> Any:
    """The torchvision dataset; `download` fetches only what is missing."""
    from torchvision import datasets

    try:
        return getattr(datasets, name)(root, train=train, download=True)
    except Exception as error:  # what a network, a disk or a damaged file makes torchvision stumble over
        raise UserError(
            f"{root}: {name} is missing or damaged there and cannot be fetched ({error}); delete its files and run "
            "once on a machine with internet, or put torchvision's files there"
        ) from error


def _numbered(name: str, size: int) -> Sequence[str]:
    return [f"{name}[{i}]" for i in range(size)]


_ENTRIES = {
    "digits": _Entry(_open_digits, ("validation", "split_seed")),
    "MNIST": _Entry(_open_torchvision, ("path",)),
    "FashionMNIST": _Entry(_open_torchvision, ("path",)),
    "CIFAR10": _Entry(_open_torchvision, ("path",)),
    "CIFAR100": _Entry(_open_torchvision, ("path",)),
    "folder": _Entry(
        open_folder,
        ("path", "image_size", "validation", "split_seed"),
        required=("path", "image_size"),
        check=check_folder,
    ),
    "npz": _Entry(open_npz, ("path", "validation", "split_seed"), required=("path",), check=check_npz),
}
