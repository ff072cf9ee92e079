"""Least squares of a metric's seed means on log10 of the number of training images, with and without the largest size.

means = seed_means(values)          a row a series and n: mean, lower, upper, sd, count
lines = size_lines(means)           two rows a series: over ALL sizes and WITHOUT the largest
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from datavolume.analysis.intervals import grouped_intervals
from datavolume.analysis.testing.lines import line_of

__all__ = ["ALL", "WITHOUT", "line_at", "pooled_sd", "seed_means", "size_lines", "wide"]

ALL, WITHOUT = "all sizes", "without the largest"

_COLUMNS = ("slope", "slope_lower", "slope_upper", "intercept", "intercept_lower", "intercept_upper", "r2", "note")


def seed_means(
    values: pd.DataFrame, *, bounds: tuple[float, float] = (-math.inf, math.inf), level: float = 0.95
) -> pd.DataFrame:
    """Of `values` (columns series, n, measured; a row a run), by series and rising n."""
    ordered = values.sort_values("n", kind="stable")
    means = grouped_intervals(ordered, ["series", "n"], "measured", level=level, bounds=bounds)
    place = {name: index for index, name in enumerate(values["series"].unique())}
    return means.sort_values("series", key=lambda names: names.map(place), kind="stable", ignore_index=True)


def size_lines(means: pd.DataFrame) -> pd.DataFrame:
    """Columns series, over, sizes, then those of the line; slopes are per factor 10 of data, NaN where `note` says why.

    `means` as of `seed_means`. Where a series has three sizes or more, its second row leaves out the largest.
    """
    rows = [
        {"series": series, "over": over, **line_of(part["n"], part["mean"])}
        for series, group in means.groupby("series", sort=False)
        for over, part in _parts(group)
    ]
    return pd.DataFrame(rows)[["series", "over", "sizes", *_COLUMNS]]


def _parts(means: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    yield ALL, means
    if means["n"].nunique() > 2:
        yield WITHOUT, means[means["n"] < means["n"].max()]


def wide(lines: pd.DataFrame) -> pd.DataFrame:
    """A row a series: slope, intercept and r2 over all sizes, and, where `lines` has them, `<name>_without_largest`."""
    named = {ALL: "", WITHOUT: "_without_largest"}
    parts = [
        own.set_index("series")[["slope", "intercept", "r2"]].add_suffix(named[str(over)])
        for over, own in lines.groupby("over", sort=False)
    ]
    return pd.concat(parts, axis=1).rename_axis("series").reset_index()


def line_at(slope: float, intercept: float, n: float) -> float:
    """The line's value at n images."""
    return float(intercept + slope * math.log10(n))


def pooled_sd(means: pd.DataFrame) -> float:
    """Spread of single runs around their size's mean, over all sizes: the root of the mean variance, each weighted by
    its degrees of freedom; NaN where no size has two runs."""
    freedom = (means["count"] - 1).clip(lower=0)
    if not freedom.sum():
        return math.nan
    return math.sqrt(float((freedom * means["sd"].fillna(0.0) ** 2).sum() / freedom.sum()))
