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
    "partial_eta2": "Partial η²",
    "eta2": "η²",
    "omega2": "ω²",
    "df_between": "df between",
    "df_within": "df within",
    "runs": "Runs",
    "n_small": "First",
    "n_large": "Second",
    "difference": "Difference",
    "note": "Note",
}
_INTERVALS = {"mean": ("lower", "upper"), "shortfall": ("shortfall_lower", "shortfall_upper")}
_INTERVALS |= {"slope": ("slope_lower", "slope_upper"), "difference": ("lower", "upper")}
_IN_PERCENT = {
    "requirement": ("mean", "lower", "upper", "shortfall", "shortfall_lower", "shortfall_upper"),
}
_WORDS = ("architecture", "metric", "over", "term", "note")
_COLUMNS = {
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
    """In the order in which a reader asks."""
    return [statistics_table(name, frames[name]) for name in _TITLES if name in frames]


def statistics_table(name: str, frame: pd.DataFrame) -> StatisticsTable:
    """`name` is the stem of the CSV file; a frame without notes has no column for them."""
    noted = (frame["note"].notna() & (frame["note"] != "")).any()
    columns = [column for column in _COLUMNS[name] if column != "note" or noted]
    title, caption = _TITLES[name]
    scaled = frame.assign(**{column: 100 * frame[column] for column in _IN_PERCENT.get(name, ())})
    rows = [[_cell(row, column) for column in columns] for row in scaled.to_dict("records")]
    return StatisticsTable(
        title, caption, [_NAMES[column] for column in columns], rows, [column in _WORDS for column in columns]
    )


def _cell(row: dict[Any, Any], column: str) -> str:
    value = row[column]
    if isinstance(value, float) and math.isnan(value):
        return ""
    show = _FORMATS.get(column, _plain)
    lower, upper = (row.get(bound, math.nan) for bound in _INTERVALS.get(column, ("", "")))
    return show(value) + ("" if math.isnan(lower) or lower == upper else f" ({show(lower)} to {show(upper)})")


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
    **dict.fromkeys(("p", "slope_p", "shapiro_p", "breusch_pagan_p", "lack_of_fit_p"), _p),
    **dict.fromkeys(("n", "n_small", "n_large", "df", "df_between", "df_within", "runs", "points"), _whole),
    "share": share,
    "mean": lambda value: number(value, 1),
    "shortfall": lambda value: number(value, 2),
    "metric": _metric,
    "enough": lambda value: "yes" if value else "no",
    "term": lambda value: str(value).replace(":", " × "),
    "F": lambda value: f"{value:,.1f}",
}
