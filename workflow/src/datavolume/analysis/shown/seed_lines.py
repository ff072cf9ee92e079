"""A line of seed means over log10 of the number of training images, and how much it owes to the seeds.

    fit_of(values, "r2_without_largest")          of a frame with n, seed, value: one number, NaN where there is no line
    jackknife_sd(values, "slope")                 its standard deviation over choices of seeds
    regressions(frame, ["top1", "loss"])          the table: per curve and metric, all sizes and without the largest

A curve of few seed means has a small residual or a large one because the straight line is a poor description; that says
nothing of other seeds. Leaving out one seed at a time (at all sizes, since a seed is the same start everywhere) does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from datavolume.analysis.testing.lines import line_of
from datavolume.statistics.variance import anova

__all__ = ["anova_p", "fit_of", "jackknife_sd", "regressions"]

_SUFFIX = "_without_largest"
_SHOWN = ("slope", "slope_lower", "slope_upper", "intercept", "intercept_lower", "intercept_upper", "r2", "note")


def fit_of(values: pd.DataFrame, fit: str) -> float:
    """`fit` of quantities.FITS: slope (per factor 10 of data), intercept, r2, these _without_largest size, or p."""
    if fit == "p":
        return anova_p(values)
    used = _without_largest(values) if fit.endswith(_SUFFIX) else values
    return float(_line(used)[fit.removesuffix(_SUFFIX)])


def anova_p(values: pd.DataFrame) -> float:
    """One-way analysis of variance over sizes; NaN where a size has one value or there is no spread."""
    return anova([group.to_numpy(dtype=float) for _, group in values.groupby("n")["value"]]).p


def jackknife_sd(values: pd.DataFrame, fit: str) -> tuple[float, int]:
    """Standard deviation of `fit` if the seeds were drawn anew, and how many seeds there are; NaN with one seed."""
    seeds = values["seed"].unique()
    if len(seeds) < 2:
        return math.nan, len(seeds)
    found = np.array([fit_of(values[values["seed"] != seed], fit) for seed in seeds])
    return math.sqrt((len(seeds) - 1) / len(seeds) * float(((found - found.mean()) ** 2).sum())), len(seeds)


def regressions(frame: pd.DataFrame, columns: Sequence[str], *, by: str = "architecture") -> pd.DataFrame:
    """`frame` has a row a run with `by`, n, seed and `columns`; a row per curve, column and choice of sizes.

    Columns `by`, metric, sizes_used (all | without the largest), sizes, seeds, slope, intercept (with 95 % bounds of
    the line), r2, note, p of the analysis of variance.
    """
    rows: list[dict[str, Any]] = []
    for curve, runs in frame.groupby(by, sort=False):
        for column in columns:
            values = runs[["n", "seed"]].assign(value=runs[column].astype(float))
            for used, part in (("all", values), ("without the largest", _without_largest(values))):
                line = _line(part)
                counted = {"sizes": part["n"].nunique(), "seeds": part["seed"].nunique()}
                fitted = {name: line[name] for name in _SHOWN}
                rows.append({by: curve, "metric": column, "sizes_used": used, **counted, **fitted, "p": anova_p(part)})
    return pd.DataFrame(rows, columns=[by, "metric", "sizes_used", "sizes", "seeds", *_SHOWN, "p"])


def _without_largest(values: pd.DataFrame) -> pd.DataFrame:
    kept: pd.DataFrame = values[values["n"] < values["n"].max()]
    return kept


def _line(values: pd.DataFrame) -> dict[str, Any]:
    means = values.groupby("n", as_index=False)["value"].mean()
    return line_of(means["n"], means["value"])
