"""Ours beside theirs: the comparison with a paper's printed numbers, as a person reads it.

    compared = beside(comparison, titles, comparable=True)
    compared.summary         37 of 52 printed numbers reproduced within seed noise, 5 differ, 10 not run.
    compared.groups          a group an artefact, a row a printed number
    compared.differing       those that differ, each with what the study knows of the reason
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from datavolume.analysis.metrics import METRICS
from datavolume.analysis.words import count, number

__all__ = ["Beside", "Compared", "Group", "beside"]

# Verdict -> (how the summary counts it, which colour it has)
_VERDICTS = {
    "reproduced within seed noise": ("reproduced within seed noise", "same"),
    "as printed": ("as printed", "same"),
    "differs": ("differ", "other"),
    "not run": ("not run", "absent"),
    "not comparable": ("not comparable", "unlike"),
}
_SIGNS = {"percent": "%", "share": "", "seconds": "s", "minutes": "min", "hours": "h", "M": "× all images"}
_METRICS = {
    "seconds": "time",
    "seconds_per_epoch": "time of an epoch",
    "parameter_mb": "size of the parameters",
    "n": "training images",
    "epochs": "epochs",
    "best_epoch": "best epoch",
    "images_passed": "image passes",
    "r2": "R²",
    "r2_without_largest": "R² without the largest size",
}
_UNKNOWN = "–"


@dataclass(frozen=True)
class Compared:
    """One printed number beside ours, in texts; `kind` is the colour of the verdict."""

    item: str
    metric: str
    published: str
    ours: str
    seeds: str
    difference: str
    verdict: str
    kind: str
    source: str
    note: str


@dataclass(frozen=True)
class Group:
    """The numbers of one artefact; `name` is its anchor, `summary` counts its verdicts."""

    name: str
    title: str
    summary: str
    rows: tuple[Compared, ...]

    @property
    def differing(self) -> list[Compared]:
        return [row for row in self.rows if row.kind == "other"]


@dataclass(frozen=True)
class Beside:
    """All of it; `comparable` is false at smoke scale."""

    summary: str
    groups: tuple[Group, ...]
    comparable: bool

    @property
    def differing(self) -> list[Group]:
        return [group for group in self.groups if group.differing]


def beside(comparison: pd.DataFrame, titles: Mapping[str, str], *, comparable: bool) -> Beside | None:
    """`comparison` as analysis.comparison gives it, `titles` of artefacts by name; None where nothing was printed."""
    if comparison.empty:
        return None
    named = comparison.assign(artefact=comparison["artefact"].astype("str"))
    groups = tuple(_group(str(name), titles, rows) for name, rows in named.groupby("artefact", sort=False))
    ordered = sorted(groups, key=lambda group: list(titles).index(group.name) if group.name in titles else len(titles))
    summary = _summary(comparison["verdict"]) if comparable else _smoke(len(comparison))
    return Beside(summary, tuple(ordered), comparable)


def _smoke(many: int) -> str:
    return (
        f"At smoke scale the numbers are not comparable: the {count(many)} printed numbers stand beside those of a "
        "shortened study."
    )


def _summary(verdicts: pd.Series[Any]) -> str:
    """How many there are of each verdict; reproduced ones are counted first, even where there are none."""
    found = Counter(verdicts)
    (first, (words, _)), *others = _VERDICTS.items()
    rest = [f"{count(found[verdict])} {said}" for verdict, (said, _) in others if found[verdict]]
    things = "printed number" if len(verdicts) == 1 else "printed numbers"
    return ", ".join([f"{count(found[first])} of {count(len(verdicts))} {things} {words}", *rest]) + "."


def _group(name: str, titles: Mapping[str, str], rows: pd.DataFrame) -> Group:
    digits = {key: _digits(values) for key, values in rows.groupby(["metric", "unit"], dropna=False)["published"]}
    shown = tuple(_row(row, digits[row["metric"], row["unit"]]) for row in _records(rows))
    return Group(name, titles.get(name, name.replace("_", " ").capitalize()), _summary(rows["verdict"]), shown)


def _records(rows: pd.DataFrame) -> Iterator[dict[Any, Any]]:
    """With an empty text where a CSV has nothing."""
    words = rows.select_dtypes(exclude="number").columns
    yield from rows.assign(**{name: rows[name].fillna("").astype("str") for name in words}).to_dict("records")


def _digits(published: pd.Series[Any]) -> int:
    """As many decimals as the paper prints anywhere in this column."""
    return max((len(f"{value:.10g}".partition(".")[2]) for value in published.dropna()), default=1)


def _row(row: Mapping[Any, Any], digits: int) -> Compared:
    unit = row["unit"] if isinstance(row["unit"], str) else ""
    sign = _SIGNS.get(unit, unit)
    verdict = row["verdict"]
    return Compared(
        item=row["item"],
        metric=_metric(row["metric"]),
        published=_with_unit(_number(row["published"], digits), sign),
        ours=_with_unit(_number(row["ours"], digits), sign) + _bounds(row, "lower", "upper", digits),
        seeds=_number(row["seeds"], 0),
        difference=_number(row["difference"], digits, signed=True)
        + _bounds(row, "difference_lower", "difference_upper", digits),
        verdict=verdict,
        kind=_VERDICTS.get(verdict, ("", "unlike"))[1],
        source=row["source"],
        note=row["note"],
    )


def _metric(name: str) -> str:
    """`slope:top1` -> slope of top-1 accuracy."""
    if name in METRICS:
        return METRICS[name].label
    statistic, colon, metric = name.partition(":")
    words = _METRICS.get(statistic, statistic.replace("_", " "))
    return f"{words} of {_metric(metric)}" if colon else words


def _number(value: float, digits: int, *, signed: bool = False) -> str:
    if pd.isna(value):
        return _UNKNOWN
    text = f"{value:,.{digits}f}".replace("-", "−") if abs(value) >= 1000 else number(value, digits)
    return f"+{text}" if signed and float(f"{value:.{digits}f}") > 0 else text


def _with_unit(text: str, sign: str) -> str:
    return f"{text} {sign}" if sign and text != _UNKNOWN else text


def _bounds(row: Mapping[Any, Any], lower: str, upper: str, digits: int) -> str:
    bounds = [float(row[name]) for name in (lower, upper)]
    if any(map(math.isnan, bounds)):
        return ""
    return " ({} to {})".format(*(_number(bound, digits) for bound in bounds))
