"""What more data would give: `forecast(curve, [20_000, 100_000]).table`, one calibrated distribution at every size.

Families are combined, none is picked (`combine`); the spread grows with the horizon, with how far the components
disagree (the last value is one of them) and with the curve's own back-test error (`spread`), by constants learned on
other curves (`prior`). The value forecast is the mean over as many seeds as the largest sizes have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from datavolume.errors import UserError
from datavolume.statistics.curves import spread
from datavolume.statistics.curves.backtest import backtest
from datavolume.statistics.curves.combine import Combination, combine
from datavolume.statistics.curves.curve import Array, Curve, Kind
from datavolume.statistics.curves.doubts import doubts
from datavolume.statistics.curves.fitting import falling
from datavolume.statistics.curves.prior import COMPONENTS

__all__ = ["Forecast", "forecast"]

MOST = 128  # sizes that are fitted; neighbours of longer curves are merged, so that time is bounded
SEED = 20261121  # of the draws, where no generator is given


@dataclass(frozen=True)
class Forecast:
    """`table`: n, median, lower, upper at `level`; `weights` by family sum to 1; `warnings`: one line each;
    `backtest`: what would have been forecast from earlier sizes, and what came."""

    table: pd.DataFrame
    level: float
    kind: Kind
    weights: dict[str, float]
    warnings: list[str]
    backtest: pd.DataFrame
    _combination: Combination
    _rng: np.random.Generator

    def quantile(self, n: ArrayLike, q: ArrayLike) -> Array:
        """Quantiles of the metric, shape (len(n), len(q)), at any sizes n above 0; sizes within the curve too."""
        return quantiles(self._combination, self.kind, _sizes(n), _shares(q))

    def cdf(self, n: ArrayLike, value: ArrayLike) -> Array:
        """P(metric at n <= value), shape (len(n),); `value` one number or one for each n."""
        sizes = _sizes(n)
        values = np.broadcast_to(np.asarray(value, dtype=float), sizes.shape)
        falls = 1 - values if self.kind == "accuracy" else values
        median, width = _centre_and_scale(self._combination, sizes)
        below = spread.cdf(np.log(np.maximum(falls, 1e-300)), median, width)
        if self.kind != "loss":
            below = np.where(falls >= 1, 1.0, below)
        return np.asarray(1 - below if self.kind == "accuracy" else below)

    def sample(self, n: ArrayLike, size: int = 1000, rng: np.random.Generator | None = None) -> Array:
        """Draws of whole curves, shape (size, len(n)): a draw stands at one and the same quantile at every n."""
        return self.quantile(n, (rng or self._rng).uniform(1e-6, 1 - 1e-6, size)).T


def forecast(
    curve: Curve, to: Sequence[float], *, level: float = 0.9, rng: np.random.Generator | None = None
) -> Forecast:
    """Forecast at sizes `to`, with the central interval of `level`. Deterministic; `rng` is for `sample` alone.

    Raises UserError when the curve has one size, `to` is empty or not above 0, or level is not between 0 and 1.
    With fewer than four sizes it answers, widely, and warns.
    """
    if not 0 < level < 1:
        raise UserError(f"level: {level:g}; allowed is a share between 0 and 1, such as 0.9")
    sizes, data = _sizes(to), falling(curve).merged(MOST)
    if len(data.y) < 2:
        raise UserError(f"the curve has one size, n = {np.exp(data.log_n[0]):g}; a forecast needs at least two")
    combination = combine(data)
    past = backtest(combination, level)
    return Forecast(
        _table(combination, curve.kind, sizes, level),
        level,
        curve.kind,
        _by_family(combination.weights),
        doubts(curve, data, sizes, past, level),
        past,
        combination,
        rng or np.random.default_rng(SEED),
    )


def quantiles(combination: Combination, kind: Kind, n: Array, q: Array) -> Array:
    median, width = _centre_and_scale(combination, n)
    return combination.parts.data.units(spread.quantile(1 - q if kind == "accuracy" else q, median, width))


def _centre_and_scale(combination: Combination, n: Array) -> tuple[Array, Array]:
    log_n = np.log(n)
    median, apart = combination.centre(log_n)
    horizon = log_n - combination.parts.data.log_n[-1]
    return median, spread.scale(combination.seen, horizon, median, apart)


def _table(combination: Combination, kind: Kind, n: Array, level: float) -> pd.DataFrame:
    lower, median, upper = quantiles(combination, kind, n, np.array([(1 - level) / 2, 0.5, (1 + level) / 2])).T
    return pd.DataFrame({"n": n, "median": median, "lower": lower, "upper": upper})


def _by_family(weights: Array) -> dict[str, float]:
    shares: dict[str, float] = {}
    for component, weight in zip(COMPONENTS, weights, strict=True):
        if weight > 0:
            shares[component.family] = shares.get(component.family, 0.0) + float(weight)
    return shares


def _sizes(n: ArrayLike) -> Array:
    sizes = np.atleast_1d(np.asarray(n, dtype=float))
    if sizes.ndim != 1 or not len(sizes) or not (np.isfinite(sizes) & (sizes > 0)).all():
        raise UserError("sizes to forecast: a list of numbers above 0 is needed")
    return sizes


def _shares(q: ArrayLike) -> Array:
    shares = np.atleast_1d(np.asarray(q, dtype=float))
    if shares.ndim != 1 or not ((shares > 0) & (shares < 1)).all():
        raise UserError("quantiles: shares between 0 and 1 are needed")
    return shares
