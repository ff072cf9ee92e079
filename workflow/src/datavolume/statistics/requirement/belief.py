"""What is known of the curve at any n: measured within the sizes trained, forecast beyond them.

    believed = Belief.of(curve)
    believed.at(n)                  centre and standard deviation of the metric (mean over seeds) at sizes n [Q]
    believed.gain(small, large)     likewise of what going from one to the other brings, positive where better
    believed.probability(n, 0.95)   that the metric at n is that good or better

Within the sizes the mean at n has Student's t over seeds (`margin`); its deviation is given as that of the normal
distribution with the same central 90 %. A curve of one training a size knows its forecast only, there too. Beyond them
the gain from what was measured is as unsure as the forecast; between two forecasts, what the farther is less sure of
than the nearer comes on top of that of the largest size (increments without correlation, a random walk over log n).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from datavolume.statistics.curves import Curve, Forecast, forecast
from datavolume.statistics.requirement.guides import between, grid, join
from datavolume.statistics.requirement.replicates import Array, Contrast, Replicates, t_quantile

__all__ = ["Belief", "normal"]

_TAIL = 0.05
_Z = float(special.ndtri(1 - _TAIL))


def normal(p: float) -> float:
    """Quantile of the standard normal distribution."""
    return float(special.ndtri(p))


@dataclass(frozen=True)
class Belief:
    """Of one curve; `ways` [W, grid] are the curves that its means may follow between the sizes."""

    data: Replicates
    ways: Array
    forecast: Forecast
    seeded: bool

    @classmethod
    def of(cls, curve: Curve, predicted: Forecast | None = None) -> Belief:
        """`predicted`: the curve's forecast, where it was made before. Raises UserError for a curve of one size."""
        data = Replicates.of(curve)
        found = predicted or forecast(curve, [2 * float(data.n[-1])])
        seeded = bool((np.isfinite(data.values).sum(axis=0) > 1).all())
        return cls(data, between(curve, data), found, seeded)

    @property
    def largest(self) -> float:
        return float(self.data.n[-1])

    def at(self, n: ArrayLike) -> tuple[Array, Array]:
        sizes = np.atleast_1d(np.asarray(n, dtype=float))
        centre, sd = self._forecast(sizes)
        known = self._measured(sizes)
        if known.any():
            found = self.data.contrast(self._hats(sizes[known]))
            centre[known] = found.mean + np.median(self._bends(sizes[known]), axis=0)
            sd[known] = _deviation(found)
        return centre, sd

    def gain(self, small: ArrayLike, large: ArrayLike) -> tuple[Array, Array]:
        """Sizes [Q] each; better is positive."""
        first, second = (np.atleast_1d(np.asarray(n, dtype=float)) for n in (small, large))
        (before, sd_before), (after, sd_after) = (self._forecast(n) for n in (first, second))
        sd_largest = self._forecast(np.array([self.largest]))[1]
        nearer = np.where(first <= self.largest, sd_largest, sd_before)
        centre, sd = after - before, np.sqrt(np.maximum(sd_after**2 - nearer**2, 0.0) + sd_largest**2)
        known = self._measured(first) & self._measured(second)
        if known.any():
            found = self.data.contrast(self._hats(second[known]) - self._hats(first[known]))
            bend = np.median(self._bends(second[known]) - self._bends(first[known]), axis=0)
            centre[known], sd[known] = found.mean + bend, _deviation(found)
        return self.data.sign * centre, sd

    def probability(self, n: ArrayLike, target: float) -> Array:
        """[Q], 0 to 1."""
        sizes = np.atleast_1d(np.asarray(n, dtype=float))
        below = np.asarray(self.forecast.cdf(sizes, target), dtype=float)
        good = 1 - below if self.data.sign > 0 else below
        known = self._measured(sizes)
        if known.any():
            found = self.data.contrast(self._hats(sizes[known]))
            excess = self.data.sign * (found.mean + self._bends(sizes[known]) - target)
            good[known] = special.stdtr(found.df, excess / np.maximum(found.se, 1e-12)).mean(axis=0)
        return good

    def _measured(self, sizes: Array) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        inside = (sizes >= self.data.n[0]) & (sizes <= self.largest)
        return np.asarray(inside & self.seeded)

    def _forecast(self, sizes: Array) -> tuple[Array, Array]:
        lower, centre, upper = self.forecast.quantile(sizes, [_TAIL, 0.5, 1 - _TAIL]).T
        return centre, (upper - lower) / (2 * _Z)

    def _hats(self, sizes: Array) -> Array:
        """[Q, S]: each n as a weighted mean of the two sizes beside it, over log n."""
        knots = np.log(self.data.n)
        return np.stack([np.interp(np.log(sizes), knots, row) for row in np.eye(knots.size)], axis=1)

    def _bends(self, sizes: Array) -> Array:
        """[W, Q]: how far each way lies off the straight lines."""
        bends = self.ways - join(self.data.n, self.data.means)
        x = np.log(grid(self.data.n))
        return np.stack([np.interp(np.log(sizes), x, bend) for bend in bends])


def _deviation(found: Contrast) -> Array:
    return np.asarray(found.se * t_quantile(1 - _TAIL, found.df) / _Z)
