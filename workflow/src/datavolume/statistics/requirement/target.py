"""The smallest n that reaches a target, from the forecast's distribution.

    found = reach(curve, 0.95)
    found.n, found.lower, found.upper       median and interval of n; inf: not within `limit` times the largest size
    found.table                             n, multiple, probability that n samples reach it
    found.sentence()                        the same in words

The probability that n samples reach the target is that of the metric at n, or at any smaller n, to lie on the good side
of it, measured within the sizes trained and forecast beyond (`belief`); its quantiles over n are those of the smallest
n that does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from datavolume.errors import UserError
from datavolume.statistics.curves import Curve, Forecast
from datavolume.statistics.requirement.belief import Belief
from datavolume.statistics.requirement.replicates import Array
from datavolume.statistics.rounding import about

__all__ = ["LIMIT", "Reach", "reach"]

LIMIT = 100.0  # times the largest size: further than that no curve is followed
_MULTIPLES = (1, 2, 4, 10, 30, 100)
_POINTS = 100  # of the grid, within the sizes and beyond them each
_CHANCE = 0.5


@dataclass(frozen=True)
class Reach:
    """`n`, `lower`, `upper` in samples, not rounded; inf where not within `limit` times `largest`.

    lower is the smallest size trained where even that may do. table: n, multiple (of largest), probability.
    """

    target: float
    n: float
    lower: float
    upper: float
    level: float
    largest: float
    limit: float
    table: pd.DataFrame
    note: str

    def sentence(self) -> str:
        """One line: how many samples, and how sure that is."""
        if math.isinf(self.lower):
            return (
                f"{self.target:g} is not within reach of {self.limit:g}x the data ({about(self.limit * self.largest)})"
            )
        if math.isinf(self.n):
            chance = float(self.table["probability"].iloc[-1])
            return (
                f"{self.target:g} is more likely than not out of reach of {self.limit:g}x the data "
                f"({about(self.limit * self.largest)} reach it with a probability of {chance:.2g})"
            )
        upper = f"more than {about(self.limit * self.largest)}" if math.isinf(self.upper) else about(self.upper)
        return (
            f"{self.target:g} is reached with some {about(self.n)} samples "
            f"({100 * self.level:g} % interval {about(self.lower)} to {upper})"
        )


def reach(
    curve: Curve, target: float, *, level: float = 0.9, limit: float = LIMIT, predicted: Forecast | None = None
) -> Reach:
    """`target` in the unit of the values; `predicted`: the curve's forecast, where it was made before.

    Raises UserError for a target that the kind cannot have.
    """
    _check(target, curve)
    believed = Belief.of(curve, predicted)
    smallest, largest = float(believed.data.n[0]), believed.largest
    inside = np.geomspace(smallest, largest, _POINTS)[:-1]
    grid = np.append(inside, np.geomspace(largest, limit * largest, _POINTS))
    probability = np.maximum.accumulate(np.nan_to_num(believed.probability(grid, target)))
    n, lower, upper = (_first(grid, probability, p) for p in (_CHANCE, (1 - level) / 2, (1 + level) / 2))
    marks = np.array([multiple for multiple in _MULTIPLES if multiple <= limit], dtype=float)
    table = pd.DataFrame({"n": marks * largest, "multiple": marks})
    table["probability"] = np.interp(np.log(table["n"]), np.log(grid), probability)
    return Reach(target, n, lower, upper, level, largest, limit, table, _note(probability, level, smallest))


def _check(target: float, curve: Curve) -> None:
    if curve.kind == "loss":
        if not (target > 0 and math.isfinite(target)):
            raise UserError(f"target: {target:g} is not allowed; a loss is above 0")
    elif not 0 <= target <= 1:
        hint = f"; divide by 100 ({target / 100:g})" if 1 < target <= 100 else ""
        raise UserError(f"target: {target:g} is not allowed; {curve.kind} lies between 0 and 1{hint}")


def _first(grid: Array, probability: Array, p: float) -> float:
    """The smallest n that reaches it with that probability; inf where none of the grid does."""
    enough = np.flatnonzero(probability >= p)
    if not enough.size:
        return math.inf
    at = int(enough[0])
    if at == 0:
        return float(grid[0])
    share = (p - probability[at - 1]) / (probability[at] - probability[at - 1])
    return float(np.exp(np.interp(share, [0.0, 1.0], np.log(grid[at - 1 : at + 1]))))


def _note(probability: Array, level: float, smallest: float) -> str:
    if probability[0] >= (1 + level) / 2:
        return f"the smallest size, {about(smallest)}, reaches it already: fewer may do"
    return ""
