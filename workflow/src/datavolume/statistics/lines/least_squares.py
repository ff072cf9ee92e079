"""Least squares that keep their digits: Householder's QR in the widest floating point numbers that the machine has.

    fit = least_squares(X, y)               X: [n, p] with its column of ones
    fit = polynomial(x, y, 10)              of degree 10 (fitted about the middle of x, then expanded)
    fit.coefficients, fit.errors, fit.r2, fit.residual_sd

numpy's and LAPACK's doubles lose up to half the digits on NIST's hard sets; `numpy.longdouble` has 64 bits of
mantissa on x86 (and is a double on some other machines: fewer digits there). Golub and Van Loan, Matrix Computations,
section 5.3.2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from datavolume.errors import UserError

__all__ = ["Fit", "least_squares", "polynomial"]

Array = NDArray[np.float64]
Long = NDArray[Any]  # of longdouble
_WIDE: Any = np.longdouble
_COLLINEAR = 1e-17  # relative to its column: what is left of one that others explain


@dataclass(frozen=True)
class Fit:
    """`coefficients`, `errors` (standard errors) [p], `covariance` [p, p], `residuals` [n], `df` = n - p.

    `sst` is about the mean, without an intercept about zero; `f` tests all slopes. Errors are NaN where df is 0.
    """

    coefficients: Array
    errors: Array
    covariance: Array
    residuals: Array
    ssr: float
    sst: float
    df: int
    intercept: bool

    @property
    def explained(self) -> float:
        return self.sst - self.ssr

    @property
    def r2(self) -> float:
        return 1 - self.ssr / self.sst if self.sst else math.nan

    @property
    def residual_sd(self) -> float:
        return math.sqrt(self.ssr / self.df) if self.df else math.nan

    @property
    def f(self) -> float:
        freedom = self.coefficients.size - self.intercept
        if not freedom or not self.df:
            return math.nan
        return math.inf if not self.ssr else (self.explained / freedom) / (self.ssr / self.df)


def least_squares(X: ArrayLike, y: ArrayLike, *, intercept: bool = True) -> Fit:
    """`intercept`: X [n, p] has a column of ones. Raises UserError where columns are collinear, or n < p."""
    design, values = _long(X), _long(y)
    return _fit(design, values, np.eye(design.shape[1], dtype=_WIDE), intercept)


def polynomial(x: ArrayLike, y: ArrayLike, degree: int) -> Fit:
    """y [n] on 1, x, ..., x**degree. Powers of (x - middle) / half range are far from collinear; those of x are not."""
    wide = _long(x)
    middle = wide.mean()
    half = np.abs(wide - middle).max()
    if not half:
        raise UserError("all x are the same: no line can be fitted")
    powers = range(degree + 1)
    expand = np.array([[_expanded(j, k, middle, half) for k in powers] for j in powers], dtype=_WIDE)
    return _fit(((wide - middle) / half)[:, None] ** np.arange(degree + 1), _long(y), expand, True)


def _expanded(j: int, k: int, middle: Any, half: Any) -> Any:
    """The coefficient of x**j in ((x - middle) / half)**k."""
    return math.comb(k, j) * (-middle) ** (k - j) / half**k if k >= j else _WIDE(0)


def _long(values: ArrayLike) -> Long:
    return np.asarray(values).astype(_WIDE)


def _fit(design: Long, y: Long, to: Long, intercept: bool) -> Fit:
    """Least squares of y on `design`; `to` turns its coefficients into those that are asked for."""
    n, p = design.shape
    if n < p:
        raise UserError(f"{n} values are too few for {p} coefficients")
    triangle, rotated = _rotated(design, y)
    inverse = to @ _inverse(triangle)
    inner = _inverse(triangle) @ rotated[:p]
    df, ssr = n - p, (rotated[p:] ** 2).sum()
    covariance = inverse @ inverse.T * (ssr / df if df else np.nan)
    centre = y.mean() if intercept else 0
    return Fit(
        coefficients=(to @ inner).astype(np.float64),
        errors=np.sqrt(np.diag(covariance)).astype(np.float64),
        covariance=covariance.astype(np.float64),
        residuals=(y - design @ inner).astype(np.float64),
        ssr=float(ssr),
        sst=float(((y - centre) ** 2).sum()),
        df=df,
        intercept=intercept,
    )


def _rotated(design: Long, y: Long) -> tuple[Long, Long]:
    """R [p, p] and Q'y [n] of design = QR, by Householder's reflections."""
    p = design.shape[1]
    table, size = np.column_stack([design, y]), np.sqrt((design**2).sum(axis=0))
    for j in range(p):
        mirror = table[j:, j].copy()
        mirror[0] += np.copysign(np.sqrt((mirror**2).sum()), mirror[0])
        length = (mirror**2).sum()
        table[j:] -= 2 * np.outer(mirror, mirror @ table[j:]) / (length or 1)
        if abs(table[j, j]) <= _COLLINEAR * size[j]:
            raise UserError(f"column {j + 1} of the regression follows from those before it: leave one of them out")
    return table[:p, :p], table[:, p]


def _inverse(triangle: Long) -> Long:
    """Of an upper triangle, by back substitution."""
    p = len(triangle)
    inverse = np.zeros_like(triangle)
    for i in reversed(range(p)):
        unit = (np.arange(p) == i).astype(triangle.dtype)
        inverse[i] = (unit - triangle[i, i + 1 :] @ inverse[i + 1 :]) / triangle[i, i]
    return inverse
