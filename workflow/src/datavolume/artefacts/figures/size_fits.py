"""Seed means of metrics over log10 of the training images, with their least-squares lines: of all sizes, and without
the largest."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from datavolume.analysis.metrics import Metric
from datavolume.analysis.shown.size_lines import WITHOUT, line_at, seed_means, size_lines, wide
from datavolume.analysis.volumes import Volumes
from datavolume.artefacts.figures.asked import Names, asked_metric, asked_split, each, last_selected, split_words
from datavolume.artefacts.figures.boxes import grid_of_panels
from datavolume.artefacts.figures.equation import LINES, equation
from datavolume.artefacts.results import Results
from datavolume.artefacts.style import legend_below, mark, metric_axis, size_axis
from datavolume.errors import UserError

if TYPE_CHECKING:
    from plotly.graph_objects import Figure as Interactive

__all__ = ["size_fits", "size_fits_interactive"]

_METRICS = ("top1", "macro_f1", "loss")


@dataclass(frozen=True, eq=False)
class _Panel:
    """One metric of one series: seed means in stored units, and their lines."""

    metric: Metric
    series: str
    means: pd.DataFrame
    lines: pd.DataFrame
    volumes: Volumes

    def line_values(self, line: Any) -> tuple[list[float], list[float]]:
        """Sizes and values of a line's ends, in the axis's unit."""
        ends = [float(self.means["n"].min()), float(self.means["n"].max())]
        return ends, [self.metric.scale * line_at(line.slope, line.intercept, n) for n in ends]


def _panels(
    results: Results, metrics: Sequence[str], split: str, experiments: Names, architectures: Names
) -> Iterator[_Panel]:
    """By series, then metric. Raises UserError."""
    if isinstance(metrics, str) or not metrics:
        raise UserError(f"metrics: '{metrics}' is not a list; write the metrics as [{', '.join(_METRICS)}]")
    chosen = [asked_metric(name, option="metrics") for name in metrics]
    selection: dict[str, Any] = {"apart": ["n"], "experiments": experiments, "architectures": architectures}
    values = [last_selected(results, metric.name, asked_split(split), **selection) for metric in chosen]
    for series in values[0]["series"].unique():
        for metric, rows in zip(chosen, values, strict=True):
            own = rows[rows["series"] == series]
            means = seed_means(own, bounds=metric.bounds)
            yield _Panel(metric, series, means, size_lines(means), Volumes.of(own))


def _frame(panels: Sequence[_Panel]) -> pd.DataFrame:
    frames = [panel.means.merge(wide(panel.lines), on="series").assign(metric=panel.metric.name) for panel in panels]
    data = pd.concat(frames, ignore_index=True)
    return data[["series", "metric", *(name for name in data if name not in ("series", "metric"))]]


def _titles(panels: Sequence[_Panel]) -> list[str]:
    """Each with the equations of its lines below it."""
    several = len({panel.series for panel in panels}) > 1
    heads = [f"{panel.series}: {panel.metric.label}" if several else panel.metric.label for panel in panels]
    lines = [[equation(line, panel.metric) for line in each(panel.lines)] for panel in panels]
    return ["\n".join([head, *texts]) for head, texts in zip(heads, lines, strict=True)]


def size_fits(
    results: Results,
    *,
    experiments: Names = None,
    architectures: Names = None,
    metrics: Sequence[str] = _METRICS,
    split: str = "validation",
) -> tuple[Figure, pd.DataFrame]:
    """A panel a series and metric. Data: a row a series, metric and n, with slope, intercept and R2 of both lines."""
    panels = list(_panels(results, metrics, split, experiments, architectures))
    columns = 1 if len(panels) <= len(metrics) else len(metrics)
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(6.4 if columns == 1 else 4.4 * columns, 2.6 * rows + 0.5))
    for axes, panel, title in zip(grid_of_panels(figure, len(panels), columns), panels, _titles(panels), strict=True):
        _draw(axes, panel)
        size_axis(axes, panel.volumes, apart=0.085 if columns == 1 else 0.15)
        axes.set_title(title, fontsize=8.5)
        metric_axis(axes, f"{split_words(split)} {panel.metric.axis}".replace(" (", "\n("))
    legend_below(figure, _legend(panels), most=4)
    return figure, _frame(panels)


def _draw(axes: Axes, panel: _Panel) -> None:
    means, scale = panel.means, panel.metric.scale
    for line in each(panel.lines):
        axes.plot(
            *panel.line_values(line), color=LINES[line.over].colour, linestyle=LINES[line.over].line, linewidth=1.3
        )
    centre = scale * means["mean"]
    reach = (scale * (means["mean"] - means["lower"]), scale * (means["upper"] - means["mean"]))
    axes.errorbar(means["n"], centre, reach, fmt="none", ecolor="0.45", elinewidth=1, capsize=2.5)
    outside = (means["n"] == means["n"].max()) & (panel.lines["over"] == WITHOUT).any()
    for part, face in ((~outside, mark(0).colour), (outside, "white")):
        axes.plot(means["n"][part], centre[part], "o", color=mark(0).colour, markerfacecolor=face, zorder=3)


def _legend(panels: Sequence[_Panel]) -> list[Line2D]:
    point: dict[str, Any] = {"linestyle": "", "marker": "o", "color": mark(0).colour}
    without = any((panel.lines["over"] == WITHOUT).any() for panel in panels)
    overs = dict.fromkeys(over for panel in panels for over in panel.lines["over"])
    return [
        Line2D([], [], label="seed mean, 95 % interval", **point),
        *([Line2D([], [], label="the largest size", markerfacecolor="white", **point)] if without else []),
        *(Line2D([], [], label=f"line, {over}", **{**LINES[over].line_style, "marker": ""}) for over in overs),
    ]


def size_fits_interactive(
    results: Results,
    *,
    experiments: Names = None,
    architectures: Names = None,
    metrics: Sequence[str] = _METRICS,
    split: str = "validation",
) -> Interactive:
    """The same panels, one below another; a point says size, mean and interval."""
    from datavolume.artefacts.figures import hover

    panels = list(_panels(results, metrics, split, experiments, architectures))
    heads = [title.partition("\n")[0] for title in _titles(panels)]
    figure = hover.panelled(heads)
    for row, panel in enumerate(panels, 1):
        place = {"row": row, "col": 1}
        figure.add_trace(hover.means_trace(panel.means, panel.metric, mark(0), showlegend=False), **place)
        for line in each(panel.lines):
            ends, values = panel.line_values(line)
            places = [math.log10(n) for n in ends]
            name = f"{heads[row - 1]}, {equation(line, panel.metric)}"
            trace = hover.fitted_line(places, values, name, LINES[line.over])
            figure.add_trace(trace, **place)
        figure.update_xaxes(**hover.size_ticks(panel.volumes), **place)
        figure.update_yaxes(title=panel.metric.axis, **place)
    figure.update_xaxes(title="training images (logarithmic)", row=len(panels), col=1)
    return hover.finished(figure)
