"""How far two trainings of the same kind may lie apart: the interval of the difference of our mean and a printed one.

    noise = of_seeds(values, least=1 / 10000)       our own seeds' spread
    noise = of_images(0.92, 3925)                   one run of ours: the size of the validation set
    noise.ours, noise.difference(printed_runs)      half widths, in the unit of the values

A printed value is one more draw (or the mean of k draws) from where ours come from, if it is reproduced. So its
difference to the mean of our n has the standard deviation s sqrt(1/n + 1/k): a prediction interval.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

__all__ = ["UNKNOWN", "Noise", "of_images", "of_seeds", "of_statistic", "pooled"]


@dataclass(frozen=True)
class Noise:
    """`sd` of one run, known with `df` degrees of freedom (infinite: not estimated), and `runs` of ours in the mean."""

    sd: float
    df: float
    runs: int
    level: float = 0.95

    @property
    def ours(self) -> float:
        """Half the interval of our mean."""
        return self._t * self.sd / math.sqrt(self.runs)

    def difference(self, printed_runs: int) -> float:
        """Half the interval of our mean less a printed mean of that many runs."""
        return self._t * self.sd * math.sqrt(1 / self.runs + 1 / printed_runs)

    @property
    def _t(self) -> float:
        return float(stats.t.ppf((1 + self.level) / 2, self.df)) if self.df > 0 else math.nan


UNKNOWN = Noise(math.nan, 0, 1)


def of_seeds(values: ArrayLike, *, least: float = 0.0) -> Noise:
    """Two values or more. `least`: seeds that agree by chance still differ by that much."""
    array = np.asarray(values, dtype=float)
    return Noise(max(float(array.std(ddof=1)), least), array.size - 1, array.size)


def pooled(groups: Iterable[ArrayLike], *, least: float = 0.0) -> Noise:
    """Of one run, from the spread inside groups of replicates; UNKNOWN with fewer than 2 degrees of freedom, where an
    interval would be as wide as anything."""
    arrays = [array for array in (np.asarray(group, dtype=float) for group in groups) if array.size > 1]
    df = sum(array.size - 1 for array in arrays)
    if df < 2:
        return UNKNOWN
    squares = sum(float(array.var(ddof=1)) * (array.size - 1) for array in arrays)
    return Noise(max(math.sqrt(squares / df), least), df, 1)


def of_images(share: float, images: int) -> Noise:
    """Of a share of `images` that are right: binomial, with Agresti and Coull's two more of each, so 100 % has noise.

    Two trainings are judged on the same images and differ only where they disagree, so this is mostly more than what
    tells them apart: it errs towards 'reproduced'.
    """
    centre = (share * images + 2) / (images + 4)
    return Noise(math.sqrt(centre * (1 - centre) / (images + 4)), math.inf, 1)


def of_statistic(sd: float, runs: int) -> Noise:
    """Of a number that was computed from `runs` seeds together, with standard deviation `sd`."""
    return Noise(sd * math.sqrt(runs), runs - 1, runs) if runs > 1 else UNKNOWN
