"""Subsets: which training samples a run sees, as a sorted list of their ids; no image is ever copied.

    ids = choose_subset(samples, labels, Volume(fraction=0.25), dataset="digits", classes=names)
    write_subset(paths.subset(dataset_id, subset_id), ids)

Each class has one random order per dataset and subset seed; a subset takes the front of it. A fraction takes
`round(n_class x fraction)` (half to even, as Python's and NumPy's round). An exact size takes what the fraction that
rounds to it would, ties in the order of classes (Webster's method): unlike with largest remainders, a class never loses
an image when the size grows. So of two nested volumes, fractions or sizes, the larger holds the smaller.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datavolume.data.index import Index
from datavolume.data.permutation import rank_in_class
from datavolume.errors import UserError
from datavolume.files import atomic
from datavolume.study.model import Volume

__all__ = ["choose_subset", "load_subset", "write_subset"]

Ids = NDArray[np.int64]


def choose_subset(samples: Ids, labels: Ids, volume: Volume, *, dataset: str, classes: Sequence[str]) -> Ids:
    """Sorted ids, out of `samples` int64 [N] with `labels` int64 [N] in 0..K-1 (the training split, in order of id).

    `dataset` is the name that the random order belongs to. Raises UserError where a class would be left with no image,
    or more images are wanted than there are.
    """
    counts = np.bincount(labels, minlength=len(classes))
    if volume.size is not None and volume.size > len(samples):
        raise UserError(f"subset {volume.label} of {dataset}: the training split has only {len(samples)} images")
    take = _take(counts, volume)
    if not take.all():
        raise UserError(_class_left_empty(counts, take, volume, dataset, classes))
    own = (volume.label,) if volume.mode == "independent" else ()
    chosen = rank_in_class(labels, dataset, volume.seed, *own) < take[labels]
    ids: Ids = samples[chosen]
    return ids


def _take(counts: Ids, volume: Volume) -> Ids:
    """Images to take of each class: int64 [K]."""
    if volume.size is not None:
        return _of_size(counts, volume.size)
    rounded: Ids = np.rint(counts * (volume.fraction or 0)).astype(np.int64)
    return rounded


def _of_size(counts: Ids, size: int) -> Ids:
    """Images to take of each class, `size` in all: int64 [K]."""
    owner = np.repeat(np.arange(len(counts)), counts)
    rank = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    turn = (rank + 0.5) / counts[owner]  # the fraction at which rounding starts to include this image
    # Of images whose turn is the same, odd ranks first: half to even includes exactly those, so fractions nest too.
    order = np.lexsort((owner, rank % 2 == 0, turn))
    return np.bincount(owner[order[:size]], minlength=len(counts))


def _class_left_empty(counts: Ids, take: Ids, volume: Volume, dataset: str, classes: Sequence[str]) -> str:
    empty = np.flatnonzero(take == 0)
    first = empty[np.argmin(counts[empty])]
    more = f" and {len(empty) - 1} more" if len(empty) > 1 else ""
    works = (
        f"smallest fraction that works is {_smallest_fraction(counts):g}"
        if volume.size is None
        else f"smallest size that works is {_smallest_size(counts)}"
    )
    return (
        f"subset {volume.label} of {dataset} leaves class '{classes[first]}' ({counts[first]} training images){more} "
        f"with no image; the {works}"
    )


def _smallest_fraction(counts: Ids) -> float:
    """To two digits, upwards: the smallest class then rounds to one image."""
    exact = 0.5 / int(counts.min())
    scale = 10.0 ** (1 - floor(log10(exact)))
    tried = ceil(exact * scale)
    while round(int(counts.min()) * tried / scale) < 1:
        tried += 1
    return tried / scale


def _smallest_size(counts: Ids) -> int:
    low, high = len(counts), int(counts.sum())
    while low < high:  # sizes nest: if one works, so do all above it
        middle = (low + high) // 2
        low, high = (low, middle) if _of_size(counts, middle).all() else (middle + 1, high)
    return low


def write_subset(path: Path, ids: Ids) -> None:
    with atomic(path) as temporary:
        np.save(temporary, ids)


def load_subset(path: Path, index: Index) -> Ids:
    """Sorted sample ids: int64 [n]. Raises UserError where the file is missing, damaged, or of another index."""
    try:
        ids: Ids = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise UserError(f"{path}: there is no subset yet; run the workflow's subset step first") from None
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"{path}: the subset cannot be read ({error}); delete it and run again") from error
    sorted_ids = ids.dtype == np.int64 and ids.ndim == 1 and len(ids) > 0 and bool((np.diff(ids) > 0).all())
    if not sorted_ids or ids[0] < 0 or ids[-1] >= len(index.train) or not index.train[ids].all():
        raise UserError(f"{path}: not a sorted list of training samples of {index.name}; delete it and run again")
    return ids
