"""What was found while a dataset was prepared: `prepared.json`, for people.

How many images of each class are in each split; the images that cannot be read, each named; images that are there more
than once, and of these apart those that stand on both sides of a split, since they let a network see in training what
it is tested on; the images' sizes. Image files are the same where their bytes are, arrays where their pixels are.
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datavolume.data.samples import SPLITS, Samples
from datavolume.data.stores import Store
from datavolume.data.writing import Written

__all__ = ["report_of"]

_NAMED_SETS, _NAMED_IMAGES = 1000, 20
_log = logging.getLogger(__name__)


def report_of(name: str, samples: Samples, written: Written, store: Store, listing: str) -> dict[str, Any]:
    """`samples` are those that could be read. What training should not be surprised by is also said in the log."""
    duplicates = _duplicates(samples, written.digests)
    leaking = duplicates["between_splits"]["held_out_images"]
    if leaking:
        _log.warning(
            "%s: %d held-out images are also in the training split (leakage); prepared.json names them", name, leaking
        )
    return {
        "name": name,
        "store": {"name": store.name, "image_size": store.image_size, "resize": store.resize},
        "listing": listing,
        "images": len(samples.labels),
        "splits": _counts(samples),
        "unreadable": [{"file": file, "why": why} for file, why in written.unreadable.items()],
        "duplicates": duplicates,
        "sizes": None if written.originals is None else _sizes(written.originals),
    }


def _counts(samples: Samples) -> dict[str, Any]:
    """Images of each split, in all and of each class."""
    split = samples.split
    counts = {}
    for number, name in enumerate(SPLITS):
        of_class = np.bincount(samples.labels[split == number], minlength=len(samples.classes)).tolist()
        if sum(of_class) or name != "tuning":
            counts[name] = {"images": sum(of_class), "classes": dict(zip(samples.classes, of_class, strict=True))}
    return counts


def _duplicates(samples: Samples, digests: NDArray[np.void]) -> dict[str, Any]:
    """Sets of images that are the same; those across splits or classes apart."""
    sets = _equal_sets(digests)
    split = samples.split
    between = [ids for ids in sets if len(set(split[ids].tolist())) > 1]
    held_out = [i for ids in between for i in ids.tolist() if split[i] != 0 and (split[ids] == 0).any()]
    return {
        "sets": len(sets),
        "images": sum(map(len, sets)),
        "with_several_labels": sum(len(set(samples.labels[ids].tolist())) > 1 for ids in sets),
        "named": _named(samples, sets),
        "between_splits": {"sets": len(between), "held_out_images": len(held_out), "named": _named(samples, between)},
    }


def _equal_sets(digests: NDArray[np.void]) -> list[NDArray[np.int64]]:
    """The ids of images that share a digest, for each digest of several images, in order of the first id."""
    _, first, inverse, counts = np.unique(digests, return_index=True, return_inverse=True, return_counts=True)
    members = np.argsort(inverse, kind="stable")
    starts = np.cumsum(counts) - counts
    several = np.flatnonzero(counts > 1)
    order = several[np.argsort(first[several])]
    return [members[starts[k] : starts[k] + counts[k]] for k in order]


def _named(samples: Samples, sets: list[NDArray[np.int64]]) -> list[list[str]]:
    """The sources of each set, up to a number that people read."""
    return [[samples.sources[i] for i in ids[:_NAMED_IMAGES]] for ids in sets[:_NAMED_SETS]]


def _sizes(originals: NDArray[np.int64]) -> dict[str, dict[str, int]]:
    """Of the files as they came: smallest, median and largest height and width."""
    named = zip(("height", "width"), originals.T, strict=True)
    return {
        name: {"smallest": int(side.min()), "median": int(np.sort(side)[len(side) // 2]), "largest": int(side.max())}
        for name, side in named
    }
