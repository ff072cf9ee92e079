"""How much of the spread is the seed's, how much the subset's, how much only their combination's?

    found = components(frame, "accuracy", seed="seed", subset="subset", within=["n"])
    found.table                         a row a source: variance, lower, upper, sd, share, df
    found.mean_variance(10, 3)          of a mean over 10 seeds x 3 subsets, all trained

Every seed on every subset, as often in each: random effects, method of moments. Intervals: modified large samples
(Ting, Burdick, Graybill, Jeyaratnam and Lu 1990, Journal of Statistical Computation and Simulation 35, 135-143; Burdick
and Graybill 1992, Confidence Intervals on Variance Components, section 3.2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from datavolume.statistics.tidy import tidy
from datavolume.statistics.variance.moments import Array, rounding_only

__all__ = ["COMPONENTS", "Components", "components"]

COMPONENTS = ("source", "variance", "lower", "upper", "sd", "share", "df")


@dataclass(frozen=True)
class Squares:
    """Mean squares and their degrees of freedom of seeds, subsets, combinations; of repeats where there are any."""

    mean: dict[str, float]
    df: dict[str, int]


@dataclass(frozen=True)
class Components:
    """`table` has the columns COMPONENTS; `share` is of all variance, negative estimates taken as 0."""

    table: pd.DataFrame
    squares: Squares | None
    note: str

    def variance(self, source: str) -> float:
        """0 or more; NaN where it is unknown."""
        own = self.table.loc[self.table["source"] == source, "variance"]
        return max(float(own.iloc[0]), 0.0) if len(own) else math.nan

    def mean_variance(self, seeds: int, subsets: int) -> float:
        """Of the mean over all runs of that many new seeds on that many new subsets."""
        parts = self.variance("seed") / seeds + self.variance("subset") / subsets
        rest = self.variance("combination") + np.nan_to_num(self.variance("repeat"))
        return parts + float(rest) / (seeds * subsets)


def components(
    frame: pd.DataFrame,
    value: str,
    *,
    seed: str = "seed",
    subset: str = "subset",
    within: Sequence[str] = (),
    level: float = 0.95,
) -> Components:
    """`within`: columns (sizes, networks) whose values are looked at one by one, and pooled. Raises UserError."""
    used, note = tidy(frame, value, [*within, seed, subset])
    groups = [group for _, group in used.groupby(list(within))] if within else [used]
    grids = [_grid(group, value, seed, subset) for group in groups]
    known = [grid for grid in grids if grid is not None]
    shapes = {grid.shape for grid in known}
    if len(shapes) != 1:
        reason = "groups have different numbers of seeds or subsets" if known else _why_none(seed, subset)
        return Components(pd.DataFrame(columns=list(COMPONENTS)), None, "; ".join(filter(None, (note, reason))))
    squares = _squares(np.array(known))
    holes = f"{len(grids) - len(known)} of {len(grids)} groups are no full grid" if len(known) < len(grids) else ""
    alone = "" if "repeat" in squares.mean else "one run of each: the combination holds what a repeat would change too"
    note = "; ".join(filter(None, (note, holes, alone)))
    if rounding_only(sum(squares.mean.values()), np.array(known)):
        return Components(pd.DataFrame(columns=list(COMPONENTS)), None, "all runs agree exactly: no spread to split")
    return Components(_table(squares, shapes.pop(), level), squares, note)


def _why_none(seed: str, subset: str) -> str:
    return f"no {seed} was trained on every {subset}, two of each or more: they cannot be told apart"


def _grid(group: pd.DataFrame, value: str, seed: str, subset: str) -> Array | None:
    """[seeds, subsets, repeats]; None where there are fewer than two of either, or holes."""
    counts = group.groupby([seed, subset])[value].count().unstack()
    if min(counts.shape) < 2 or counts.isna().any(axis=None) or counts.to_numpy().min() < counts.to_numpy().max():
        return None
    ordered = group.sort_values([seed, subset], kind="stable")[value].to_numpy(dtype=np.float64)
    return ordered.reshape(*counts.shape, -1)


def _squares(grids: Array) -> Squares:
    """grids: [groups, seeds, subsets, repeats]."""
    groups, seeds, subsets, repeats = grids.shape
    cells = grids.mean(axis=3, keepdims=True)
    all_of = cells.mean(axis=(1, 2), keepdims=True)
    of_seed, of_subset = cells.mean(axis=2, keepdims=True) - all_of, cells.mean(axis=1, keepdims=True) - all_of
    rest = cells - all_of - of_seed - of_subset
    sums = {
        "seed": (of_seed, subsets * repeats, seeds - 1),
        "subset": (of_subset, seeds * repeats, subsets - 1),
        "combination": (rest, repeats, (seeds - 1) * (subsets - 1)),
    }
    if repeats > 1:
        sums["repeat"] = (grids - cells, 1, seeds * subsets * (repeats - 1))
    df = {source: groups * each for source, (_, _, each) in sums.items()}
    return Squares({s: times * float((part**2).sum()) / df[s] for s, (part, times, _) in sums.items()}, df)


def _table(squares: Squares, shape: tuple[int, ...], level: float) -> pd.DataFrame:
    seeds, subsets, repeats = shape
    above = {"seed": ("combination", subsets * repeats), "subset": ("combination", seeds * repeats)}
    if repeats > 1:
        above["combination"] = ("repeat", repeats)
    rows = []
    for source in squares.mean:
        error, times = above.get(source, ("", 1))
        variance, lower, upper = _component(squares, source, error, times, level)
        rows.append({"source": source, "variance": variance, "lower": lower, "upper": upper, "df": squares.df[source]})
    table = pd.DataFrame(rows)
    positive = table["variance"].clip(lower=0)
    return table.assign(sd=np.sqrt(positive), share=positive / positive.sum())[list(COMPONENTS)]


def _component(squares: Squares, source: str, error: str, times: int, level: float) -> tuple[float, float, float]:
    """(MS(source) - MS(error)) / times, with its interval from 0 up."""
    own, df1 = squares.mean[source], squares.df[source]
    g1, h1 = _bounds(df1, level)
    if not error:
        return own, own * (1 - g1), own * (1 + h1)
    other, df2 = squares.mean[error], squares.df[error]
    g2, h2 = _bounds(df2, level)
    low, high = (float(stats.f.ppf(tail, df1, df2)) for tail in ((1 - level) / 2, (1 + level) / 2))
    g12 = ((high - 1) ** 2 - (g1 * high) ** 2 - h2**2) / high
    h12 = ((1 - low) ** 2 - (h1 * low) ** 2 - g2**2) / low
    down = (g1 * own) ** 2 + (h2 * other) ** 2 + g12 * own * other
    up = (h1 * own) ** 2 + (g2 * other) ** 2 + h12 * own * other
    difference = own - other
    lower, upper = difference - math.sqrt(max(down, 0.0)), difference + math.sqrt(max(up, 0.0))
    return difference / times, max(lower / times, 0.0), max(upper / times, 0.0)


def _bounds(df: int, level: float) -> tuple[float, float]:
    """By what share a mean square may be too high, and too low."""
    low, high = (float(stats.chi2.ppf(tail, df)) for tail in ((1 - level) / 2, (1 + level) / 2))
    return 1 - df / high, df / low - 1
