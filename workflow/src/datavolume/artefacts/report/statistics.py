"""The analysis' CSV files as a person reads them in the report: a title, what it says, and rounded numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from datavolume.analysis.metrics import METRICS
from datavolume.analysis.words import count, number, share

__all__ = ["StatisticsTable", "statistics_table", "statistics_tables"]

_TITLES = {
    "factor_tests": (
        "Does a factor matter",
        "Top-1 accuracy on held-out images: do the values of a factor differ, against the spread between seeds? "
        "Welch's analysis of variance, which does not take the spreads for equal; η² is the share of the variance that "
        "goes with the factor.",
    ),
    "factors": (
        "Values of each factor",
        "Top-1 accuracy (%) on held-out images, mean over seeds. Difference: the best value minus this one, in "
        "percentage points, with simultaneous 95 % intervals (Games–Howell) and p.",
    ),
    "requirement": (
        "How much is enough, volume by volume",
        "Shortfall: how many percentage points of top-1 accuracy are missing to the largest volume, mean over seeds "
        "paired by seed, with one-sided 95 % bounds. Enough: the upper bound is within the margin. The answer is the "
        "smallest volume that is enough and has only volumes above it that are.",
    ),
    "log_linear": (
        "Log-linear regressions",
        "Each metric, in 0 to 1 (loss: nats), as a straight line over log10 of the training images: the slope is the "
        "change that ten times the data bring. A small p in the last three columns speaks against the line: residuals "
        "that are not normal, a spread that changes with the volume, means that bend away.",
    ),
    "anova_two_way": (
        "Analysis of variance: volume and architecture",
        "Type II sums of squares over all runs. Partial η² is the share of the variance, apart from that of the other "
        "factors, that goes with a factor; ω² estimates it for other seeds.",
    ),
    "anova_one_way": (
        "Analysis of variance: volume, per architecture",
        "Do the volumes differ, against the spread between seeds? η² is the share of the variance that goes with them.",
    ),
    "tukey": (
        "Pairs of volumes (Tukey's HSD)",
        "The second volume minus the first, in 0 to 1 (loss: nats), with simultaneous 95 % intervals and p adjusted "
        "for all pairs.",
    ),
}

_NAMES = {
    "architecture": "Architecture",
    "metric": "Metric",
    "over": "Over",
    "n": "Images",
    "share": "Share",
    "mean": "Top-1 accuracy (%)",
    "shortfall": "Shortfall (points)",
    "enough": "Enough",
    "points": "Values",
    "slope": "Slope",
    "slope_p": "p",
    "intercept": "Intercept",
    "r2": "R²",
    "shapiro_p": "Shapiro–Wilk p",
    "breusch_pagan_p": "Breusch–Pagan p",
    "lack_of_fit_p": "Lack of fit p",
    "term": "Term",
    "sum_sq": "Sum of squares",
    "df": "df",
    "F": "F",
    "p": "p",
    "difference_p": "p",
    "partial_eta2": "Partial η²",
    "eta2": "η²",
    "omega2": "ω²",
    "df_between": "df between",
    "df_within": "df within",
    "runs": "Runs",
    "n_small": "First",
    "n_large": "Second",
    "difference": "Difference",
    "title": "Experiment",
    "factor": "Factor",
    "network": "Network",
    "value": "Value",
    "seeds": "Seeds",
    "values": "Values",
    "df1": "df between",
    "df2": "df within",
    "note": "Note",
}
_IN_PERCENT = {
    "factors": ("mean", "lower", "upper", "difference", "difference_lower", "difference_upper"),
    "requirement": ("mean", "lower", "upper", "shortfall", "shortfall_lower", "shortfall_upper"),
}
_WORDS = ("architecture", "metric", "over", "term", "title", "factor", "network", "value", "note")
_COLUMNS = {
    "factor_tests": ["title", "factor", "network", "n", "values", "runs", "F", "df1", "df2", "p", "eta2", "note"],
    "factors": ["title", "factor", "network", "n", "value", "seeds", "mean", "difference", "difference_p", "note"],
    "requirement": ["architecture", "n", "share", "mean", "shortfall", "enough", "note"],
    "log_linear": [
        *("architecture", "metric", "over", "slope", "slope_p", "intercept", "r2"),
        *("shapiro_p", "breusch_pagan_p", "lack_of_fit_p", "note"),
    ],
    "anova_two_way": ["metric", "term", "sum_sq", "df", "F", "p", "partial_eta2", "omega2", "note"],
    "anova_one_way": ["architecture", "metric", "df_between", "df_within", "F", "p", "eta2", "omega2", "note"],
    "tukey": ["architecture", "metric", "n_small", "n_large", "difference", "p", "note"],
}


@dataclass(frozen=True)
class StatisticsTable:
    """One of the analysis' tables, in words and rounded numbers; `words` says which columns hold words."""

    title: str
    caption: str
    head: list[str]
    rows: list[list[str]]
    words: list[bool]


