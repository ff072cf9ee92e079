"""How the lines of a figure look and what its legend says, from the dimensions that the lines stand for.

    for line in lines_of(found, marks): axes.plot(..., **line.style)      line.key tells which rows it shows
    legend_below(figure, entries(found))

The first dimension is colour and marker, the others together are line style and filling: both are told apart in black
and white.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.lines import Line2D

from datavolume.artefacts.figures.dimensions import Dimension, Key, rows_at
from datavolume.artefacts.style import DASHES, Mark, mark, shades

__all__ = ["LineStyle", "band", "entries", "lines_of"]


@dataclass(frozen=True)
class LineStyle:
    """One line: the value of each dimension, its words, and how it is drawn."""

    dimensions: tuple[Dimension, ...]
    keys: tuple[Key, ...]
    words: str
    style: dict[str, Any]

    def rows(self, frame: pd.DataFrame) -> pd.DataFrame:
        return rows_at(frame, self.dimensions, self.keys)


def lines_of(found: Sequence[Dimension]) -> list[LineStyle]:
    """Every combination of the dimensions' values, the first dimension slowest."""
    several = [dimension for dimension in found if len(dimension.levels) > 1]
    styles = _styles(several)
    lines = []
    for combination in itertools.product(*(dimension.levels for dimension in found)):
        place = tuple(key for dimension, (key, _) in zip(found, combination, strict=True) if dimension in several)
        shown = [text for dimension, (_, text) in zip(found, combination, strict=True) if dimension in several]
        words = ", ".join(shown or [text for _, text in combination])
        lines.append(LineStyle(tuple(found), tuple(key for key, _ in combination), words, styles[place]))
    return lines


def _styles(several: Sequence[Dimension]) -> dict[tuple[Key, ...], dict[str, Any]]:
    if not several:
        return {(): mark(0).line_style}
    first, *others = several
    marks = _marks(first)
    if not others:
        return {(key,): one.line_style for (key, _), one in zip(first.levels, marks, strict=True)}
    styles = {}
    for (key, _), one in zip(first.levels, marks, strict=True):
        for number, rest in enumerate(itertools.product(*(dimension.levels for dimension in others))):
            styles[key, *(other for other, _ in rest)] = {**one.line_style, **_second(number)}
    return styles


def _marks(dimension: Dimension) -> list[Mark]:
    number = len(dimension.levels)
    return shades(number) if dimension.ordered else [mark(index) for index in range(number)]


def _second(number: int) -> dict[str, Any]:
    """Solid with full markers, then broken with hollow ones."""
    style: dict[str, Any] = {"linestyle": DASHES[number % len(DASHES)]}
    return style if number == 0 else {**style, "markerfacecolor": "white"}


def entries(found: Sequence[Dimension]) -> list[Line2D]:
    """A legend: one entry a line; with several dimensions one a value, those of the others in grey."""
    several = [dimension for dimension in found if len(dimension.levels) > 1]
    if not found:
        return []
    if len(several) < 2:
        heading = f"{several[0].heading} " if several and several[0].heading else ""
        return [_entry(heading + line.words, line.style) for line in lines_of(found)]
    first, *others = several
    handles = [
        _entry(f"{first.heading} {text}".strip(), {**one.line_style, "linestyle": ""})
        for (_, text), one in zip(first.levels, _marks(first), strict=True)
    ]
    for number, rest in enumerate(itertools.product(*(dimension.levels for dimension in others))):
        text = ", ".join(text for _, text in rest)
        handles.append(_entry(text, {"color": "0.35", "marker": "o", **_second(number)}))
    return handles


def band(data: pd.DataFrame) -> list[Line2D]:
    """The legend's entry of intervals, where there are any."""
    if not data["lower"].notna().any():
        return []
    return [Line2D([], [], color="0.5", alpha=0.3, linewidth=6, label="95 % confidence interval of the mean")]


def _entry(label: str, style: dict[str, Any]) -> Line2D:
    return Line2D([], [], markersize=4.5, label=label, **style)
