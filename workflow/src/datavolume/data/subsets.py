"""Subsets: which training samples a run sees, as a sorted list of their ids; no image is ever copied.

    ids = choose_subset(samples, labels, Volume(fraction=0.25), dataset="digits", classes=names)
    write_subset(paths.subset(dataset_id, subset_id), ids)

Each class has one random order per dataset and subset seed; a subset takes the front of it. How much of it says the
volume's balance: a class's *share* s is what fraction 1 would take of it, all shares add up to the training split.

    stratified     s = n_class: the classes as they are
    balanced       s = N / K: all alike
    long_tailed    s ~ imbalance^(-k / (K - 1)) for the k-th class: the largest class has `imbalance` times the images
                   of the smallest, as in Cui et al., Class-Balanced Loss Based on Effective Number of Samples (CVPR
                   2019). Classes are put in the order of their training images, ties as in the index; it is the same
                   for every subset seed.

A fraction takes `round(s x fraction)` (half to even, as Python's and NumPy's round). An exact size takes what the
fraction that rounds to it would, ties in the order of classes (Webster's method): unlike with largest remainders, a
class never loses an image when the size grows. So of two nested volumes of one balance, fractions or sizes, the larger
holds the smaller. Those of another balance or imbalance take from the same orders: they overlap, and none need hold the
other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Context, Decimal, localcontext
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
Shares = NDArray[np.float64]


def choose_subset(samples: Ids, labels: Ids, volume: Volume, *, dataset: str, classes: Sequence[str]) -> Ids:
    """Sorted ids, out of `samples` int64 [N] with `labels` int64 [N] in 0..K-1 (the training split, in order of id).

    `dataset` is the name that the random order belongs to. Raises UserError where a class would be left with no image,
    or more images are wanted than there are, in all or of a class.
    """
    counts = np.bincount(labels, minlength=len(classes))
    if volume.size is not None and volume.size > len(samples):
        raise UserError(f"subset {_name(volume)} of {dataset}: the training split has only {len(samples)} images")
    shares = _shares(counts, volume)
    take = _take(shares, volume.fraction, volume.size)
    if not take.all() or (take > counts).any():
        raise UserError(
            f"subset {_name(volume)} of {dataset} {_mistake(counts, take, classes)}; "
            f"{_remedy(counts, shares, take, volume)}"
        )
    chosen = rank_in_class(labels, dataset, volume.seed, *_drawn_afresh(volume)) < take[labels]
    ids: Ids = samples[chosen]
    return ids


def _name(volume: Volume) -> str:
    balances = {"balanced": " (balanced)", "long_tailed": f" (long_tailed, imbalance {volume.imbalance:g})"}
    return volume.label + balances.get(volume.balance, "")


def _drawn_afresh(volume: Volume) -> tuple[str, ...]:
    """What an independent volume's order belongs to, beside dataset and seed."""
    return (_name(volume),) if volume.mode == "independent" else ()


def _shares(counts: Ids, volume: Volume) -> Shares:
    """Images of each class at fraction 1, were there enough: float64 [K], in all as many as `counts`.

    In decimal numbers, because the last bits of a power are not the same on every machine.
    """
    classes, total = len(counts), int(counts.sum())
    if volume.balance == "stratified":
        return counts.astype(np.float64)
    if volume.balance == "balanced":
        return np.full(classes, total / classes)
    shares = np.empty(classes)
    with localcontext(Context(prec=30)):
        base = Decimal(repr(float(volume.imbalance)))
        profile = [base ** (Decimal(-k) / max(classes - 1, 1)) for k in range(classes)]
        scale = total / sum(profile, Decimal(0))
        shares[np.argsort(-counts, kind="stable")] = [float(weight * scale) for weight in profile]
    return shares


def _take(shares: Shares, fraction: float | None, size: int | None) -> Ids:
    """Images to take of each class: int64 [K]."""
    if size is not None:
        return _of_size(shares, size)
    rounded: Ids = np.rint(shares * (fraction or 0)).astype(np.int64)
    return rounded


