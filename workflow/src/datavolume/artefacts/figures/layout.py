"""What is a line and what a panel of a figure, and the empty panels.

layout = lay_out(rows, lines="fraction", panels="metric", given={"metric": ["top1", "top5"], "split": ["train"]})
layout.columns                          what tells its lines apart in `layout.rows`, but for metric and statistic
figure, panels = layout.draw(legend)    panel.axes, panel.rows(data)
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from datavolume.analysis.metrics import METRICS, Metric
from datavolume.artefacts.figures.asked import Names, split_words
from datavolume.artefacts.figures.dimensions import Dimension, Key, dimensions, rows_at, with_factors
from datavolume.artefacts.style import legend_below, metric_axis
from datavolume.errors import UserError

__all__ = ["Layout", "Panel", "lay_out", "listed"]

_MELTED = ("metric", "statistic")
_WIDTHS = {1: 6.4, 2: 8.4, 3: 9.6}
_MARGINS = "normalised confidence margin\n(C1 − C2) / C1"


def listed(names: Names) -> list[str]:
    """An option that is one name, several, or none."""
    if names is None:
        return []
    return [names] if isinstance(names, str) else list(names)


@dataclass(frozen=True)
class Panel:
    """One axes and its metrics. The `first` of a row has a label of the y axis, the `last` of a column one of x."""

    axes: Axes
    dimensions: tuple[Dimension, ...]
    keys: tuple[Key, ...]
    metrics: tuple[Metric, ...]
    label: str
    first: bool = True
    last: bool = True

    def rows(self, frame: pd.DataFrame) -> pd.DataFrame:
        return rows_at(frame, self.dimensions, self.keys)

    def finish(self) -> None:
        """Once everything is drawn in all panels that share its scale."""
        most = self.metrics[0].bounds[1] * self.metrics[0].scale
        metric_axis(self.axes, self.label if self.first else "", most=most if most < float("inf") else None)


@dataclass(frozen=True)
class Layout:
    """`rows` are the selected ones, with the columns of all dimensions; `given` as in `dimensions`."""

    rows: pd.DataFrame
    lines: tuple[Dimension, ...]
    panels: tuple[Dimension, ...]
    given: Mapping[str, Sequence[str]]

    @property
    def columns(self) -> list[str]:
        named = [column for dimension in (*self.panels, *self.lines) for column in dimension.columns]
        return [column for column in dict.fromkeys([*named, "split"]) if column not in _MELTED]

    def draw(self, legend: Sequence[Artist], *, share_x: bool = True) -> tuple[Figure, list[Panel]]:
        """A figure with empty panels and its legend; `share_x`: the panels have one scale of the x axis."""
        combinations = list(itertools.product(*(dimension.levels for dimension in self.panels)))
        columns = len(self.panels[1].levels) if len(self.panels) == 2 else _columns(len(combinations))
        rows = -(-len(combinations) // columns)
        height = (3.4 if rows == 1 else 2.5 * rows + 0.3) + 0.19 * (-(-len(legend) // 3))
        figure = Figure(figsize=(_WIDTHS.get(columns, 3.0 * columns + 0.6), height))
        grid = figure.subplots(rows, columns, sharex=share_x, sharey=self._shared(), squeeze=False).ravel()
        for empty in grid[len(combinations) :]:
            empty.remove()
        for above in grid[max(0, len(combinations) - columns) : (rows - 1) * columns]:
            above.tick_params(labelbottom=True)
        legend_below(figure, legend, most=4)
        panels = [self._panel(axes, combination) for axes, combination in zip(grid, combinations, strict=False)]
        return figure, [replace(panel, first=self._shared() == "none" or not place % columns,
                                last=place + columns >= len(panels)) for place, panel in enumerate(panels)]  # fmt: skip

    def _shared(self) -> Literal["none", "all", "row", "col"]:
        """Panels of one metric share their scale."""
        names = [dimension.name for dimension in self.panels]
        if "metric" not in names:
            return "all"
        return "none" if len(names) == 1 else ("row" if names[0] == "metric" else "col")

    def _panel(self, axes: Axes, combination: Sequence[tuple[Key, str]]) -> Panel:
        keys = tuple(key for key, _ in combination)
        of = {dimension.name: key[0] for dimension, key in zip(self.panels, keys, strict=True)}
        metrics = tuple(METRICS[name] for name in ([of["metric"]] if "metric" in of else self.given["metric"]))
        told = [text for dimension, (_, text) in zip(self.panels, combination, strict=True)
                if dimension.name != "metric" and len(dimension.levels) > 1]  # fmt: skip
        axes.set_title(", ".join(told))
        return Panel(axes, self.panels, keys, metrics, self._label(metrics))

    def _label(self, metrics: Sequence[Metric]) -> str:
        """What an axis shows; of which split, unless lines or panels say it."""
        splits = self.given["split"]
        said = any(dimension.name == "split" and len(dimension.levels) > 1 for dimension in (*self.lines, *self.panels))
        return ("" if said else f"{split_words(splits[0])} ") + _together(metrics)


def _columns(panels: int) -> int:
    return panels if panels < 4 else (2 if panels == 4 else 3)


def _together(metrics: Sequence[Metric]) -> str:
    """Several metrics on one axis, in the words that they share."""
    if all(metric.name.startswith("margin") for metric in metrics):
        return _MARGINS if len(metrics) > 1 else metrics[0].axis
    unit = f" ({metrics[0].unit})" if metrics[0].unit else ""
    last = {metric.label.rpartition(" ")[2] for metric in metrics}
    shared = len(metrics) > 1 and len(last) == 1
    return (last.pop() if shared else " and ".join(metric.label for metric in metrics)) + unit


def lay_out(rows: pd.DataFrame, *, lines: Names, panels: Names, given: Mapping[str, Sequence[str]]) -> Layout:
    """What of `given` has several values becomes a line unless it is a panel; metrics that are lines are no panels.

    Raises UserError.
    """
    line_names = listed(lines)
    panel_names = [name for name in listed(panels) if (name, name in line_names) != ("metric", True)]
    line_names += [name for name in given if len(given[name]) > 1 and name not in (*line_names, *panel_names)]
    if twice := [name for name in line_names if name in panel_names]:
        raise UserError(f"lines: {twice[0]} is in panels already; it can be one of the two")
    if len(panel_names) > 2:
        raise UserError(f"panels: {', '.join(panel_names)} are too many; there may be two, for rows and for columns")
    if "metric" not in panel_names:
        _check_units([METRICS[name] for name in given["metric"]])
    told = with_factors(rows, [*line_names, *panel_names])
    return Layout(
        told,
        tuple(dimensions(line_names, "lines", told, given)),
        tuple(dimensions(panel_names, "panels", told, given)),
        given,
    )


def _check_units(metrics: Sequence[Metric]) -> None:
    others = [metric for metric in metrics if (metric.unit, metric.scale) != (metrics[0].unit, metrics[0].scale)]
    if others:
        first, other = metrics[0], others[0]
        raise UserError(f"metrics: {first.axis} and {other.axis} cannot share an axis; put metric in panels")
