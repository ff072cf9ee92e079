"""A random intercept a seed, by restricted maximum likelihood, with tests that hold for few seeds and missing cells.

    fit = mixed(X, y, seeds)            X [n, p] of full rank; fit.between, fit.within: the two variances
    fit.test(C)                         F, its two degrees of freedom and p of C b = 0, rows of C together

The covariance of the coefficients is adjusted for the variances being estimates, and so are F's scale and degrees of
freedom: Kenward and Roger 1997 (Biometrics 53, 983-997). Where every seed is in every cell this is the classical F of
repeated measures, exactly. V = within (I + ratio Z Z'), so all sums go over seeds and nothing is [n, n].
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from datavolume.statistics.variance.moments import Array

__all__ = ["Mixed", "mixed"]

_MOST = 1e9  # degrees of freedom from which a variance counts as known
_RATIOS = np.concatenate([[0.0], np.geomspace(1e-6, 1e14, 81)])  # of the variance between seeds to that within


@dataclass(frozen=True)
class _Sums:
    """Of what varies within seeds [p, p], [p], scalar; and the means [G, p], [G] and sizes [G] of G seeds.

    They are kept apart, as levels far from each other would drown what varies within.
    """

    xx: Array
    xy: Array
    yy: float
    mean_x: Array
    mean_y: Array
    sizes: Array

    def weighed(self, ratio: Array) -> tuple[Array, Array, Array]:
        """X' W X [R, p, p], X' W y [R, p], y' W y [R] with W = (I + ratio Z Z')**-1."""
        weights = self.sizes / (1 + ratio[:, None] * self.sizes)
        xx = self.xx + np.einsum("rg,gp,gq->rpq", weights, self.mean_x, self.mean_x)
        return xx, self.xy + (weights * self.mean_y) @ self.mean_x, self.yy + weights @ self.mean_y**2


@dataclass(frozen=True)
class Mixed:
    """`coefficients` [p]; variances `between` seeds (0: the model is singular) and `within` them.

    `plain` is the covariance of the coefficients, were the variances known, `covariance` the adjusted one; `slopes`
    [2, p, p] are the derivatives of the plain one's inverse by the variances, whose own covariance is `doubt` [2, 2].
    """

    coefficients: Array
    between: float
    within: float
    plain: Array
    covariance: Array
    slopes: Array
    doubt: Array

    def test(self, contrasts: ArrayLike) -> tuple[float, float, float, float]:
        """NaN where the variances of the contrasts leave no degrees of freedom."""
        rows = np.atleast_2d(np.asarray(contrasts, dtype=np.float64))
        q, difference = len(rows), rows @ self.coefficients
        wald = float(difference @ np.linalg.solve(rows @ self.covariance @ rows.T, difference)) / q
        scale, df2 = self._scale(rows)
        f = scale * wald if scale > 0 else math.nan
        return f, q, df2, float(special.fdtrc(q, df2, f))

    def _scale(self, rows: Array) -> tuple[float, float]:
        """By what F is multiplied, and its second degrees of freedom: Kenward and Roger's lambda and m."""
        q = len(rows)
        inner = np.linalg.solve(rows @ self.plain @ rows.T, rows @ self.plain)
        parts = np.array([inner @ slope @ self.plain @ rows.T for slope in self.slopes])  # [2, q, q]
        traces = np.trace(parts, axis1=1, axis2=2)
        a1 = float(traces @ self.doubt @ traces)
        a2 = float(np.einsum("ij,iab,jba->", self.doubt, parts, parts))
        if not a2 > 2 / _MOST:
            return 1.0, _MOST  # as good as known
        if q == 1:
            return 1.0, 2 / a2  # what follows comes to this, Satterthwaite's
        b, g = (a1 + 6 * a2) / (2 * q), ((q + 1) * a1 - (q + 4) * a2) / ((q + 2) * a2)
        c1, c2, c3 = (np.array([g, q - g, q + 2 - g]) / (3 * q + 2 * (1 - g))).tolist()
        mean = 1 / (1 - a2 / q)
        variance = 2 / q * (1 + c1 * b) / ((1 - c2 * b) ** 2 * (1 - c3 * b))
        excess = q * variance / (2 * mean**2) - 1
        df2 = 4 + (q + 2) / excess if excess > 1 / _MOST else _MOST
        return (df2 / (mean * (df2 - 2)), df2) if df2 > 2 else (math.nan, math.nan)


