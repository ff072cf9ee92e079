"""Fit a family to a curve: `fit(curve, "power_offset").predict([20_000])`, several starts, seeds' spread as weights.

Residuals are of ln y (of y for log_linear), y being what falls with data. A size weighs 1 / (se² + FLOOR²), its
standard error relative to y: a size with many seeds that agree weighs more, but none more than any formula is right to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from datavolume.errors import UserError
from datavolume.statistics.curves.curve import Array, Curve, Kind
from datavolume.statistics.curves.families import FAMILIES, Family
from datavolume.statistics.curves.models import SMALLEST, Frame
from datavolume.statistics.curves.solver import minimise

__all__ = ["Falling", "Fitted", "Problem", "Solution", "falling", "fit", "problem", "solve"]

FLOOR = 0.02  # relative error that no size is trusted beyond: formulas are about this far from measured curves
TINIEST = 1e-4  # a share of errors of 0 is taken for this (one error in 10 000): its logarithm must exist
KEPT = 3  # starts of the grid that are followed to the end


@dataclass(frozen=True)
class Falling:
    """A curve as families see it: ln n (S,), y above 0 (S,), relative standard errors of y (S,), its bound."""

    log_n: Array
    y: Array
    error: Array
    top: float
    kind: Kind

    def first(self, end: int) -> Falling:
        return Falling(self.log_n[:end], self.y[:end], self.error[:end], self.top, self.kind)

    def merged(self, most: int) -> Falling:
        """At most `most` sizes: neighbours in ln n become their means, when there are more."""
        if len(self.y) <= most:
            return self
        bins = np.linspace(self.log_n[0], self.log_n[-1], most + 1)
        _, where = np.unique(np.clip(np.digitize(self.log_n, bins), 1, most), return_inverse=True)
        count = np.bincount(where)
        log_n, y = np.bincount(where, self.log_n) / count, np.bincount(where, self.y) / count
        return Falling(log_n, y, np.sqrt(np.bincount(where, self.error**2)) / count, self.top, self.kind)

    def units(self, log_y: Array) -> Array:
        """ln y as the user's metric, within its bounds."""
        y = np.minimum(np.exp(np.minimum(log_y, 700)), self.top)
        return np.asarray(1 - y if self.kind == "accuracy" else y)


@dataclass(frozen=True)
class Problem:
    """Several parts of a curve, each from its first size to one end: arrays (R, S), weight 0 beyond the end."""

    u: Array
    y: Array
    weight: Array
    linear_weight: Array
    frame: Frame
    ends: NDArray[np.intp]


@dataclass(frozen=True)
class Solution:
    """theta (R, P), the weighted residual sum of squares (R,), and whether each row came to rest (R,)."""

    theta: Array
    loss: Array
    rest: NDArray[np.bool_]


@dataclass(frozen=True)
class Fitted:
    """A fitted family. `rss`: weighted squares of the residuals, weights of mean 1; `aicc`: Hurvich & Tsai (1989),
    comparable between families of one curve; `params`: see `FAMILIES[family].formula`, in terms of y = 1 - accuracy
    for an accuracy; `note`: why not to trust it, else empty."""

    family: str
    params: dict[str, float]
    rss: float
    aicc: float
    converged: bool
    note: str
    _theta: Array
    _frame: Frame
    _curve: Curve

    def predict(self, n: ArrayLike) -> Array:
        """The metric (accuracy stays accuracy) at sizes n, of any shape; always within its bounds."""
        sizes = np.asarray(n, dtype=float)
        u = np.log(np.atleast_1d(sizes).ravel()) - self._frame.log_last
        y = np.exp(FAMILIES[self.family].model(self._theta[None], u[None], self._frame)[0])
        bounded = np.minimum(y, self._curve.top).reshape(sizes.shape)
        return np.asarray(self._curve.decreasing(bounded))


def falling(curve: Curve) -> Falling:
    sizes = curve.sizes()
    y = curve.decreasing(sizes.value)
    y = np.maximum(y, SMALLEST if curve.kind == "loss" else np.clip(sizes.se, TINIEST, 1.0))
    return Falling(np.log(sizes.n), y, sizes.se / y, curve.top, curve.kind)


