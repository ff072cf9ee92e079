"""The trainings behind a curve as a matrix: a row a seed, a column a size; and what a weighted sum of sizes is worth.

    data = Replicates.of(curve)
    found = data.contrast(weights)      # mean, se, df and pairs of sum_k weights[q, k] * (mean at size k), a row each

Sizes that share seeds are compared seed by seed (the same start and order of samples, so what a seed adds cancels);
others as independent samples, by Welch and Satterthwaite's degrees of freedom.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from datavolume.statistics.curves import Curve

__all__ = ["Array", "Contrast", "Replicates", "t_quantile"]

Array = NDArray[np.float64]
_LEAST_PAIRS = 2


def t_quantile(p: float, df: Array) -> Array:
    """Of Student's t; NaN where df is NaN or 0."""
    known = np.where(df > 0, df, 1.0)
    return np.where(df > 0, special.stdtrit(known, p), np.nan)


@dataclass(frozen=True)
class Contrast:
    """Arrays [Q]: `mean` of the weighted sum, its standard error, the degrees of freedom of that; `pairs` are seeds.

    se and df are NaN where nothing tells of a spread. pairs is 0 where sizes were compared as independent samples; the
    one seed that they have in common, where it is 1, is compared alone.
    """

    mean: Array
    se: Array
    df: Array
    pairs: Array

    def bounds(self, tail: float) -> tuple[Array, Array]:
        """What lies outside each bound has probability `tail`."""
        half = t_quantile(1 - tail, self.df) * self.se
        return self.mean - half, self.mean + half


@dataclass(frozen=True)
class Replicates:
    """`n` [S] rises; `values` [R, S] is NaN where a seed was not trained; `paired`: a row is one seed.

    `sign` is 1 where larger is better, else -1.
    """

    n: Array
    values: Array
    paired: bool
    sign: int

    @classmethod
    def of(cls, curve: Curve) -> Replicates:
        """Without seeds, rows of one size are numbered and nothing is paired."""
        frame = pd.DataFrame({"n": np.atleast_1d(curve.n), "value": np.atleast_1d(curve.value)}, dtype=float)
        named = curve.seed is not None
        frame["seed"] = np.atleast_1d(np.asarray(curve.seed)) if named else frame.groupby("n").cumcount()
        wide = frame.pivot(index="seed", columns="n", values="value").sort_index(axis=1)
        sign = 1 if curve.kind == "accuracy" else -1
        return cls(wide.columns.to_numpy(float), wide.to_numpy(float), named, sign)

    @property
    def means(self) -> Array:
        """Over seeds, [S]."""
        return np.asarray(np.nanmean(self.values, axis=0))

    @property
    def most(self) -> int:
        """The largest number of trainings of one size."""
        return int(np.isfinite(self.values).sum(axis=0).max())

    def contrast(self, weights: Array, *, least_sd: float = 0.0, sd: float = np.nan) -> Contrast:
        """weights [Q, S]. `least_sd`: no spread of paired sums is taken as less. `sd` of one training stands in, with
        no seed repeated; its degrees of freedom are then the caller's to set (df is NaN).
        """
        rows = [self._one(row, least_sd, sd) for row in np.atleast_2d(weights)]
        return Contrast(*np.asarray(rows, dtype=float).reshape(-1, 4).T)

    def _one(self, weights: Array, least_sd: float, sd: float) -> tuple[float, float, float, float]:
        used = weights != 0
        own, parts = weights[used], self.values[:, used]
        whole = parts[np.isfinite(parts).all(axis=1)] if self.paired else parts[:0]
        if len(whole) >= _LEAST_PAIRS:
            sums = whole @ own
            spread = max(float(sums.std(ddof=1)), least_sd)
            return float(sums.mean()), spread / np.sqrt(len(sums)), len(sums) - 1.0, float(len(sums))
        mean, se, df = _welch(own, whole if len(whole) else parts, sd)
        return mean, se, df, float(len(whole))


def _welch(weights: Array, values: Array, sd: float) -> tuple[float, float, float]:
    """Independent samples: the variances of their means add up."""
    if not values.shape[1]:
        return 0.0, 0.0, np.inf
    count = np.isfinite(values).sum(axis=0)
    mean = float(weights @ np.nanmean(values, axis=0))
    if count.min() < 2:
        return mean, float(sd * np.sqrt((weights**2 / count).sum())), np.nan
    parts = weights**2 * np.nanvar(values, axis=0, ddof=1) / count
    total = float(parts.sum())
    df = total**2 / float((parts**2 / (count - 1)).sum()) if total > 0 else float(count.min() - 1)
    return mean, float(np.sqrt(total)), df
