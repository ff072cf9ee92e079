"""Standard errors that hold when the runs of a seed resemble each other: cluster-robust, corrected for few seeds.

    robust = clustered(X, y, seeds)         CR2 covariance, degrees of freedom a coefficient
    robust.interval(1), robust.p(1)         Student's t
    robust.wald(C)                          C b = 0, rows of C together: Hotelling's T2

CR2 and its degrees of freedom: Bell and McCaffrey 2002 (Survey Methodology 28, 169-181); Imbens and Kolesar 2016
(Review of Economics and Statistics 98, 701-712). The joint test takes the mean of its contrasts' degrees of
freedom: the number of seeds less one, and exact, where every seed has the same X (Pustejovsky and Tipton 2018, Journal
of Business and Economic Statistics 36, 672-683, estimate it otherwise).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg, stats

__all__ = ["Clustered", "clustered"]

Array = NDArray[np.float64]
_TINY = 1e-10


@dataclass(frozen=True)
class Clustered:
    """`coefficients`, `errors`, `df` [p]; `covariance` [p, p]; `clusters` is their number. NaN with one cluster.

    `degrees` gives the degrees of freedom of each row of contrasts [q, p].
    """

    coefficients: Array
    covariance: Array
    degrees: Callable[[Array], Array]
    clusters: int
    residuals: Array

    @property
    def df(self) -> Array:
        return self.degrees(np.eye(self.coefficients.size))

    @property
    def errors(self) -> Array:
        return np.sqrt(np.diag(self.covariance))

    def interval(self, place: int, level: float = 0.95) -> tuple[float, float]:
        half = float(stats.t.ppf((1 + level) / 2, self.df[place])) * float(self.errors[place])
        return float(self.coefficients[place]) - half, float(self.coefficients[place]) + half

    def p(self, place: int) -> float:
        error = float(self.errors[place])
        if not error > 0:
            return math.nan
        return float(2 * stats.t.sf(abs(float(self.coefficients[place])) / error, self.df[place]))

    def wald(self, contrasts: ArrayLike) -> tuple[float, float, float, float]:
        """F, its two degrees of freedom and p of C b = 0, C: [q, p]; NaN with no more clusters than q."""
        rows = np.atleast_2d(np.asarray(contrasts, dtype=np.float64))
        q, freedom = len(rows), min(float(self.degrees(rows).mean()), self.clusters - 1)
        inner = rows @ self.covariance @ rows.T
        if not freedom > q - 1 or not np.isfinite(inner).all() or np.linalg.matrix_rank(inner, hermitian=True) < q:
            return math.nan, q, freedom - q + 1, math.nan
        difference = rows @ self.coefficients
        t2 = float(difference @ np.linalg.solve(inner, difference))
        df2 = freedom - q + 1
        f = t2 * df2 / (freedom * q)
        return f, q, df2, float(stats.f.sf(f, q, df2))


def clustered(X: ArrayLike, y: ArrayLike, groups: ArrayLike) -> Clustered:
    """Least squares of y [n] on X [n, p] of full rank, with clusters `groups` [n]."""
    design, values = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
    names, codes = np.unique(np.asarray(groups), return_inverse=True)
    orthogonal, triangle = np.linalg.qr(design)
    back = linalg.solve_triangular(triangle, np.eye(design.shape[1]))
    coefficients = back @ (orthogonal.T @ values)
    residuals = values - design @ coefficients
    if len(names) < 2:
        nothing = np.full(design.shape[1], np.nan)
        unknown = np.full((nothing.size,) * 2, np.nan)
        return Clustered(coefficients, unknown, lambda rows: np.full(len(rows), np.nan), len(names), residuals)
    members = [np.flatnonzero(codes == code) for code in range(len(names))]
    weights = [_weight(orthogonal[rows]) for rows in members]
    scores = np.array([back @ (w @ residuals[rows]) for w, rows in zip(weights, members, strict=True)])

    def degrees(rows: Array) -> Array:
        return _freedom(orthogonal, rows @ back, weights, members)

    return Clustered(coefficients, scores.T @ scores, degrees, len(names), residuals)


def _weight(orthogonal: Array) -> Array:
    """Q_g' (I - Q_g Q_g')^(-1/2) of one cluster [p, n_g]; directions that the cluster alone fits are left out."""
    left, singular, right = np.linalg.svd(orthogonal, full_matrices=False)
    room = 1 - singular**2
    scale = np.where(room > _TINY, singular / np.sqrt(np.where(room > _TINY, room, 1.0)), 0.0)
    return np.asarray((right.T * scale) @ left.T)


def _freedom(orthogonal: Array, rows_back: Array, weights: list[Array], members: list[NDArray[Any]]) -> Array:
    """Satterthwaite's degrees of freedom of each contrast's variance, if values were independent.

    With a_g = w_g' times a contrast (a row of `rows_back`) put at the rows of cluster g, and M = I - QQ', they are
    tr(G)**2 / tr(G G) for G = A' M A, A = [a_1 ...]: A'A is diagonal, A'QQ'A needs Q_g' a_g alone.
    """
    found = []
    for row in rows_back:
        parts = [w.T @ row for w in weights]
        inner = np.array([orthogonal[rows].T @ part for rows, part in zip(members, parts, strict=True)])
        gram = np.diag([float(part @ part) for part in parts]) - inner @ inner.T
        square = float((gram**2).sum())
        found.append(float(np.trace(gram)) ** 2 / square if square > 0 else math.nan)
    return np.array(found)
