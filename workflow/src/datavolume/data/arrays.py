"""Datasets that are arrays: the digits of scikit-learn, and what torchvision holds in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from datavolume.data.fetch import Step, check_whole, root_of
from datavolume.data.permutation import hold_out
from datavolume.data.samples import Samples, in_memory
from datavolume.errors import UserError
from datavolume.study.model import Dataset

__all__ = ["array_steps", "open_digits", "open_torchvision"]


@dataclass(frozen=True)
class _Layout:
    """`folder` is what torchvision makes below its root; `options` are its class's. `first` is the smallest label.

    `turned`: rows and columns are exchanged in the files.
    """

    folder: str
    options: dict[str, str]
    first: int = 0
    turned: bool = False


_LAYOUTS = {
    "MNIST": _Layout("MNIST", {}),
    "FashionMNIST": _Layout("FashionMNIST", {}),
    "EMNIST": _Layout("EMNIST", {"split": "letters"}, first=1, turned=True),
    "CIFAR10": _Layout("cifar-10-batches-py", {}),
    "CIFAR100": _Layout("cifar-100-python", {}),
}


def open_digits(dataset: Dataset, data_folder: Path) -> Samples:  # noqa: ARG001 (in scikit-learn's wheel)
    from sklearn.datasets import load_digits

    bunch = load_digits()
    labels = bunch.target.astype(np.int64)
    images = np.rint(bunch.images * (255 / 16)).astype(np.uint8)[:, None]
    train = hold_out(labels, dataset.validation, dataset.name, dataset.split_seed)
    return in_memory(images, labels, train, [str(digit) for digit in range(10)], _numbered("digits", len(labels)))


def open_torchvision(dataset: Dataset, data_folder: Path) -> Samples:
    """With torchvision's own training and test split. Raises UserError where its files are missing or damaged."""
    root, layout = root_of(dataset, data_folder), _LAYOUTS[dataset.name]
    check_whole(root, layout.folder, dataset.name)
    parts = [_part(dataset.name, root, train) for train in (True, False)]
    images = np.concatenate([np.asarray(part.data) for part in parts])
    if layout.turned:
        images = images.transpose(0, 2, 1)
    labels = np.concatenate([np.asarray(part.targets, np.int64) for part in parts]) - layout.first
    channels_first = images[:, None] if images.ndim == 3 else images.transpose(0, 3, 1, 2)
    train = np.arange(len(labels)) < len(parts[0].data)
    classes = parts[0].classes[layout.first :]
    return in_memory(channels_first, labels, train, classes, _numbered(dataset.name, len(labels)))


def _part(name: str, root: Path, train: bool) -> Any:
    try:
        return _open(name, root, train, download=False)
    except Exception as error:  # what a disk or a damaged file makes torchvision stumble over
        raise UserError(
            f"{root}: {name} is missing or damaged there ({error}); delete its files and run the workflow's fetch step "
            "on a machine with internet, or put torchvision's files there"
        ) from error


def _open(name: str, root: Path, train: bool, *, download: bool) -> Any:
    from torchvision import datasets

    return getattr(datasets, name)(root, train=train, download=download, **_LAYOUTS[name].options)


def array_steps(dataset: Dataset, root: Path) -> list[Step]:
    """Both parts come in one folder; torchvision fetches only what is missing in it."""
    name = dataset.name

    def present() -> bool:
        try:
            return all(len(_open(name, root, train, download=False)) for train in (True, False))
        except Exception:  # whatever torchvision stumbles over is not there
            return False

    def download() -> None:
        for train in (True, False):
            _open(name, root, train, download=True)

    return [Step(_LAYOUTS[name].folder, present, download)]


def _numbered(name: str, size: int) -> Sequence[str]:
    return [f"{name}[{i}]" for i in range(size)]
