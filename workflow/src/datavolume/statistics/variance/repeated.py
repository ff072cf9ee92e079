"""The same seeds in every cell: repeated measures.

    repeated(values, shape)     values [seeds, cells]; a Repeated for each term of the cells' factors

Each term is judged by how it varies between seeds: F = MS(term) / MS(term x seed). That needs sphericity (differences
between cells vary alike); epsilon says how far it is missed, and the degrees of freedom are multiplied by it: Huynh and
Feldt's, corrected by Lecoutre (1991, Journal of Educational Statistics 16, 371-372).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations

import numpy as np
from scipy import linalg, stats

from datavolume.statistics.variance.moments import Array, rounding_only

__all__ = ["Repeated", "repeated"]


@dataclass(frozen=True)
class Repeated:
    """`term`: places of the factors; `total`: number of values; `df1`, `df2` before the correction by `epsilon`, `p`
    after it."""

    term: tuple[int, ...]
    total: int
    df1: int
    df2: int
    sum_sq: float
    error_sq: float
    f: float
    p_uncorrected: float
    epsilon: float
    p: float


def repeated(values: Array, shape: Sequence[int]) -> list[Repeated]:
    """values: [seeds, product of shape], the last factor's level changing first; two seeds or more."""
    places = range(len(shape))
    terms = [term for order in range(1, len(shape) + 1) for term in combinations(places, order)]
    return [_test(values, term, _contrasts(shape, term)) for term in terms]


def _contrasts(shape: Sequence[int], term: Sequence[int]) -> Array:
    """Orthonormal contrasts of the term over the cells [cells, df]."""
    parts = [
        _helmert(count) if place in term else np.full((count, 1), count**-0.5) for place, count in enumerate(shape)
    ]
    return np.asarray(reduce(np.kron, parts))


def _helmert(count: int) -> Array:
    return np.asarray(linalg.helmert(count).T, dtype=np.float64)


def _test(values: Array, term: tuple[int, ...], contrasts: Array) -> Repeated:
    scores = (values - values.mean(axis=0).mean()) @ contrasts
    seeds, df1 = scores.shape
    mean = scores.mean(axis=0)
    square, error = seeds * float((mean**2).sum()), float(((scores - mean) ** 2).sum())
    df2, total = df1 * (seeds - 1), values.size
    if rounding_only(error, values):
        return Repeated(term, total, df1, df2, square, error, math.nan, math.nan, math.nan, math.nan)
    f, epsilon = (square / df1) / (error / df2), _epsilon(scores)
    plain, corrected = (float(stats.f.sf(f, df1 * by, df2 * by)) for by in (1.0, epsilon))
    return Repeated(term, total, df1, df2, square, error, f, plain, epsilon, corrected)


def _epsilon(scores: Array) -> float:
    """Huynh, Feldt and Lecoutre's, between 1 / df and 1."""
    seeds, df1 = scores.shape
    if df1 == 1:
        return 1.0
    spread = np.cov(scores, rowvar=False)
    greenhouse = float(np.trace(spread)) ** 2 / (df1 * float((spread**2).sum()))
    room = seeds - 1 - df1 * greenhouse
    lifted = (seeds * df1 * greenhouse - 2) / (df1 * room) if room > 0 else 1.0
    return float(min(max(lifted, greenhouse, 1 / df1), 1.0))