def problem(curve: Falling, ends: NDArray[np.intp], recency: float = 0.0) -> Problem:
    """Parts of the curve up to sizes `ends` (R,), counted; a size weighs (n / n_last)^recency besides its error."""
    size = int(ends.max())
    log_n, y = curve.log_n[:size], np.broadcast_to(curve.y[:size], (len(ends), size))
    u = log_n - log_n[ends - 1][:, None]
    inside = np.arange(size) < ends[:, None]
    late = inside * np.exp(recency * np.minimum(u, 0))
    weight = late / (curve.error[:size] ** 2 + FLOOR**2)
    level = np.median(curve.y)
    linear = late / ((curve.error[:size] * curve.y[:size]) ** 2 + (FLOOR * level) ** 2)
    low, high = np.where(inside, y, np.inf).min(1), np.where(inside, y, -np.inf).max(1)
    frame = Frame(log_n[ends - 1], low, high, np.full(len(ends), curve.top))
    return Problem(u, y, weight, linear, frame, ends)


def solve(family: Family, task: Problem) -> Solution:
    """The best of several starts for every part."""
    weight = task.linear_weight if family.linear else task.weight
    theta = np.clip(family.starts(task.u, task.y, weight, task.frame), family.low, family.high)
    if not family.refined:
        return Solution(theta[:, 0], _loss(family, theta, task)[:, 0], np.ones(len(theta), dtype=bool))
    theta = np.take_along_axis(theta, np.argsort(_loss(family, theta, task), axis=1)[:, :KEPT, None], 1)
    parts, count, _ = theta.shape
    part = np.repeat(np.arange(parts), count)

    def model(values: Array, rows: NDArray[np.intp]) -> Array:
        return family.model(values, task.u[part[rows]], task.frame.rows(part[rows]))

    bounds = (family.low, family.high)
    found, loss, rest = minimise(model, theta.reshape(parts * count, -1), bounds, np.log(task.y)[part], weight[part])
    best = np.argmin(loss.reshape(parts, count), axis=1) + count * np.arange(parts)
    return Solution(found[best], loss[best], rest[best])


def _loss(family: Family, theta: Array, task: Problem) -> Array:
    """Weighted squares of ln y for theta (R, K, P) -> (R, K)."""
    parts, count, params = theta.shape
    part = np.repeat(np.arange(parts), count)
    model = family.model(theta.reshape(-1, params), task.u[part], task.frame.rows(part))
    return np.asarray((task.weight[part] * (model - np.log(task.y)[part]) ** 2).sum(1).reshape(parts, count))


def fit(curve: Curve, family: str) -> Fitted:
    """Fit one family to all sizes. UserError for an unknown family; too few sizes give a note, not an error."""
    if family not in FAMILIES:
        raise UserError(f"family: {family!r} is none of {', '.join(FAMILIES)}")
    data, chosen = falling(curve), FAMILIES[family]
    sizes = len(data.y)
    task = problem(data, np.array([sizes]))
    solution = solve(chosen, task)
    rss = float(solution.loss[0] / task.weight[0].mean())
    params = chosen.described(solution.theta[0], task.frame)
    if chosen.linear and curve.kind == "accuracy":
        params = {"intercept": 1 - params["intercept"], "slope": -params["slope"]}
    score, rest = information(rss, sizes, chosen.size), bool(solution.rest[0])
    return Fitted(family, params, rss, score, rest, _note(chosen, sizes, rest), solution.theta[0], task.frame, curve)


def information(rss: float, sizes: int, params: int) -> float:
    """AICc of normal residuals of unknown variance; infinite when there are too few sizes for it."""
    k = params + 1
    if sizes <= k + 1:
        return float("inf")
    return sizes * float(np.log(max(rss, 1e-300) / sizes)) + 2 * k + 2 * k * (k + 1) / (sizes - k - 1)


def _note(family: Family, sizes: int, rest: bool) -> str:
    if sizes < family.least:
        return f"too few sizes: {sizes}, {family.name} needs {family.least}"
    return "" if rest else "the fit had not come to rest"