def statistics_tables(frames: Mapping[str, pd.DataFrame]) -> list[StatisticsTable]:
    """In the order in which a reader asks; without those that have no rows."""
    return [statistics_table(name, frames[name]) for name in _TITLES if name in frames and len(frames[name])]


def statistics_table(name: str, frame: pd.DataFrame) -> StatisticsTable:
    """`name` is the stem of the CSV file; a frame without notes has no column for them."""
    noted = (frame["note"].notna() & (frame["note"] != "")).any()
    columns = [column for column in _COLUMNS[name] if column != "note" or noted]
    title, caption = _TITLES[name]
    scaled = frame.assign(**{column: 100 * frame[column] for column in _IN_PERCENT.get(name, ())})
    rows = [[_cell(name, row, column) for column in columns] for row in scaled.to_dict("records")]
    return StatisticsTable(
        title, caption, [_NAMES[column] for column in columns], rows, [column in _WORDS for column in columns]
    )


def _cell(name: str, row: dict[Any, Any], column: str) -> str:
    value = row[column]
    if isinstance(value, float) and math.isnan(value):
        return ""
    show = _FORMATS.get(f"{name}.{column}", _FORMATS.get(column, _plain))
    lower, upper = _bounds(row, column)
    return show(value) + ("" if math.isnan(lower) or lower == upper else f" ({show(lower)} to {show(upper)})")


def _bounds(row: dict[Any, Any], column: str) -> tuple[float, float]:
    """Under the column's own name; the interval of a frame that has one is of its mean or difference."""
    own = f"{column}_lower" in row
    if not own and column not in ("mean", "difference"):
        return math.nan, math.nan
    prefix = f"{column}_" if own else ""
    return row.get(f"{prefix}lower", math.nan), row.get(f"{prefix}upper", math.nan)


def _plain(value: Any) -> str:
    """Three digits behind the point, fewer for large numbers."""
    if not isinstance(value, float):
        return str(value)
    return number(value, 3 if abs(value) < 10 else 1)


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _metric(name: str) -> str:
    return METRICS[name].label


def _whole(value: float) -> str:
    return count(value)


_FORMATS: dict[str, Callable[[Any], str]] = {
    **dict.fromkeys(("p", "difference_p", "slope_p", "shapiro_p", "breusch_pagan_p", "lack_of_fit_p"), _p),
    **dict.fromkeys(("n", "n_small", "n_large", "df", "df_between", "df_within", "runs", "points"), _whole),
    "share": share,
    "mean": lambda value: number(value, 1),
    "shortfall": lambda value: number(value, 2),
    "factors.difference": lambda value: number(value, 2),
    "metric": _metric,
    "enough": lambda value: "yes" if value else "no",
    "term": lambda value: str(value).replace(":", " × "),
    "F": lambda value: f"{value:,.1f}",
}
