"""The analysis' CSV files as a person reads them in the report: a title, what it says, and rounded numbers.

statistics_tables({"anova": frame, ...})      in the order in which a reader asks (captions)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from datavolume.analysis.metrics import METRICS
from datavolume.analysis.tables import BETWEEN
from datavolume.analysis.words import count, number, share
from datavolume.artefacts.estimates import between, chance, multiple, needed, question_words
from datavolume.artefacts.report.captions import DESCRIBED, NAMES

__all__ = ["StatisticsTable", "statistics_table", "statistics_tables"]

_WORDS = (
    *("architecture", "metric", "over", "term", "title", "factor", "network", "note", "question", "family", "formula"),
    *("from_architecture", "option", "source", "method", "check", "test", "errors", "first", "second", "factors.value"),
)
_SHOWN = 24  # rows; of longer tables of several metrics, the others are folded once more


@dataclass(frozen=True)
class StatisticsTable:
    """One of the analysis' tables, in words and rounded numbers; `words` says which columns hold words, `rest` are the
    rows of other metrics of a long table."""

    title: str
    caption: str
    head: list[str]
    rows: list[list[str]]
    words: list[bool]
    rest: list[list[str]] = field(default_factory=list)


def statistics_tables(frames: Mapping[str, pd.DataFrame]) -> list[StatisticsTable]:
    """Without those that have no rows."""
    tables = [(name, _prepared(name, frames[name])) for name in DESCRIBED if name in frames and len(frames[name])]
    return [_table(name, frame) for name, frame in tables if len(frame)]


def statistics_table(name: str, frame: pd.DataFrame) -> StatisticsTable:
    """`name` is the stem of the CSV file."""
    return _table(name, _prepared(name, frame))


def _table(name: str, frame: pd.DataFrame) -> StatisticsTable:
    """Top-1 accuracy comes first; columns without any value are left out."""
    described = DESCRIBED[name]
    scaled = frame.assign(**{column: 100 * frame[column] for column in described.percent if column in frame})
    rows = [{column: _cell(name, row, column) for column in described.columns} for row in scaled.to_dict("records")]
    columns = [column for column in described.columns if any(row[column] for row in rows)]
    first = [True] * len(rows)
    if "metric" in frame and frame["metric"].nunique() > 1:
        first = list(frame["metric"] == "top1")
    texts = [[row[column] for column in columns] for row in rows]
    main = [row for row, top in zip(texts, first, strict=True) if top]
    rest = [row for row, top in zip(texts, first, strict=True) if not top]
    if len(texts) <= _SHOWN or not main:
        main, rest = main + rest, []
    words = [column in _WORDS or f"{name}.{column}" in _WORDS for column in columns]
    return StatisticsTable(
        described.title, described.caption, [_name(name, column) for column in columns], main, words, rest
    )


def _name(table: str, column: str) -> str:
    return NAMES.get(f"{table}.{column}", NAMES.get(column, column.capitalize()))


def _prepared(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Rows and columns as they are shown."""
    prepare = _PREPARED.get(name)
    return prepare(frame) if prepare else frame


def _asked(frame: pd.DataFrame) -> pd.DataFrame:
    """Of all forecasts, those at sizes that the study asks for."""
    return frame[
        frame["asked"].astype(bool) & (frame["origin"] == frame.groupby("architecture")["origin"].transform("max"))
    ]


def _questions(frame: pd.DataFrame) -> pd.DataFrame:
    asked = [question_words(*row) for row in zip(frame["question"], frame["threshold"], strict=True)]
    images = [needed(n, math.nan, math.nan) for n in frame["n"]]
    ends = zip(frame["lower"], frame["upper"], frame["level"], strict=True)
    intervals = [
        f"{text} ({100 * level:g} %)" if (text := between(lower, upper)) else "" for lower, upper, level in ends
    ]
    return frame.assign(question=asked, n=images, interval=intervals)


def _spreads(frame: pd.DataFrame) -> pd.DataFrame:
    """Bounds of a variance as bounds of the standard deviation; n is 0 where volumes are pooled."""
    limits = {f"sd_{end}": np.sqrt(frame[end].astype(float).clip(lower=0)) for end in ("lower", "upper")}
    return frame.assign(**limits, n=frame["n"].map(lambda n: "all" if n == 0 else count(n)))


_PREPARED: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "forecast": _asked,
    "enough": _questions,
    "variance": _spreads,
}


def _cell(name: str, row: dict[Any, Any], column: str) -> str:
    value = row[column]
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    show = _FORMATS.get(f"{name}.{column}", _FORMATS.get(column, _plain))
    lower, upper = _bounds(name, row, column)
    return show(value) + ("" if math.isnan(lower) or lower == upper else f" ({show(lower)} to {show(upper)})")


def _bounds(name: str, row: dict[Any, Any], column: str) -> tuple[float, float]:
    """Under the column's own name, or those that its table says."""
    own = f"{column}_" if f"{column}_lower" in row else ""
    if not own and column not in DESCRIBED[name].ends:
        return math.nan, math.nan
    return row.get(f"{own}lower", math.nan), row.get(f"{own}upper", math.nan)


def _plain(value: Any) -> str:
    """Three digits behind the point, fewer for large numbers."""
    if isinstance(value, bool | np.bool_):
        return _yes(value)
    if not isinstance(value, float):
        return str(value)
    return number(value, 3 if abs(value) < 10 else 1)


def _yes(value: Any) -> str:
    """Of a CSV with gaps, truth comes as text."""
    return "yes" if value in (True, "True", 1.0) else "no"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _metric(name: str) -> str:
    return METRICS[name].label


def _of(digits: int) -> Callable[[float], str]:
    return lambda value: number(value, digits)


_PS = (
    *("p", "p_holm", "p_adjusted", "p_equal", "difference_p", "slope_p"),
    *("shapiro_p", "breusch_pagan_p", "lack_of_fit_p"),
)
_COUNTS = (
    *("n", "n_small", "n_large", "runs", "required", "from_n", "labels", "seeds_for_width", "seeds_for_power"),
    *("next_steps.images", "seeds.seeds", "factors.seeds"),
)
_TRUTHS = ("enough", "advised", "holds", "converged", "outlier", "influential")


def _degrees(value: float) -> str:
    return f"{value:.4g}"


_FORMATS: dict[str, Callable[[Any], str]] = {
    **dict.fromkeys(_PS, _p),
    **dict.fromkeys(_COUNTS, count),
    **dict.fromkeys(_TRUTHS, _yes),
    **dict.fromkeys(("df", "df1", "df2"), _degrees),
    "enough.n": str,
    "variance.n": str,
    "share": share,
    "variance.share": lambda value: f"{number(100 * value, 0)} %",
    "level": lambda value: f"{100 * value:g} %",
    "multiple": multiple,
    **dict.fromkeys(("requirement.mean", "factors.mean", "median", "actual", "next_steps.value"), _of(1)),
    **dict.fromkeys(("shortfall", "factors.difference", "gain", "sd", "width", "weight"), _of(2)),
    **dict.fromkeys(("gpu_hours", "price", "gain_per_price"), lambda value: f"{value:,.3g}"),
    "margin": lambda value: f"{value:.3g}",
    **dict.fromkeys(("better", "power"), chance),
    "aicc": _of(1),
    "sum_sq": lambda value: f"{value:.3g}",
    "family": lambda value: str(value).replace("_", " "),
    "metric": _metric,
    "note": lambda value: str(value).replace(BETWEEN, "; "),
    "term": lambda value: str(value).replace(":", " × "),
    "F": lambda value: f"{value:,.1f}",
}
