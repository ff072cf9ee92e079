"""Seed means with their t confidence interval.

mean_interval(values)                                   one Interval
metric_intervals(summary, ["architecture", "n"], "top1")  a row a group: count, mean, sd, lower, upper
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from datavolume.analysis.metrics import METRICS

__all__ = ["Interval", "grouped_intervals", "mean_interval", "metric_intervals"]


@dataclass(frozen=True)
class Interval:
    """A mean over `count` values; `sd`, `lower` and `upper` are NaN where one value leaves no spread to judge."""

    count: int
    mean: float
    sd: float
    lower: float
    upper: float


def mean_interval(
    values: ArrayLike, *, level: float = 0.95, bounds: tuple[float, float] = (-math.inf, math.inf)
) -> Interval:
    """Student's t interval of the mean of `values` [k]; NaN values are left out.

    The interval is cut at `bounds`, the range of values that are possible at all: its coverage stays the same.
    """
    finite = np.asarray(values, dtype=float)
    finite = finite[np.isfinite(finite)]
    if finite.size == 0:
        return Interval(0, math.nan, math.nan, math.nan, math.nan)
    mean = float(finite.mean())
    if finite.size == 1:
        return Interval(1, mean, math.nan, math.nan, math.nan)
    sd = float(finite.std(ddof=1))
    half = float(stdtrit(finite.size - 1, (1 + level) / 2)) * sd / math.sqrt(finite.size)
    return Interval(finite.size, mean, sd, max(mean - half, bounds[0]), min(mean + half, bounds[1]))


def grouped_intervals(
    frame: pd.DataFrame,
    by: Sequence[str],
    value: str,
    *,
    level: float = 0.95,
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> pd.DataFrame:
    """A row a group of `by`, in the frame's order: the group's keys, then the fields of Interval."""
    rows = []
    for keys, group in frame.groupby(list(by), sort=False):
        interval = mean_interval(group[value], level=level, bounds=bounds)
        rows.append({**dict(zip(by, keys, strict=True)), **vars(interval)})
    return pd.DataFrame(rows, columns=[*by, "count", "mean", "sd", "lower", "upper"])


def metric_intervals(
    frame: pd.DataFrame, by: Sequence[str], metric: str, *, column: str | None = None, level: float = 0.95
) -> pd.DataFrame:
    """`grouped_intervals` of a metric at the last evaluation, or of `column`, cut at what the metric can be."""
    known = METRICS[metric]
    return grouped_intervals(frame, by, column or known.last, level=level, bounds=known.bounds)
