"""A user's arrays in one .npz file: `images` and `labels`, and if wanted `split` and `classes`.

images   uint8 [N, H, W], [N, H, W, C] or [N, C, H, W], with C = 1 or 3
labels   [N], numbers or names
split    [N], "train" or "validation" ("val", "test"); without it a stratified share is held out
classes  [K], the names of labels 0..K-1; without it a class is called as its label
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datavolume.data.permutation import hold_out
from datavolume.data.samples import HELD_OUT_NAMES, Samples, in_memory
from datavolume.errors import UserError
from datavolume.study.model import Dataset

__all__ = ["check_npz", "open_npz"]


def open_npz(dataset: Dataset, data_folder: Path) -> Samples:  # noqa: ARG001 (the file stands where the user says)
    """Raises UserError where the file is missing or damaged, or an array is not as above."""
    path = Path(dataset.path or "").expanduser()
    arrays = _read(path)
    images = _channels_first(path, arrays["images"])
    labels, classes = _labels(path, arrays, len(images))
    train = (
        _train(path, arrays["split"], len(images))
        if "split" in arrays
        else hold_out(labels, dataset.validation, dataset.name, dataset.split_seed)
    )
    return in_memory(images, labels, train, classes, [f"{path.name}[{i}]" for i in range(len(images))])


def check_npz(dataset: Dataset) -> None:
    """Raises UserError where there is no such file."""
    path = Path(dataset.path or "").expanduser()
    if not path.is_file():
        raise _missing(path)


def _missing(path: Path) -> UserError:
    return UserError(f"{path}: there is no such file; give the .npz file's path in the dataset's `path`")


def _read(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in ("images", "labels", "split", "classes") if name in file}
    except FileNotFoundError:
        raise _missing(path) from None
    except (OSError, ValueError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise UserError(f"{path}: not a readable .npz file of plain arrays ({error})") from error
    missing = {"images", "labels"} - arrays.keys()
    if missing:
        raise UserError(f"{path}: array {' and '.join(sorted(missing))} is missing; it needs images and labels")
    return arrays


def _channels_first(path: Path, images: NDArray[Any]) -> NDArray[np.uint8]:
    """uint8 [N, C, H, W]; where both readings fit, the last axis is the channels."""
    if images.dtype == np.uint8 and images.size:
        if images.ndim == 3:
            return images[:, None]
        if images.ndim == 4 and images.shape[3] in (1, 3):
            return images.transpose(0, 3, 1, 2)
        if images.ndim == 4 and images.shape[1] in (1, 3):
            return images
    raise UserError(
        f"{path}: images is {images.dtype} {list(images.shape)}; allowed: uint8 [N, H, W], [N, H, W, C] or "
        "[N, C, H, W] with C = 1 or 3"
    )


def _labels(path: Path, arrays: dict[str, NDArray[Any]], size: int) -> tuple[NDArray[np.int64], list[str]]:
    """Labels 0..K-1 and the K names."""
    labels = arrays["labels"]
    if labels.shape != (size,) or labels.dtype.kind not in "iuU":
        raise UserError(f"{path}: labels is {labels.dtype} {list(labels.shape)}; needs {size} whole numbers or names")
    if "classes" not in arrays:
        values, codes = np.unique(labels, return_inverse=True)
        return codes.astype(np.int64), [str(value) for value in values.tolist()]
    names = [str(name) for name in arrays["classes"].tolist()]
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= len(names):
        raise UserError(f"{path}: labels must be numbers from 0 to {len(names) - 1}, as there are {len(names)} classes")
    return labels.astype(np.int64), names


def _train(path: Path, split: NDArray[Any], size: int) -> NDArray[np.bool_]:
    allowed = ("train", *HELD_OUT_NAMES)
    unknown = sorted(set(np.unique(split.astype(str)).tolist()) - set(allowed))
    if split.shape != (size,) or unknown:
        what = f"has '{unknown[0]}'" if unknown else f"has shape {list(split.shape)}"
        raise UserError(f"{path}: split {what}; needs {size} values out of {', '.join(allowed)}")
    train: NDArray[np.bool_] = split.astype(str) == "train"
    return train
