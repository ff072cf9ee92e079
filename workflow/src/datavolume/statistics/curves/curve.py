"""One learning curve: how a metric goes with the number of training samples.

    curve = Curve(n=[100, 100, 200, 200], value=[0.61, 0.63, 0.70, 0.71], seed=[1, 2, 1, 2], kind="accuracy")
    curve.sizes().value      # mean over seeds, one row a size

Families and forecasts work on what falls with data: 1 - accuracy, the error, or the loss (`decreasing`, `restore`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from datavolume.errors import UserError

__all__ = ["Array", "Curve", "Kind", "Sizes"]

Array = NDArray[np.float64]
Kind = Literal["accuracy", "error", "loss"]
PRIOR_SEEDS = 4.0  # how many seeds the pooled relative variance counts for beside a size's own (shrinkage)


@dataclass(frozen=True)
class Sizes:
    """One row a size, smallest first; shapes (S,). `se`: standard error of the mean, 0 where nothing tells of it."""

    n: Array
    value: Array
    se: Array
    count: Array


@dataclass(frozen=True)
class Curve:
    """Rows of (n, value), perhaps several seeds a size; all arrays of one length.

    `kind`: accuracy or error (both a share, 0 to 1) or loss (above 0). `seed` names the seed of each row; a seed may
    stand once at each size. `stderr`: standard error of each row, where the value is already a mean over seeds.
    Raises UserError when lengths differ, a number is missing or infinite, n is not above 0, or value is out of bounds.
    """

    n: ArrayLike
    value: ArrayLike
    seed: ArrayLike | None = None
    kind: Kind = "error"
    stderr: ArrayLike | None = None
    _n: Array = field(init=False, repr=False, compare=False)
    _value: Array = field(init=False, repr=False, compare=False)
    _stderr: Array | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise UserError(f"kind: {self.kind!r} is none of {', '.join(get_args(Kind))}")
        object.__setattr__(self, "_n", _column("n", self.n))
        object.__setattr__(self, "_value", _column("value", self.value))
        object.__setattr__(self, "_stderr", None if self.stderr is None else _column("stderr", self.stderr))
        self._check_lengths()
        self._check_bounds()
        self._check_seeds()

    def _check_lengths(self) -> None:
        rows = len(self._n)
        if rows == 0:
            raise UserError("the curve has no rows; give at least two sizes")
        for name, column in (("value", self._value), ("stderr", self._stderr), ("seed", self.seed)):
            if column is not None and len(np.atleast_1d(np.asarray(column))) != rows:
                raise UserError(f"{name}: {len(np.atleast_1d(np.asarray(column)))} rows, but n has {rows}")

    def _check_bounds(self) -> None:
        _require("n", self._n, self._n > 0, "above 0")
        if self.kind == "loss":
            _require("value", self._value, self._value > 0, "above 0 (kind loss)")
        else:
            inside = (self._value >= 0) & (self._value <= 1)
            _require("value", self._value, inside, f"a share from 0 to 1 (kind {self.kind}; divide per cent by 100)")
        if self._stderr is not None:
            _require("stderr", self._stderr, self._stderr >= 0, "0 or above")

    def _check_seeds(self) -> None:
        if self.seed is None:
            return
        pairs = set()
        for n, seed in zip(self._n, np.atleast_1d(np.asarray(self.seed)).tolist(), strict=True):
            if (n, seed) in pairs:
                raise UserError(f"seed {seed!r} stands twice at n = {n:g}; keep one row for each size and seed")
            pairs.add((n, seed))

    def decreasing(self, value: Array) -> Array:
        """What falls with data: 1 - accuracy, else the value itself."""
        return 1.0 - value if self.kind == "accuracy" else value

    restore = decreasing  # its own inverse

    @property
    def top(self) -> float:
        """Upper bound of what falls: 1 for shares, none for a loss."""
        return np.inf if self.kind == "loss" else 1.0

    def sizes(self) -> Sizes:
        """Means over the rows of each size, with standard errors pooled over sizes (see `_relative_variance`)."""
        n, where = np.unique(self._n, return_inverse=True)
        count = np.bincount(where).astype(float)
        value = np.bincount(where, self._value) / count
        if self._stderr is not None:
            se = np.sqrt(np.bincount(where, self._stderr**2)) / count
        else:
            se = self._pooled_error(value, where, count)
        return Sizes(n, value, se, count)

    def _pooled_error(self, mean: Array, where: NDArray[np.intp], count: Array) -> Array:
        squares = np.bincount(where, (self._value - mean[where]) ** 2)
        free = count - 1
        if free.sum() == 0:
            return np.zeros(len(mean))
        scale = np.maximum(self.decreasing(mean), 1e-9) ** 2
        pooled = float((squares / scale).sum() / free.sum()) * scale
        return np.asarray(np.sqrt((squares + PRIOR_SEEDS * pooled) / (free + PRIOR_SEEDS) / count))

    def upto(self, n: float) -> Curve:
        """The part of the curve with sizes of at most n; UserError when nothing is left."""
        keep = self._n <= n
        seed = None if self.seed is None else np.atleast_1d(np.asarray(self.seed))[keep]
        return Curve(
            self._n[keep], self._value[keep], seed, self.kind, None if self._stderr is None else self._stderr[keep]
        )


def _column(name: str, values: ArrayLike) -> Array:
    try:
        column = np.atleast_1d(np.asarray(values, dtype=float))
    except (TypeError, ValueError) as error:
        raise UserError(f"{name}: not all numbers ({error})") from None
    if column.ndim != 1:
        raise UserError(f"{name}: one column of numbers is needed, not {column.ndim} dimensions")
    _require(name, column, np.isfinite(column), "a finite number")
    return column


def _require(name: str, column: Array, good: NDArray[np.bool_], what: str) -> None:
    if not good.all():
        row = int(np.argmin(good))
        raise UserError(f"{name}: {column[row]:g} in row {row + 1}; allowed is {what}")