def mixed(X: ArrayLike, y: ArrayLike, groups: ArrayLike) -> Mixed:
    """y [n] on X [n, p], groups [n]; the values vary about X, and n > p."""
    design, values = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
    _, codes, counts = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    sizes = counts.astype(np.float64)
    average = np.eye(sizes.size)[:, codes] / sizes[:, None]
    mean_x, mean_y = average @ design, average @ values
    x, v = design - mean_x[codes], values - mean_y[codes]
    sums = _Sums(x.T @ x, x.T @ v, float(v @ v), mean_x, mean_y, sizes)
    ratio = _most_likely(sums, values.size)
    xx, weighed_xy, weighed_yy = (part[0] for part in sums.weighed(np.array([ratio])))
    b = np.linalg.solve(xx, weighed_xy)
    within = float(weighed_yy - weighed_xy @ b) / (values.size - b.size)
    return _adjusted(sums, b, ratio, within, np.linalg.inv(xx) * within)


def _most_likely(sums: _Sums, count: int) -> float:
    """The ratio of the variances: the best of a grid, then between its neighbours."""

    def deviance(ratio: Array) -> Array:
        xx, xy, yy = sums.weighed(ratio)
        rest = yy - np.einsum("rp,rp->r", xy, np.linalg.solve(xx, xy[:, :, None])[:, :, 0])
        freedom = count - xx.shape[1]
        logs = np.log1p(ratio[:, None] * sums.sizes).sum(axis=1) + np.linalg.slogdet(xx)[1]
        return np.asarray(logs + freedom * np.log(np.maximum(rest, 1e-300)))

    best = int(np.argmin(deviance(_RATIOS)))
    low, high = _RATIOS[max(best - 1, 0)], _RATIOS[min(best + 1, _RATIOS.size - 1)]
    if best == 0:
        return 0.0
    found = optimize.minimize_scalar(
        lambda log: float(deviance(np.exp(np.array([log])))[0]),
        bounds=(math.log(max(low, 1e-9)), math.log(high)),
        method="bounded",
        options={"xatol": 1e-10},
    )
    return math.exp(float(found.x))


def _adjusted(sums: _Sums, b: Array, ratio: float, within: float, plain: Array) -> Mixed:
    """With V = within (I + ratio Z Z'), whose derivatives by the variances are G = Z Z' and I."""
    room = 1 + ratio * sums.sizes

    def inner(powers: int, seeds: int) -> Array:
        """X' V**-1 (G or I) V**-1 ... X, with so many V**-1 and so many G among what stands between them."""
        between_seeds = (sums.mean_x.T * (sums.sizes ** (seeds + 1.0) / room**powers)) @ sums.mean_x
        return np.asarray((between_seeds + (0.0 if seeds else sums.xx)) / within**powers)

    def trace(seeds: int) -> float:
        """Of V**-1 (G or I) V**-1 (G or I)."""
        of_seed = float((sums.sizes**seeds / room**2).sum())
        return (of_seed + (0.0 if seeds else float((sums.sizes - 1).sum()))) / within**2

    slopes = -np.array([inner(2, 1), inner(2, 0)])
    seeds_of = np.array([[2, 1], [1, 0]])
    double = np.array([[inner(3, seeds) for seeds in row] for row in seeds_of])  # [2, 2, p, p]
    single = np.einsum("ipq,qr,jrs->ijps", slopes, plain, slopes)
    traces = np.array([[trace(seeds) for seeds in row] for row in seeds_of])
    lost = np.einsum("pq,ijqp->ij", plain, 2 * double - single)
    known = (traces - lost) / 2
    unit = np.sqrt(np.outer(np.diag(known), np.diag(known)))  # the variances may be many powers of ten apart
    doubt = np.linalg.pinv(known / unit, hermitian=True) / unit
    more = np.einsum("ij,ijpq->pq", doubt, double - single)
    covariance = plain + 2 * plain @ more @ plain
    return Mixed(b, ratio * within, within, plain, covariance, slopes, doubt)
