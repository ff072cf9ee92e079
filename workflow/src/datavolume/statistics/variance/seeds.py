"""How many seeds (and subsets) are enough for an interval of a wanted width, or to see a difference of a given size?

seeds_for_width(0.004, 0.005)                   95 % interval no wider than 0.005, where one run scatters by 0.004
seeds_for_power(0.003, 0.004)                   see a difference of 0.003 with probability 0.8
seeds_for_anova([0.90, 0.91, 0.91], 0.004)      at each of three levels
plan_width(components, 0.005)                   seeds x subsets, the fewest runs first

Widths are whole intervals, upper less lower, in the unit of the values. Power is that of the noncentral t and F.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.power import FTestAnovaPower, TTestIndPower, TTestPower

from datavolume.errors import UserError
from datavolume.statistics.variance.components import Components

__all__ = [
    "plan_width",
    "power_of_anova",
    "power_of_seeds",
    "seeds_for_anova",
    "seeds_for_power",
    "seeds_for_width",
    "width_of_seeds",
]

_MOST = 1_000_000


def width_of_seeds(sd: float, seeds: int, *, level: float = 0.95, assurance: float | None = None) -> float:
    """Of Student's interval of the mean; as is to be expected, or as it is not exceeded with probability `assurance`.

    Kupper and Hafner 1989 (The American Statistician 43, 101-105): a sample's spread is itself uncertain.
    """
    lifted = 1.0 if assurance is None else math.sqrt(float(stats.chi2.ppf(assurance, seeds - 1)) / (seeds - 1))
    return 2 * float(stats.t.ppf((1 + level) / 2, seeds - 1)) * sd * lifted / math.sqrt(seeds)


def seeds_for_width(sd: float, width: float, *, level: float = 0.95, assurance: float | None = None) -> int:
    """The fewest seeds whose interval is no wider. Raises UserError where a million are too few."""
    _positive(sd=sd, width=width)
    return _fewest(lambda seeds: width_of_seeds(sd, seeds, level=level, assurance=assurance) <= width)


def power_of_seeds(difference: float, sd: float, seeds: int, *, alpha: float = 0.05, paired: bool = False) -> float:
    """Of the two-sided t test of two means of `seeds` runs; `paired`: the same seeds, `sd` of their differences."""
    test = TTestPower() if paired else TTestIndPower()
    return float(test.power(abs(difference) / sd, seeds, alpha))


def seeds_for_power(
    difference: float, sd: float, *, power: float = 0.8, alpha: float = 0.05, paired: bool = False
) -> int:
    """Of each of the two. Raises UserError where a million are too few."""
    _positive(sd=sd, difference=abs(difference))
    return _fewest(lambda seeds: power_of_seeds(difference, sd, seeds, alpha=alpha, paired=paired) >= power)


def power_of_anova(means: Sequence[float], sd: float, seeds: int, *, alpha: float = 0.05) -> float:
    """Of the one-way F test with `seeds` runs at each level, whose means are these."""
    spread = float(np.std(np.asarray(means, dtype=np.float64)))
    return float(FTestAnovaPower().power(spread / sd, seeds * len(means), alpha, k_groups=len(means)))


def seeds_for_anova(means: Sequence[float], sd: float, *, power: float = 0.8, alpha: float = 0.05) -> int:
    """At each level. Raises UserError where the means are the same, or a million are too few."""
    _positive(sd=sd, spread_of_the_means=float(np.ptp(np.asarray(means))))
    return _fewest(lambda seeds: power_of_anova(means, sd, seeds, alpha=alpha) >= power)


def plan_width(found: Components, width: float, *, level: float = 0.95, most: int = 50) -> pd.DataFrame:
    """Columns seeds, subsets, runs, width, chosen: for each number of subsets the fewest seeds, the cheapest chosen.

    Of the mean over all runs; degrees of freedom are Satterthwaite's of its expected mean squares. Empty where up to
    `most` seeds and subsets are too few, or the components are unknown.
    """
    _positive(width=width)
    counts = np.arange(2, most + 1)
    widths = _widths(found, counts[:, None], counts, level)
    enough = widths <= width
    fewest, possible = enough.argmax(axis=0), enough.any(axis=0)
    found_widths, seeds = widths[fewest, counts - 2][possible], counts[fewest][possible]
    table = pd.DataFrame({"seeds": seeds, "subsets": counts[possible], "width": found_widths})
    table.insert(2, "runs", table["seeds"] * table["subsets"])
    table = table.sort_values(["runs", "subsets"], ignore_index=True)
    return table.assign(chosen=table.index == 0)


def _widths(found: Components, seeds: NDArray[Any], subsets: NDArray[Any], level: float) -> NDArray[np.float64]:
    """MS(seed) + MS(subset) - MS(combination) over the runs is the variance of the mean."""
    rest = found.variance("combination") + float(np.nan_to_num(found.variance("repeat")))
    of_seeds, of_subsets = subsets * found.variance("seed") + rest, seeds * found.variance("subset") + rest
    total = of_seeds + of_subsets - rest
    doubt = of_seeds**2 / (seeds - 1) + of_subsets**2 / (subsets - 1) + rest**2 / ((seeds - 1) * (subsets - 1))
    return np.asarray(2 * stats.t.ppf((1 + level) / 2, total**2 / doubt) * np.sqrt(total / (seeds * subsets)))


def _positive(**numbers: float) -> None:
    for name, number in numbers.items():
        if not (number > 0 and math.isfinite(number)):
            raise UserError(f"{name.replace('_', ' ')} is {number}: it is to be a number above 0")


def _fewest(enough: Callable[[int], bool]) -> int:
    """The smallest number from 2 that is enough, where all larger ones are."""
    most = 2
    while not enough(most):
        most *= 2
        if most > _MOST:
            raise UserError(f"more than {_MOST} seeds would be needed: ask for a wider interval or a larger difference")
    fewer = range(max(most // 2, 1) + 1, most + 1)
    low, high = 0, len(fewer) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(fewer[middle]) else (middle + 1, high)
    return fewer[low]
