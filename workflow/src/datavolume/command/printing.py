"""What `datavolume forecast` prints: a table, what it rests on, and warnings.

show(answer, plot)
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

if TYPE_CHECKING:
    import pandas as pd

    from datavolume.command.forecasted import Answer
    from datavolume.statistics.requirement import Requirement

__all__ = ["count", "print_frame", "print_table", "show"]

_WIDE = 10_000


def count(n: float) -> str:
    """20000 -> 20,000."""
    return f"{n:,.0f}" if n >= 10 or n == int(n) else f"{n:g}"


def show(answer: Answer, plot: Path | None) -> None:
    """To standard output."""
    console = Console(highlight=False, soft_wrap=True)
    sizes = answer.curve.sizes()
    runs = int(sizes.count.sum())
    console.print(
        f"{runs} values of {answer.curve.kind} at {len(sizes.n)} sizes from {count(sizes.n[0])} to {count(sizes.n[-1])}"
    )
    print_table(console, _forecast_table(answer, float(sizes.n[-1])))
    weights = sorted(answer.forecast.weights.items(), key=lambda item: -item[1])
    console.print("Families: " + ", ".join(f"{name} {weight:.2f}" for name, weight in weights if weight >= 0.005))
    if answer.reach:
        console.print(answer.reach.sentence() + (f" ({answer.reach.note})" if answer.reach.note else ""))
        print_table(console, _reach_table(answer.reach.table))
    if answer.requirement:
        console.print(_required(answer.requirement))
    for warning in answer.warnings:
        console.print(f"Warning: {escape(warning)}")
    if plot:
        console.print(f"Figure: {escape(str(plot))}")


def _forecast_table(answer: Answer, largest: float) -> Table:
    table = Table()
    percent = f"{100 * answer.forecast.level:g} %"
    for name in ("n", "times the largest", "median", f"{percent} lower", "upper"):
        table.add_column(name, justify="right")
    for n, *values in answer.forecast.table[["n", "median", "lower", "upper"]].to_numpy():
        table.add_row(count(n), f"{n / largest:.3g}", *(f"{value:.4f}" for value in values))
    return table


def _reach_table(found: pd.DataFrame) -> Table:
    table = Table()
    for name in ("n", "times the largest", "probability"):
        table.add_column(name, justify="right")
    for n, multiple, probability in found[["n", "multiple", "probability"]].to_numpy():
        table.add_row(count(n), f"{multiple:g}", f"{probability:.2f}")
    return table


def _required(found: Requirement) -> str:
    largest = count(float(found.table["n"].iloc[-1]))
    head = f"Within {found.margin:g} of the value at {largest}: from some {count(found.n)} samples on"
    if math.isnan(found.upper):
        return f"{head} ({found.note})"
    lower = "none" if found.lower == 0 else count(found.lower)
    shown = f"; smallest size shown to be enough: {count(found.required)}"
    return f"{head} ({100 * found.level:g} % interval {lower} to {count(found.upper)}){shown}" + (
        f" ({found.note})" if found.note else ""
    )


def print_table(console: Console, table: Table) -> None:
    """No number is ever cut: where even wrapped heads do not fit, the table is as wide as it is."""
    for column in table.columns:
        column.no_wrap = " " not in str(column.header)
    room = Measurement.get(console, console.options.update(max_width=_WIDE), table)
    width = console.width if room.minimum <= console.width else room.maximum
    Console(highlight=False, width=width).print(table, crop=False)


def print_frame(console: Console, title: str, frame: pd.DataFrame) -> None:
    """A frame as a table: numbers to four digits, empty for what is unknown."""
    table = Table(title=escape(title), title_justify="left")
    for name in frame.columns:
        table.add_column(str(name), justify="left" if frame[name].dtype == object else "right")
    for row in frame.itertuples(index=False):
        table.add_row(*(escape(_cell(value)) for value in row))
    print_table(console, table)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        if math.isnan(value):
            return ""
        return f"{value:.0f}" if value == int(value) and abs(value) < 1e9 else f"{value:.4g}"
    return "" if value is None else str(value)
