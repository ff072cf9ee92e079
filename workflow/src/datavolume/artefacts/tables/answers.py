"""What more data would give, what is enough, and what the next step buys, as tables."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from datavolume.analysis.metrics import METRICS
from datavolume.analysis.tables import BETWEEN, ENOUGH, NEXT_STEPS
from datavolume.analysis.words import count
from datavolume.artefacts.estimates import (
    between,
    chance,
    multiple,
    needed,
    option_words,
    question_words,
    rounded,
    short_time,
)
from datavolume.artefacts.figures.asked import Names, asked_curves, each, of_curve
from datavolume.artefacts.results import Results
from datavolume.artefacts.setting import Table
from datavolume.artefacts.tables.cells import NOTHING, capital, plain, remarked

__all__ = ["enough_table", "forecast_table", "next_steps_table"]

_TOP1 = METRICS["top1"]
_FORECAST = ("architecture", "origin", "n", "multiple", "median", "lower", "upper", "level", "actual", "note")


def forecast_table(results: Results, *, architectures: Names = None) -> Table:
    """A row a curve and size that the study asks for, in shares of 1; one without a forecast has a row that says so."""
    names = list(asked_curves(results, architectures))
    frames = {name: _asked(of_curve(results.forecast, name)) for name in names}
    data = pd.concat([frame for frame in frames.values() if len(frame)] or [_none(_FORECAST)], ignore_index=True)
    level = f"{100 * float(data['level'].iloc[0]):g} % interval" if len(data) else "interval"
    head = ["Architecture", "Images", "Times the largest", f"{capital(_TOP1.axis)}: median ({level})", "Remarks"]
    groups = [list(_forecasts(name, frame)) for name, frame in frames.items()]
    return remarked(data, head, groups)


def _none(columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(columns=list(columns))


def _asked(rows: pd.DataFrame) -> pd.DataFrame:
    if rows.empty:
        return rows
    now = rows[(rows["origin"] == rows["origin"].max()) & rows["asked"].astype(bool)]
    table: pd.DataFrame = now.drop_duplicates("n").sort_values("n")[list(_FORECAST)]
    return table


def _forecasts(name: str, frame: pd.DataFrame) -> Iterator[list[str]]:
    """A curve's warnings stand in its first row."""
    if frame.empty:
        yield [name, NOTHING, NOTHING, NOTHING, "no forecast: it takes two volumes or more"]
    for place, row in enumerate(each(frame)):
        value = _points(row.median, row.lower, row.upper, _TOP1.digits)
        yield [name, count(row.n), multiple(row.multiple), value, _text(row.note) if place == 0 else ""]


def _points(value: float, lower: float, upper: float, digits: int) -> str:
    """Of shares of 1."""
    return plain(100 * value, 100 * lower, 100 * upper, digits)


def _text(note: object) -> str:
    """Several warnings are kept apart by a bar in the file."""
    return note.replace(BETWEEN, "; ") if isinstance(note, str) else ""


def enough_table(results: Results, *, architectures: Names = None) -> Table:
    """A row a curve and question: the rows of enough.csv. `n`, `lower` and `upper` are images, not rounded."""
    names = list(asked_curves(results, architectures))
    table = results.enough
    data = table[table["architecture"].isin(names)] if len(table) else _none(ENOUGH)
    head = ["Architecture", "Question", "Images", "Interval", "Shown to be enough", "Remarks"]
    groups = [[_question(row) for row in each(of_curve(data, name))] or [_unknown(name)] for name in names]
    return remarked(data.reset_index(drop=True), head, groups, ["Question"])


def _unknown(name: str) -> list[str]:
    return [name, NOTHING, NOTHING, NOTHING, NOTHING, "it takes two volumes or more"]


def _question(row: Any) -> list[str]:
    ends = between(row.lower, row.upper)
    interval = f"{ends} ({100 * row.level:g} %)" if ends else NOTHING
    images = needed(row.n, math.nan, math.nan)
    note = _text(row.note)
    if math.isfinite(row.n) and row.n > row.largest:
        note = "; ".join(filter(None, [f"beyond the {count(row.largest)} trained: a forecast", note]))
    return [
        row.architecture,
        question_words(row.question, row.threshold),
        images,
        interval,
        _required(row.required),
        note,
    ]


def _required(n: float) -> str:
    return NOTHING if math.isnan(n) else count(n)


def next_steps_table(results: Results, *, architectures: Names = None) -> Table:
    """The rows of next_steps.csv, those that gain most first; a group a network from which one starts."""
    names = asked_curves(results, architectures)
    table = results.next_steps
    data = table[table["architecture"].isin(names)] if len(table) else _none(NEXT_STEPS)
    data = data.sort_values("gain", ascending=False, kind="stable").reset_index(drop=True)
    known = [name for name in _COSTS if data[name].notna().any()]
    known = [name for name in known if name != "images" or "price" not in known]
    level = f"{100 * float(data['level'].iloc[0]):g} % interval" if len(data) else "interval"
    head = ["Option", "From", capital(_TOP1.axis), f"Gain in points ({level})", "Probability of a gain"]
    head += [_COSTS[name][0] for name in known] + ["Advised"]
    groups = [
        [_step(row, known) for row in own.to_dict("records")]
        for _, own in data.groupby(["from_architecture", "from_n"], sort=False)
    ]
    none = [["no option: it takes two volumes or more", *[""] * (len(head) - 1)]]
    return Table(data, head, groups or [none], ["From", "Advised"])


_COSTS = {
    "labels": ("Labels", count),
    "gpu_hours": ("One training", lambda hours: short_time(3600 * hours)),
    "images": ("Images passed", rounded),
    "price": ("Price", lambda price: count(price) if price >= 100 else f"{price:.3g}"),
    "gain_per_price": ("Points per unit of price", lambda gain: f"{100 * gain:.3g}"),
}


def _step(row: Mapping[Any, Any], known: list[str]) -> list[str]:
    there = _points(row["value"], row["lower"], row["upper"], _TOP1.digits)
    gain = _points(row["gain"], row["gain_lower"], row["gain_upper"], 2)
    costs = [NOTHING if math.isnan(row[name]) else _COSTS[name][1](row[name]) for name in known]
    start = f"{row['from_architecture']}, {count(row['from_n'])}"
    advised = "yes" if row["advised"] else ""
    return [option_words(pd.Series(row)), start, there, gain, chance(row["better"]), *costs, advised]
