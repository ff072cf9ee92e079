"""The yardstick of intervals: a Gaussian process of the error with a power-law mean.

Mean b_0 + b_1 n^-c with b_0, b_1 integrated out under a flat prior (Rasmussen & Williams 2006, section 2.7), squared
exponential covariance in ln n, noise = standard error² + a variance; c, length, amplitude and the variance by maximum
marginal likelihood from several starts. In kind the model of Harvey et al. (2023), arXiv 2311.18025, whose mean is a
power law with an asymptote too. Predicts a size's measured mean, its noise included.
"""

from __future__ import annotations

import numpy as np
from scipy import stats
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

from forecasting.curves import Array

STARTS = ((0.3, 1.0), (0.8, 1.0), (0.3, 3.0))  # exponent, length in ln n
BOUNDS = [(np.log(0.02), np.log(3.0)), (np.log(0.2), np.log(6.0)), (-14.0, 2.0), (-16.0, 0.0)]


def predict(
    n: Array, error: Array, stderr: Array, to: Array, level: float, plug_in: bool = False
) -> tuple[Array, Array, Array]:
    """Median, lower and upper of the error at sizes `to`, kept within 0 and 1. `plug_in` takes the mean's coefficients
    for certain, as one does who fits the mean first."""
    unit = max(float(np.std(error)), 1e-4)
    y, noise = (error - error.mean()) / unit, (stderr / unit) ** 2
    x, x_to = np.log(n / n[-1]), np.log(to / n[-1])
    tries = [
        minimize(_evidence, np.array([np.log(c), np.log(length), -2.0, -4.0]), (x, y, noise), "L-BFGS-B", bounds=BOUNDS)
        for c, length in STARTS
    ]
    best = min(tries, key=lambda found: float(found.fun)).x
    mean, variance = _posterior(best, x, y, noise, x_to, plug_in)
    half = stats.norm.ppf((1 + level) / 2) * np.sqrt(variance)
    ends = [np.clip(error.mean() + unit * value, 0, 1) for value in (mean, mean - half, mean + half)]
    return ends[0], ends[1], ends[2]


def _parts(logs: Array, x: Array, noise: Array) -> tuple[Array, Array, float]:
    c, length, amplitude, extra = np.exp(logs)
    kernel = amplitude * np.exp(-0.5 * ((x[:, None] - x) / length) ** 2) + np.diag(noise + extra + 1e-8)
    return kernel, _basis(x, c), float(extra)


def _basis(x: Array, c: float) -> Array:
    return np.stack([np.ones_like(x), np.exp(-c * x)], axis=1)


def _evidence(logs: Array, x: Array, y: Array, noise: Array) -> float:
    """Minus the log marginal likelihood, up to a constant (Rasmussen & Williams, equation 2.45)."""
    kernel, basis, _ = _parts(logs, x, noise)
    scale = np.linalg.norm(basis, axis=0)  # the flat prior is of coefficients; a column's length is no evidence
    basis = basis / scale
    factor = cho_factor(kernel, lower=True)
    weighted = cho_solve(factor, basis)
    square = basis.T @ weighted + 1e-10 * np.eye(2)
    solved = np.linalg.solve(square, weighted.T @ y)
    rest = y - basis @ solved
    return float(
        0.5 * rest @ cho_solve(factor, rest) + np.log(np.diag(factor[0])).sum() + 0.5 * np.linalg.slogdet(square)[1]
    )


def _posterior(logs: Array, x: Array, y: Array, noise: Array, to: Array, plug_in: bool) -> tuple[Array, Array]:
    kernel, basis, extra = _parts(logs, x, noise)
    c, length, amplitude, _ = np.exp(logs)
    cross = amplitude * np.exp(-0.5 * ((to[:, None] - x) / length) ** 2)
    factor = cho_factor(kernel, lower=True)
    weighted = cho_solve(factor, basis)
    square = basis.T @ weighted
    beta = np.linalg.lstsq(square, weighted.T @ y, rcond=None)[0]
    mean = _basis(to, c) @ beta + cross @ cho_solve(factor, y - basis @ beta)
    left = _basis(to, c) - cross @ weighted
    variance = amplitude - np.einsum("ij,ji->i", cross, cho_solve(factor, cross.T))
    if not plug_in:
        variance += np.einsum("ij,ji->i", left, np.linalg.pinv(square) @ left.T)
    return mean, np.maximum(variance, 0) + extra + float(np.mean(noise[-5:]))
