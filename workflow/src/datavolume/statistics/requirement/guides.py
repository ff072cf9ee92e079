"""How a curve runs between the sizes trained: every way that the measurements do not speak against.

    ways = between(curve, data)     [W, grid]: the metric along `grid(data.n)`, each through all means

Straight lines over log n would do for close sizes only. So families of learning curves are fitted (power law and
exponential, both with offset, and M4) and what they miss at the sizes is joined by straight lines; those that fit much
worse than the best are dropped. Two sizes tell nothing of
the bend: there, a line over log n and steeper power laws stand for all that is plausible.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from datavolume.statistics.curves import Curve, fit
from datavolume.statistics.requirement.replicates import Array, Replicates

__all__ = ["STEPS", "between", "grid", "join", "scatter"]

STEPS = 24  # of the grid, between two sizes
_LEAST_M4 = 5  # sizes, for its five parameters to say something
_CANDIDATES = 150  # of an exponent or a rate
_WORSE = 10.0  # in -2 log likelihood: farther from the best, a family is dropped (Burnham and Anderson 2002, 2.6)
_EXPONENTS = (0.5, 2.0)
_LEAST_FREE = 2  # sizes beyond a family's parameters, for a spread of its residuals


def grid(sizes: Array) -> Array:
    """All sizes, and STEPS steps between them that are even in log n."""
    if sizes.size == 1:
        return sizes
    places = np.arange((sizes.size - 1) * STEPS + 1) / STEPS
    steps = np.exp(np.interp(places, np.arange(sizes.size), np.log(sizes)))
    steps[::STEPS] = sizes
    return np.asarray(steps)


def join(sizes: Array, values: Array) -> Array:
    """Straight lines over log n through the values at the sizes, along the grid."""
    return np.asarray(np.interp(np.log(grid(sizes)), np.log(sizes), values))


def between(curve: Curve, data: Replicates) -> Array:
    """One way at least, the straight lines."""
    ways = list(_power_laws(data)) if data.n.size == 2 else [_through(data, at) for at in _fitted(curve, data)]
    return np.stack(ways or [join(data.n, data.means)])


def _through(data: Replicates, values: Array) -> Array:
    """A family's values along the grid, moved to go through the means."""
    return np.asarray(values + join(data.n, data.means - values[::STEPS]))


def _power_laws(data: Replicates) -> Iterator[Array]:
    yield join(data.n, data.means)
    for exponent in _EXPONENTS:
        shape = grid(data.n) ** -exponent
        share = (shape - shape[0]) / (shape[-1] - shape[0])
        yield data.means[0] + share * (data.means[-1] - data.means[0])


def _fitted(curve: Curve, data: Replicates) -> list[Array]:
    """The families' values along the grid, those that fit about as well as the best of them."""
    sizes, n = curve.sizes(), grid(data.n)
    error = np.maximum(sizes.se, max(1e-6 * float(np.abs(sizes.value).max()), 1e-12))
    exponents = np.linspace(0.02, 3, _CANDIDATES)[:, None]
    spans = np.geomspace(data.n[0] / 10, 3 * data.n[-1], _CANDIDATES)[:, None]
    fits = [
        _best((n / data.n[-1]) ** -exponents, data.means, error),
        _best(np.exp((data.n[0] - n) / spans), data.means, error),
    ]
    if data.n.size >= _LEAST_M4:
        fits.append(fit(curve, "m4").predict(n))
    fits = [values for values in fits if np.isfinite(values).all()]
    misfit = [float((((values[::STEPS] - data.means) / error) ** 2).sum()) for values in fits]
    return [values for values, worse in zip(fits, misfit, strict=True) if worse <= min(misfit) + _WORSE]


def _best(shapes: Array, means: Array, error: Array) -> Array:
    """Of offset + scale * shape, for each of shapes [candidates, grid], the one of least weighted squares: [grid]."""
    at_sizes, weight = shapes[:, ::STEPS], error**-2.0 / (error**-2.0).sum()
    x, y = at_sizes - (at_sizes * weight).sum(axis=1, keepdims=True), means - (means * weight).sum()
    scale = (weight * x * y).sum(axis=1) / np.maximum((weight * x**2).sum(axis=1), 1e-300)
    best = int(np.argmin((weight * (y - scale[:, None] * x) ** 2).sum(axis=1)))
    offset = float((weight * (means - scale[best] * at_sizes[best])).sum())
    return np.asarray(offset + scale[best] * shapes[best])


def scatter(curve: Curve, data: Replicates) -> tuple[float, float]:
    """Standard deviation of single trainings about a fitted power law with offset, and its degrees of freedom.

    For curves of one training a size; NaN where sizes are too few.
    """
    fitted = fit(curve, "power_offset") if data.n.size > 1 else None
    free = data.n.size - (len(fitted.params) if fitted else data.n.size)
    if fitted is None or free < _LEAST_FREE:
        return np.nan, np.nan
    residuals = data.means - fitted.predict(data.n)
    return float(np.sqrt((residuals**2).sum() / free)), float(free)