def _of_size(shares: Shares, size: int) -> Ids:
    """Images to take of each class, `size` in all: int64 [K].

    The image of rank r joins at the fraction (r + 1/2) / share. By the fraction t, that is t x N images, give or take
    half a one for each class: so only the few ranks between two such fractions are put in order.
    """
    surely, maybe = (_ranks_before(shares, (size + more) / shares.sum()) for more in (-len(shares), len(shares)))
    surely, maybe = np.maximum(surely - 1, 0), maybe + 1  # a rank more on either side, for floating point
    between = maybe - surely
    owner = np.repeat(np.arange(len(shares)), between)
    rank = np.arange(len(owner)) - np.repeat(np.cumsum(between) - between - surely, between)
    turn = (rank + 0.5) / shares[owner]
    # Of images whose turn is the same, odd ranks first: half to even includes exactly those, so fractions nest too.
    order = np.lexsort((owner, rank % 2 == 0, turn))
    return surely + np.bincount(owner[order[: size - surely.sum()]], minlength=len(shares))


def _ranks_before(shares: Shares, turn: float) -> Ids:
    ranks: Ids = np.floor(shares * turn + 0.5).astype(np.int64)
    return ranks


def _mistake(counts: Ids, take: Ids, classes: Sequence[str]) -> str:
    """Which class cannot be as the volume asks; where several cannot, the smallest, and how many more."""
    too_many = take > counts
    wrong = np.flatnonzero(too_many if too_many.any() else take == 0)
    first, others = wrong[np.argmin(counts[wrong])], len(wrong) - 1
    if too_many.any():
        more = f", and too few of {others} more" if others else ""
        return f"wants {take[first]} images of class '{classes[first]}', there are {counts[first]}{more}"
    more = f" and {others} more" if others else ""
    return f"leaves class '{classes[first]}' ({counts[first]} training images){more} with no image"


def _remedy(counts: Ids, shares: Shares, take: Ids, volume: Volume) -> str:
    """The nearest fraction or size that works, where one does."""
    unit = "fraction" if volume.size is None else "size"
    which = "largest" if (take > counts).any() else "smallest"
    nearest = _NEAREST[which, unit](counts, shares)
    taken = _take(shares, nearest, int(nearest) if unit == "size" else None)
    if taken.all() and (taken <= counts).all():
        return f"the {which} {unit} that works is {nearest:g}"
    return f"with imbalance {volume.imbalance:g} no {unit} works: lower subsets.imbalance"


def _smallest_fraction(_: Ids, shares: Shares) -> float:
    """To two digits, upwards: the smallest class then rounds to one image."""
    exact = 0.5 / float(shares.min())
    scale = 10.0 ** (1 - floor(log10(exact)))
    tried = ceil(exact * scale)
    while np.rint(shares.min() * (tried / scale)) < 1:
        tried += 1
    return tried / scale


def _largest_fraction(counts: Ids, shares: Shares) -> float:
    """To three digits, downwards: no class then needs more images than it has."""
    exact = float(((counts + 0.5) / shares).min())
    scale = 10.0 ** (2 - floor(log10(exact)))
    tried = floor(exact * scale)
    while (np.rint(shares * (tried / scale)) > counts).any():
        tried -= 1
    return tried / scale


def _smallest_size(counts: Ids, shares: Shares) -> int:
    return _first_size(counts, lambda size: bool(_of_size(shares, size).all()))


def _largest_size(counts: Ids, shares: Shares) -> int:
    return _first_size(counts, lambda size: bool((_of_size(shares, size) > counts).any())) - 1


def _first_size(counts: Ids, found: Callable[[int], bool]) -> int:
    """The smallest of which that is so: sizes nest, so it is for all above."""
    low, high = len(counts), int(counts.sum())
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if found(middle) else (middle + 1, high)
    return low


_NEAREST: dict[tuple[str, str], Callable[[Ids, Shares], float]] = {
    ("smallest", "fraction"): _smallest_fraction,
    ("largest", "fraction"): _largest_fraction,
    ("smallest", "size"): _smallest_size,
    ("largest", "size"): _largest_size,
}


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
