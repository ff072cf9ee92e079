"""A user's images in folders: `train/<class>/*.jpg` and `val/<class>/*.jpg`, or just `<class>/*.jpg`.

The held-out folder may be called val, validation or test (the first of these that is there). Without a split of its
own, a stratified share of each class is held out. Images may lie deeper; hidden files and other file types are ignored.
Each image is scaled so that its shorter side is `image_size`, and its central square is kept, in RGB.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datavolume.data.permutation import hold_out
from datavolume.data.samples import BLOCK_BYTES, HELD_OUT_NAMES, Samples
from datavolume.errors import UserError
from datavolume.study.model import Dataset

__all__ = ["IMAGE_SUFFIXES", "check_folder", "open_folder"]

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})


def open_folder(dataset: Dataset, data_folder: Path) -> Samples:  # noqa: ARG001 (the folder stands where the user says)
    """Raises UserError where the folder is missing or empty, a class has no image, or the splits' classes differ."""
    root = Path(dataset.path or "").expanduser()
    size = dataset.image_size or 0
    parts = _parts(root)
    classes = _classes(parts)
    files = [(part, k, file) for part in parts for k, name in enumerate(classes) for file in _images(part / name)]
    labels = np.array([label for _, label, _ in files], np.int64)
    train = (
        np.array([part == parts[0] for part, _, _ in files])
        if len(parts) == 2
        else hold_out(labels, dataset.validation, dataset.name, dataset.split_seed)
    )
    images = [file for _, _, file in files]
    sources = [file.relative_to(root).as_posix() for file in images]
    return Samples(labels, train, classes, sources, (3, size, size), partial(_blocks, root, images, size))


def check_folder(dataset: Dataset) -> None:
    """Raises UserError where the folder is missing, or a class has no image; no image is opened."""
    _classes(_parts(Path(dataset.path or "").expanduser()))


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


def _images(folder: Path) -> Iterator[Path]:
    """The image files below a folder, in an order that is the same on every machine."""
    for place, folders, files in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if Path(name).suffix.lower() in IMAGE_SUFFIXES and not name.startswith("."):
                yield Path(place, name)


def _blocks(root: Path, files: Sequence[Path], size: int) -> Iterator[NDArray[np.uint8]]:
    """Decode in threads (Pillow lets others run meanwhile), a bounded number at a time.

    Raises UserError after the last file where any could not be read, so that all of them are counted.
    """
    step = max(1, BLOCK_BYTES // (3 * size * size))
    bad: list[str] = []
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for start in range(0, len(files), step):
            decoded = list(pool.map(partial(_decode, size=size), files[start : start + step]))
            names = (file.relative_to(root).as_posix() for file in files[start : start + step])
            bad += [f"{name} ({image})" for name, image in zip(names, decoded, strict=True) if isinstance(image, str)]
            if not bad:
                yield np.stack([image for image in decoded if not isinstance(image, str)])
    if bad:
        more = ", …" if len(bad) > 3 else ""
        raise UserError(
            f"{root}: {len(bad)} of {len(files)} images cannot be read: {', '.join(bad[:3])}{more}; repair or remove"
        )


def _decode(file: Path, *, size: int) -> NDArray[np.uint8] | str:
    """The image, uint8 [3, size, size], or why it cannot be read."""
    from PIL import Image, ImageOps

    try:
        with Image.open(file) as image:
            if image.mode.startswith(("I", "F")):
                return "more than 8 bits a channel"
            square = ImageOps.fit(image.convert("RGB"), (size, size), Image.Resampling.BILINEAR)
        return np.asarray(square).transpose(2, 0, 1)
    except Exception as error:  # Pillow's decoders raise whatever a broken file makes them stumble over
        return str(error).replace(str(file), file.name) or type(error).__name__
