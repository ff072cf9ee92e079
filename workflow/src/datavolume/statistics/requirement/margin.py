"""How much is enough: the smallest n whose metric is within a margin of the full data's, with an interval.

    found = within_margin(curve, 0.01)
    found.required              the smallest size trained that is shown to be enough (and all larger ones with it)
    found.n, found.lower, found.upper       where the curve comes within the margin, with its interval
    found.table                 a row a size: shortfall to the full data with bounds, enough, required

**Sizes.** A size is enough when the one-sided upper bound of its shortfall (mean over seeds of full data - size) is at
most the margin. Going down from the largest and stopping at the first failure keeps the error of the whole chain at
1 - level (closed testing in an order set beforehand: Maurer, Hothorn, Lehmacher 1995; non-inferiority: ICH E9, 3.3.2).

**The interval of n.** n* is where the true curve last comes within the margin. Between sizes the means are joined along
fitted curves (`guides`). At each n of a fine grid the shortfall has a t interval. Going down from the largest n until
"not enough" is no longer refuted at (1 - level) / 2 gives the upper end; going up from the smallest until "enough" is
no longer refuted gives the lower end. At n* itself each is a true hypothesis, so each end errs with (1 - level) / 2 and
no more: the inversion of a test (Fieller 1954), which few seeds do not upset as they do a bootstrap
(docs/statistics.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from datavolume.errors import UserError
from datavolume.statistics.curves import Curve
from datavolume.statistics.requirement.guides import between, grid, join, scatter
from datavolume.statistics.requirement.replicates import Array, Contrast, Replicates

__all__ = ["Requirement", "within_margin"]


@dataclass(frozen=True)
class Requirement:
    """`required` is a size of the curve; `n`, `lower` and `upper` are images, not rounded.

    lower 0: no size is refuted, n may be smaller than all that was trained. NaN bounds: `note` says why.
    table: n, mean, pairs, shortfall, shortfall_lower, shortfall_upper, margin, enough, required.
    """

    required: float
    n: float
    lower: float
    upper: float
    level: float
    margin: float
    table: pd.DataFrame
    note: str


@dataclass(frozen=True)
class _Spread:
    """What one training scatters by, for sizes of one seed; `df` of that estimate."""

    sd: float = math.nan
    df: float = math.nan


def within_margin(curve: Curve, margin: float, *, level: float = 0.95, resolution: float = 0.0) -> Requirement:
    """`margin` and `resolution` in the unit of the values: `resolution` is the least that can differ (one held-out
    image of 1 000: 0.001), below which no standard deviation is believed. Raises UserError for a margin of 0 or less.
    """
    if not (margin > 0 and math.isfinite(margin)):
        raise UserError(f"margin: {margin:g} is not allowed; give a number above 0, as 0.01 for one percentage point")
    data = Replicates.of(curve)
    spread = _Spread(*scatter(curve, data)) if data.most == 1 else _Spread()
    table = _decide(_shortfalls(data, spread, level, resolution), margin)
    required = float(table.loc[table["required"], "n"].iloc[0])
    n, lower, upper = _interval(data, between(curve, data), spread, margin, level, resolution)
    return Requirement(required, n, lower, upper, level, margin, table, _note(data, spread, table))


def _contrast(data: Replicates, weights: Array, spread: _Spread, resolution: float) -> Contrast:
    found = data.contrast(weights, least_sd=resolution, sd=spread.sd)
    return replace(found, df=np.where(np.isfinite(found.se) & np.isnan(found.df), spread.df, found.df))


def _shortfalls(data: Replicates, spread: _Spread, level: float, resolution: float) -> pd.DataFrame:
    sizes = data.n.size
    weights = np.zeros((sizes, sizes))
    weights[:, -1] += data.sign
    weights -= data.sign * np.eye(sizes)
    found = _contrast(data, weights, spread, resolution)
    lower, upper = found.bounds(1 - level)
    lower[-1] = upper[-1] = 0.0
    return pd.DataFrame(
        {
            "n": data.n,
            "mean": data.means,
            "pairs": [*found.pairs[:-1].astype(int), data.most],
            "shortfall": found.mean,
            "shortfall_lower": lower,
            "shortfall_upper": upper,
        }
    )


def _decide(table: pd.DataFrame, margin: float) -> pd.DataFrame:
    """Where there is no bound, the mean alone decides."""
    enough = table["shortfall_upper"].fillna(table["shortfall"]) <= margin
    chain = enough[::-1].cummin()[::-1].astype(bool)
    return table.assign(margin=margin, enough=enough, required=table.index == chain.idxmax())


def _interval(
    data: Replicates, ways: Array, spread: _Spread, margin: float, level: float, resolution: float
) -> tuple[float, float, float]:
    """The estimate (the middle way's), and the ends that no way goes beyond. ways [W, grid]."""
    n = grid(data.n)
    found = _contrast(data, data.sign * _weights(data.n), spread, resolution)
    bends = -data.sign * (ways - join(data.n, data.means))
    estimate = float(np.median([_from_above(n, found.mean + bend - margin) for bend in bends]))
    low, high = found.bounds((1 - level) / 2)
    if np.isnan(high[:-1]).any():
        return estimate, math.nan, math.nan
    lower = min(_from_below(n, low + bend - margin) for bend in bends)
    return estimate, lower, max(_from_above(n, high + bend - margin) for bend in bends)


def _weights(sizes: Array) -> Array:
    """[grid, S]: the largest size less the straight line over log n between neighbours; 0 at the largest itself."""
    hats = np.stack([join(sizes, row) for row in np.eye(sizes.size)], axis=1)
    weights = np.zeros_like(hats) - hats
    weights[:, -1] += 1
    weights[np.abs(weights) < 1e-12] = 0.0
    return weights


def _from_above(n: Array, excess: Array) -> float:
    """The n below which excess is first above 0, coming from the largest; the smallest n where it never is."""
    above = np.flatnonzero(excess > 0)
    return _crossing(n, excess, min(int(above[-1]), n.size - 2)) if above.size else float(n[0])


def _from_below(n: Array, excess: Array) -> float:
    """The n up to which excess is above 0, coming from the smallest; 0 where it is not so there."""
    below = np.flatnonzero(excess <= 0)
    first = int(below[0]) if below.size else n.size - 1
    return 0.0 if first == 0 else _crossing(n, excess, first - 1)


def _crossing(n: Array, excess: Array, left: int) -> float:
    """Between two neighbours of the grid, over log n."""
    fall = excess[left] - excess[left + 1]
    share = min(max(excess[left] / fall, 0.0), 1.0) if fall > 0 else 1.0
    return float(n[left] * (n[left + 1] / n[left]) ** share)


def _note(data: Replicates, spread: _Spread, table: pd.DataFrame) -> str:
    """What a reader must know of these numbers; empty where nothing is odd."""
    notes = []
    if data.n.size == 1:
        notes.append("one size: nothing to compare it with")
    elif data.most == 1:
        notes.append(
            "one training a size: the scatter about a fitted curve stands for that of seeds"
            if math.isfinite(spread.sd)
            else "one training a size: no interval, the means alone decide"
        )
    elif table["shortfall_upper"].isna().any():
        notes.append("sizes of one training have no bounds")
    if len(table) > 1 and table["required"].iloc[0]:
        notes.append("every size is within the margin: less may do than was trained")
    return "; ".join(notes)
