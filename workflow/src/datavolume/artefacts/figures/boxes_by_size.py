"""Spread over seeds against log10 of the training images, with the least-squares line of the seed means."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from datavolume.analysis.metrics import Metric
from datavolume.analysis.shown.size_lines import ALL, line_at, seed_means, size_lines, wide
from datavolume.analysis.volumes import Volumes
from datavolume.artefacts.figures.asked import Names, asked_metric, asked_split, each, last_selected, split_words
from datavolume.artefacts.figures.boxes import box, grid_of_panels
from datavolume.artefacts.figures.equation import LINES, equation
from datavolume.artefacts.results import Results
from datavolume.artefacts.style import legend_below, mark, metric_axis, size_axis

if TYPE_CHECKING:
    from plotly.graph_objects import Figure as Interactive

__all__ = ["boxes_by_size", "boxes_by_size_interactive"]


def _data(results: Results, metric: str, split: str, experiments: Names, architectures: Names) -> pd.DataFrame:
    """A row a run."""
    rows = last_selected(
        results, metric, asked_split(split), apart=["n"], experiments=experiments, architectures=architectures
    )
    return rows[["series", "n", "fraction", "seed", "subset_seed", "measured"]]


def boxes_by_size(
    results: Results,
    *,
    experiments: Names = None,
    architectures: Names = None,
    metric: str = "top1",
    split: str = "validation",
    without_largest: bool = False,
) -> tuple[Figure, pd.DataFrame]:
    """A panel a series, a box a size. Data: a row a run, with the lines' slope, intercept and R2 of its series."""
    known, runs = asked_metric(metric), _data(results, metric, split, experiments, architectures)
    lines = _lines(runs, known, without_largest)
    names = list(runs["series"].unique())
    columns = min(len(names), 2)
    figure = Figure(figsize=(6.4 if columns == 1 else 9.6, 3.3 * -(-len(names) // columns) + 0.9))
    panels = grid_of_panels(figure, len(names), columns, sharey=True)
    for axes, name in zip(panels, names, strict=True):
        own = runs[runs["series"] == name]
        _boxes(axes, own, known)
        _draw_lines(axes, own, lines[lines["series"] == name], known)
        size_axis(axes, Volumes.of(own))
        axes.set_title(name if len(names) > 1 else "")
    for axes in panels[::columns]:
        metric_axis(axes, f"{split_words(split)} {known.axis}")
    legend_below(figure, _legend(lines, known, several=len(names) > 1), most=1)
    return figure, runs.merge(wide(lines), on="series", how="left")


def _lines(runs: pd.DataFrame, metric: Metric, without_largest: bool) -> pd.DataFrame:
    lines = size_lines(seed_means(runs, bounds=metric.bounds))
    return lines if without_largest else lines[lines["over"] == ALL]


def _boxes(axes: Axes, runs: pd.DataFrame, metric: Metric) -> None:
    sizes = sorted(runs["n"].unique())
    for n, width in _log_widths(sizes).items():
        box(axes, float(n), metric.scale * runs["measured"][runs["n"] == n], n * (10**width - 1), mark(0))


def _log_widths(sizes: list[int]) -> dict[int, float]:
    """Of each size's box, in decades: as wide as its neighbours leave room for."""
    gaps = [math.log10(above / below) for below, above in pairwise(sizes)]
    span = math.log10(sizes[-1] / sizes[0]) or 1.0
    beside = zip(sizes, [span, *gaps], [*gaps, span], strict=True)
    return {int(n): min(0.7 * left, 0.7 * right, 0.035 * span) for n, left, right in beside}


def _draw_lines(axes: Axes, runs: pd.DataFrame, lines: pd.DataFrame, metric: Metric) -> None:
    ends = [float(runs["n"].min()), float(runs["n"].max())]
    for line in each(lines):
        values = [metric.scale * line_at(line.slope, line.intercept, n) for n in ends]
        axes.plot(ends, values, **_look(line.over))


def _legend(lines: pd.DataFrame, metric: Metric, *, several: bool) -> list[Line2D]:
    return [
        Line2D([], [], label=f"{line.series}, {text}" if several else text, **_look(line.over))
        for line in each(lines)
        for text in [equation(line, metric)]
    ]


def _look(over: str) -> dict[str, Any]:
    return {**LINES[over].line_style, "marker": "", "linewidth": 1.3}


def boxes_by_size_interactive(
    results: Results,
    *,
    experiments: Names = None,
    architectures: Names = None,
    metric: str = "top1",
    split: str = "validation",
    without_largest: bool = False,
) -> Interactive:
    """The same panels; a run's point says its size, value and seed."""
    from datavolume.artefacts.figures import hover

    known, runs = asked_metric(metric), _data(results, metric, split, experiments, architectures)
    lines = _lines(runs, known, without_largest)
    names = list(runs["series"].unique())
    figure = hover.panelled(names if len(names) > 1 else [""])
    for row, name in enumerate(names, 1):
        own, place = runs[runs["series"] == name], {"row": row, "col": 1}
        places = [math.log10(n) for n in own["n"]]
        width = min(_log_widths(sorted(own["n"].unique())).values())
        texts = hover.run_texts(own, known, "n")
        measured = known.scale * own["measured"]
        figure.add_trace(hover.box_trace(places, measured, mark(0), texts, width=width, showlegend=False), **place)
        for line in each(lines[lines["series"] == name]):
            ends = [min(places), max(places)]
            values = [known.scale * (line.intercept + line.slope * place) for place in ends]
            label = f"{name}, {equation(line, known)}" if len(names) > 1 else equation(line, known)
            figure.add_trace(hover.fitted_line(ends, values, label, LINES[line.over]), **place)
        figure.update_xaxes(title="training images (logarithmic)", **hover.size_ticks(Volumes.of(own)), **place)
        figure.update_yaxes(title=f"{split_words(split)} {known.axis}", **place)
    return hover.finished(figure)
