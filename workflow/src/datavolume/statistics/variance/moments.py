"""Means and sums of squares that keep their digits.

    sums(samples)       sizes, means, sum of squares between and within the samples

Two passes about the mean (Chan, Golub and LeVeque 1983, The American Statistician 37), each sum rounded once.
Where values share so many leading digits that a double rounds away what differs (1000000000000.4), a first value is
taken off in decimal: each double stands for the shortest decimal that reads back to it, which is what the file held.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Samples", "Sums", "believed", "centred", "rounding_only", "sums"]

_SHARED = 1e-4  # spread relative to size below which the values are first centred in decimal
_TINY = 8 * float(np.finfo(np.float64).eps)  # relative to the values: a spread below it is rounding

Array = NDArray[np.float64]
Samples = Sequence[Array]


@dataclass(frozen=True)
class Sums:
    """Of k samples: `sizes` [k], `means` [k]; sums of squares `between` and `within` them, and `within_each` [k]."""

    sizes: NDArray[np.int64]
    means: Array
    between: float
    within: float
    within_each: Array


def centred(values: ArrayLike) -> tuple[Array, float]:
    """The values less a pivot, and the pivot, which is 0 unless the values share most of their digits."""
    array = np.asarray(values, dtype=np.float64)
    if array.size == 0 or float(np.ptp(array)) > _SHARED * float(np.abs(array).max()):
        return array, 0.0
    unique, places = np.unique(array, return_inverse=True)
    pivot = Fraction(repr(float(unique[0])))
    differences = np.array([float(Fraction(repr(float(value))) - pivot) for value in unique])
    return differences[places].reshape(array.shape), float(pivot)


def sums(samples: Samples) -> Sums:
    """Every sample has one value or more."""
    sizes = np.array([sample.size for sample in samples], dtype=np.int64)
    pooled, pivot = centred(np.concatenate(samples))
    parts = np.split(pooled, np.cumsum(sizes)[:-1])
    means = np.array([math.fsum(part) / part.size for part in parts])
    within = np.array([math.fsum((part - mean) ** 2) for part, mean in zip(parts, means, strict=True)])
    grand = math.fsum(pooled) / pooled.size
    between = math.fsum(sizes * (means - grand) ** 2)
    return Sums(sizes, means + pivot, between, math.fsum(within), within)


def believed(found: Sums, least: float = 0.0) -> Array:
    """The variance of each sample of two values or more [k], that of a standard deviation of `least` or more."""
    return np.maximum(found.within_each / (found.sizes - 1), least**2)


def rounding_only(spread: float, values: ArrayLike) -> bool:
    """Whether a sum of squares is no more than the rounding of the values."""
    array = np.asarray(values, dtype=np.float64)
    return spread <= array.size * (_TINY * float(np.abs(array).max(initial=0.0))) ** 2
