"""How many seeds (and subsets) are enough for an interval of a wanted width, or to see a difference of a given size?

seeds_for_width(0.004, 0.005)                   95 % interval no wider than 0.005, where one run scatters by 0.004
seeds_for_power(0.003, 0.004)                   see a difference of 0.003 with probability 0.8
seeds_for_anova([0.90, 0.91, 0.91], 0.004)      at each of three levels
plan_width(components, 0.005)                   seeds x subsets, the fewest runs first
plan_power(components, 0.003)                   likewise, to see a difference of two means over seeds x subsets

Widths are whole intervals, upper less lower, in the unit of the values. Power is that of the noncentral t and F.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from datavolume.errors import UserError
from datavolume.statistics.variance.components import Components

__all__ = [
    "plan_power",
    "plan_width",
    "power_of_anova",
    "power_of_grid",
    "power_of_seeds",
    "seeds_for_anova",
    "seeds_for_power",
    "seeds_for_width",
    "width_of_seeds",
]

_MOST = 1_000_000
_SIDES = ("larger", "smaller")


def width_of_seeds(sd: float, seeds: int, *, level: float = 0.95, assurance: float | None = None) -> float:
    """Of Student's interval of the mean; as is to be expected, or as it is not exceeded with probability `assurance`.

    Kupper and Hafner 1989 (The American Statistician 43, 101-105): a sample's spread is itself uncertain.
    """
    lifted = 1.0 if assurance is None else math.sqrt(float(special.chdtri(seeds - 1, 1 - assurance)) / (seeds - 1))
    return 2 * float(special.stdtrit(seeds - 1, (1 + level) / 2)) * sd * lifted / math.sqrt(seeds)


def seeds_for_width(sd: float, width: float, *, level: float = 0.95, assurance: float | None = None) -> int:
    """The fewest seeds whose interval is no wider. Raises UserError where a million are too few."""
    _positive(sd=sd, width=width)
    return _fewest(lambda seeds: width_of_seeds(sd, seeds, level=level, assurance=assurance) <= width)


def power_of_seeds(difference: float, sd: float, seeds: int, *, alpha: float = 0.05, paired: bool = False) -> float:
    """Of the two-sided t test of two means of `seeds` runs; `paired`: the same seeds, `sd` of their differences."""
    error, df = (sd, seeds - 1) if paired else (math.sqrt(2) * sd, 2 * (seeds - 1))
    return float(_power(abs(difference) / error * math.sqrt(seeds), df, alpha))


def _power(noncentrality: Any, df: Any, alpha: float) -> NDArray[np.float64]:
    """Of the two-sided t test. What lies beyond the other bound is too little for a number where it is NaN."""
    from statsmodels.stats.power import ttest_power  # takes a second to import

    larger, smaller = (ttest_power(noncentrality, 1, alpha / 2, df=df, alternative=side) for side in _SIDES)
    return np.asarray(larger + np.nan_to_num(smaller), dtype=np.float64)


def seeds_for_power(
    difference: float, sd: float, *, power: float = 0.8, alpha: float = 0.05, paired: bool = False
) -> int:
    """Of each of the two. Raises UserError where a million are too few."""
    _positive(sd=sd, difference=abs(difference))
    return _fewest(lambda seeds: power_of_seeds(difference, sd, seeds, alpha=alpha, paired=paired) >= power)


def power_of_anova(means: Sequence[float], sd: float, seeds: int, *, alpha: float = 0.05) -> float:
    """Of the one-way F test with `seeds` runs at each level, whose means are these."""
    from statsmodels.stats.power import FTestAnovaPower

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
    seeds, subsets = _grid(most)
    variance, df = _of_mean(found, seeds, subsets)
    widths = 2 * special.stdtrit(df, (1 + level) / 2) * np.sqrt(variance)
    return _cheapest("width", widths, widths <= width)


def plan_power(
    found: Components,
    difference: float,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
    paired: bool = False,
    most: int = 50,
) -> pd.DataFrame:
    """As `plan_width`, with a column `power`: of the two-sided t test of two means, each over seeds x subsets.

    `runs` are those of one of the two. `paired`: both are trained on the same seeds and subsets, and `found` splits
    the variance of their differences; else the two are independent, of these components each.
    """
    _positive(difference=abs(difference))
    powers = _powers(found, difference, *_grid(most), alpha, paired)
    return _cheapest("power", powers, powers >= power)


def power_of_grid(
    found: Components, difference: float, seeds: int, subsets: int, *, alpha: float = 0.05, paired: bool = False
) -> float:
    """Of two means over seeds x subsets, two or more of each; as `plan_power`."""
    return float(_powers(found, difference, np.array(seeds), np.array(subsets), alpha, paired))


def _powers(
    found: Components, difference: float, seeds: NDArray[Any], subsets: NDArray[Any], alpha: float, paired: bool
) -> NDArray[np.float64]:
    variance, df = _of_mean(found, seeds, subsets)
    times = 1 if paired else 2
    return _power(abs(difference) / np.sqrt(times * variance), times * df, alpha)


def _grid(most: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """From two of each: seeds down, subsets across."""
    counts = np.arange(2, most + 1)
    return counts[:, None], counts[None, :]


def _of_mean(found: Components, seeds: NDArray[Any], subsets: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The variance of the mean over all runs, and its degrees of freedom (Satterthwaite's).

    MS(seed) + MS(subset) - MS(combination), over the runs.
    """
    rest = found.variance("combination") + float(np.nan_to_num(found.variance("repeat")))
    of_seeds, of_subsets = subsets * found.variance("seed") + rest, seeds * found.variance("subset") + rest
    total = of_seeds + of_subsets - rest
    doubt = of_seeds**2 / (seeds - 1) + of_subsets**2 / (subsets - 1) + rest**2 / ((seeds - 1) * (subsets - 1))
    return total / (seeds * subsets), total**2 / doubt


def _cheapest(name: str, values: NDArray[Any], enough: NDArray[np.bool_]) -> pd.DataFrame:
    """For each number of subsets the fewest seeds that are enough; values, enough: as `_grid`."""
    fewest, possible = enough.argmax(axis=0), np.flatnonzero(enough.any(axis=0))
    table = pd.DataFrame({"seeds": fewest[possible] + 2, "subsets": possible + 2})
    table["runs"] = table["seeds"] * table["subsets"]
    table[name] = values[fewest[possible], possible]
    table = table.sort_values(["runs", "subsets"], ignore_index=True)
    return table.assign(chosen=table.index == 0)


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
