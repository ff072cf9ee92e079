"""A user's images in folders: `train/<class>/*.jpg` and `val/<class>/*.jpg`, or just `<class>/*.jpg`.

The held-out folder may be called val, validation or test (the first of these that is there). Without a split of its
own, a stratified share of each class is held out. Images may lie deeper; hidden files and other file types are ignored.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from datavolume.data.permutation import hold_out
from datavolume.data.samples import HELD_OUT_NAMES, Samples
from datavolume.errors import UserError
from datavolume.study.model import Dataset

__all__ = ["IMAGE_SUFFIXES", "check_folder", "class_folders", "open_folder", "read_folder"]

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})


def open_folder(dataset: Dataset, data_folder: Path) -> Samples:  # noqa: ARG001 (the folder stands where the user says)
    return read_folder(_root(dataset), dataset)


def read_folder(root: Path, dataset: Dataset) -> Samples:
    """Raises UserError where the folder is missing or empty, a class has no image, or the splits' classes differ."""
    parts = _parts(root)
    classes = _classes(parts)
    sources: list[str] = []
    ends = []
    for part in parts:
        for name in classes:
            below = (part / name).relative_to(root).as_posix()
            sources += (f"{below}/{file}" for file in _images(part / name))
            ends.append(len(sources))
    counts = np.diff([0, *ends])
    labels = np.repeat(np.arange(len(ends), dtype=np.int64) % len(classes), counts)
    train = (
        np.arange(len(labels)) < ends[len(classes) - 1]
        if len(parts) == 2
        else hold_out(labels, dataset.validation, dataset.name, dataset.split_seed)
    )
    return Samples(labels, train, classes, sources, root=root)


def check_folder(dataset: Dataset) -> None:
    """Raises UserError where the folder is missing, or a class has no image; no image is opened."""
    _classes(_parts(_root(dataset)))


def class_folders(root: Path) -> list[Path]:
    """The folders whose change shows that images were added or removed; none where there is no such folder."""
    try:
        parts = _parts(root)
        return [root, *parts, *(folder for part in parts for folder in _folders(part))]
    except UserError:
        return []


def _root(dataset: Dataset) -> Path:
    return Path(dataset.path or "").expanduser()


def _parts(root: Path) -> list[Path]:
    """[train, held-out], or [the folder itself] where there is no split."""
    if not root.is_dir():
        raise UserError(f"{root}: there is no such folder; give your images' folder in the dataset's `path`")
    folders = {folder.name: folder for folder in _folders(root)}
    if not folders:
        raise UserError(f"{root}: has no folders; it needs train/ and val/, or one folder for each class")
    held_out = next((folders[name] for name in HELD_OUT_NAMES if name in folders), None)
    if "train" in folders and held_out:
        return [folders["train"], held_out]
    if list(folders) == ["train"]:
        raise UserError(f"{root}: has train/ but none of {', '.join(f'{name}/' for name in HELD_OUT_NAMES)}; add one")
    return [root]


def _classes(parts: Sequence[Path]) -> tuple[str, ...]:
    """The class names, sorted, the same in every part and each with an image."""
    names = [[folder.name for folder in _folders(part)] for part in parts]
    for here, there in ((0, -1), (-1, 0)):
        lacking = sorted(set(names[there]) - set(names[here]))
        if lacking:
            raise UserError(
                f"{parts[here]}: class '{lacking[0]}' of {parts[there].name}/ is missing; both need the same classes"
            )
    for part in parts:
        for name in names[0]:
            if next(_images(part / name), None) is None:
                raise UserError(
                    f"{part / name}: class '{name}' has no image ({', '.join(sorted(IMAGE_SUFFIXES))}); add some or "
                    "remove the folder"
                )
    return tuple(names[0])


def _folders(root: Path) -> list[Path]:
    try:
        return sorted(folder for folder in root.iterdir() if folder.is_dir() and not folder.name.startswith("."))
    except OSError as error:
        raise UserError(f"{root}: the folder cannot be read ({error.strerror})") from error


def _images(folder: Path) -> Iterator[str]:
    """The image files below a folder, by their paths from there, in an order that is the same on every machine."""
    start = len(str(folder)) + 1
    for place, folders, files in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        below = f"{place[start:]}/".replace(os.sep, "/").lstrip("/")
        for name in sorted(files):
            if os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES and not name.startswith("."):  # noqa: PTH122 (fast)
                yield below + name
