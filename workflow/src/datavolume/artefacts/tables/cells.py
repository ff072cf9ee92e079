"""What stands in a table's cells, the same in all of them.

estimate(row, METRICS["top1"])        97.6 (97.2–98.0)
duration(138512)                      1 d 14:28:32
printed(results, "table_1").cell("top1", value="32", stage="recipe.batch_size")      92.48
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from datavolume.analysis.metrics import METRICS, Metric
from datavolume.analysis.words import count, number
from datavolume.artefacts.results import Results
from datavolume.artefacts.setting import Table
from datavolume.errors import UserError
from datavolume.study.validate import nearest

__all__ = [
    "NOTHING",
    "Printed",
    "capital",
    "checked",
    "duration",
    "estimate",
    "factor",
    "known_metrics",
    "plain",
    "printed",
    "remarked",
]

NOTHING = "–"
_PLAIN_UNITS = {"percent", "share", "nats", "", "images", "MB"}

_SHORT = {"hours": "h", "minutes": "min", "M": "×"}


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def factor(stage: str) -> str:
    """recipe.batch_size -> Batch size."""
    return capital(stage.rpartition(".")[2].replace("_", " ")) or "Set-up"


def estimate(row: Mapping[Any, Any], metric: Metric, *, digits: int | None = None) -> str:
    """97.6 (97.2–98.0), in the metric's unit; the mean alone where there is no interval."""
    mean, lower, upper = (metric.scale * row[f"{metric.name}_{part}"] for part in ("mean", "lower", "upper"))
    return plain(mean, lower, upper, metric.digits if digits is None else digits)


def plain(mean: float, lower: float, upper: float, digits: int) -> str:
    if math.isnan(mean):
        return NOTHING
    if math.isnan(lower) or math.isnan(upper):
        return number(mean, digits)
    between = " to " if lower < 0 else "–"
    return f"{number(mean, digits)} ({number(lower, digits)}{between}{number(upper, digits)})"


def duration(seconds: float) -> str:
    """5.4 s below two minutes, 0:02:05 above, 1 d 14:28:32 above a day."""
    if math.isnan(seconds):
        return NOTHING
    if seconds < 120:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    clock = f"{hours}:{minutes:02}:{rest:02}"
    return f"{days} d {clock}" if days else clock


def checked(option: str, value: Any, allowed: Sequence[str]) -> Any:
    """The value, or values, of an option. Raises UserError with what is allowed."""
    for one in value if isinstance(value, list | tuple) else [value]:
        if one not in allowed:
            raise UserError(f"{option} '{one}' is not allowed{nearest(str(one), allowed)}")
    return value


def known_metrics(names: str | Sequence[str]) -> list[Metric]:
    names = [names] if isinstance(names, str) else list(names)
    checked("metrics", names, list(METRICS))
    return [METRICS[name] for name in names]


@dataclass(frozen=True)
class Printed:
    """Printed numbers of one artefact of the published file."""

    rows: pd.DataFrame

    def has(self, metric: str) -> bool:
        return not self.rows.empty and bool((self.rows["metric"] == metric).any())

    def cell(self, metric: str, *, given: Sequence[str] = (), **place: Any) -> str:
        """The number printed for `metric` at a place (column -> value); what the file leaves empty fits every place,
        but for the columns `given`."""
        rows = self.rows[self.rows["metric"] == metric] if len(self.rows) else self.rows
        for column, value in place.items():
            if len(rows):
                fits = [_fits(column, cell, value, empty=column not in given) for cell in rows[column]]
                rows = rows[fits]
        return _number(rows.iloc[0]) if len(rows) else NOTHING


def printed(results: Results, artefact: str) -> Printed:
    """Empty without a published file, or with no artefact asked for. Raises UserError for one that the file lacks."""
    rows = results.comparison
    if rows.empty or not artefact:
        return Printed(pd.DataFrame())
    checked("published", artefact, sorted(rows["artefact"].unique()))
    return Printed(rows[rows["artefact"] == artefact])


def _fits(column: str, cell: Any, value: Any, *, empty: bool) -> bool:
    """A CSV gives labels that look like numbers back as numbers."""
    if pd.isna(cell) or cell == "":
        return empty
    if pd.isna(value):
        return False
    if column == "experiment":  # a number about several is of none of them alone
        return set(str(value).split()) == set(str(cell).split())
    if isinstance(cell, str):
        return cell == str(value)
    return f"{cell:g}" == str(value) or _close(cell, value)


def _close(cell: float, value: Any) -> bool:
    try:
        return math.isclose(float(cell), float(value), rel_tol=1e-9)
    except ValueError:
        return False


def _number(row: pd.Series[Any]) -> str:
    """As printed, with its unit where the column's head does not say it."""
    value = float(row["published"])
    digits = 0 if pd.isna(row["digits"]) else int(row["digits"])
    text = count(value) if digits == 0 and abs(value) >= 1000 else number(value, digits)
    unit = "" if pd.isna(row["unit"]) else str(row["unit"])
    if unit == "seconds":
        return duration(value)
    return text if unit in _PLAIN_UNITS else f"{text} {_SHORT.get(unit, unit)}"


def remarked(
    data: pd.DataFrame, head: Sequence[str], groups: Sequence[Sequence[Sequence[str]]], words: Sequence[str] = ()
) -> Table:
    """A table whose last column holds remarks: without it where there are none."""
    if any(row[-1] for group in groups for row in group):
        return Table(data, head, groups, [*words, head[-1]])
    return Table(data, head[:-1], [[row[:-1] for row in group] for group in groups], words)
