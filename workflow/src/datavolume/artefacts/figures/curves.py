"""Accuracy through training, one line a data volume."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from datavolume.analysis.intervals import metric_intervals
from datavolume.analysis.metrics import METRICS
from datavolume.analysis.volumes import Volumes
from datavolume.analysis.words import count, images, share
from datavolume.artefacts.results import Results
from datavolume.artefacts.style import Mark, legend_below, metric_axis, shades

__all__ = ["learning_curves"]

_SPLITS = {"train": "training images", "validation": "validation images"}
_TOP1 = METRICS["top1"]


def learning_curves(results: Results) -> tuple[Figure, pd.DataFrame]:
    """A row of panels an architecture, training and validation beside each other. Data: a row a point of a line."""
    volumes = Volumes.of(results.summary)
    data = metric_intervals(results.metrics, ["architecture", "split", "n", "update"], "top1", column="top1")
    data.insert(3, "share", data["n"].map(volumes.share))
    names = list(data["architecture"].unique())
    figure = Figure(figsize=(7.4, 2.5 * len(names) + 0.9))
    panels = figure.subplots(len(names), 2, sharex=True, sharey=True, squeeze=False)
    marks = dict(zip(volumes.sizes, shades(len(volumes.sizes)), strict=True))
    for row, name in zip(panels, names, strict=True):
        for axes, (split, title) in zip(row, _SPLITS.items(), strict=True):
            _lines(axes, data[(data["architecture"] == name) & (data["split"] == split)], marks)
            axes.set_title(f"{name}, {title}")
    for axes in panels[:, 0]:  # once all panels are drawn: they share their scale
        metric_axis(axes, _TOP1.axis, most=100)
    for axes in panels[-1]:
        axes.set_xlabel("updates")
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda update, _: count(update)))
    legend_below(figure, _legend(volumes, marks), most=3)
    return figure, data


def _lines(axes: Axes, data: pd.DataFrame, marks: dict[int, Mark]) -> None:
    for n, series in marks.items():
        line = data[data["n"] == n]
        axes.fill_between(
            line["update"], 100 * line["lower"], 100 * line["upper"], color=series.colour, alpha=0.15, linewidth=0
        )
        every = max(1, len(line) // 10)
        style = {**series.line_style, "markevery": every, "markersize": 3.6, "linewidth": 1.3}
        axes.plot(line["update"], 100 * line["mean"], **style)


def _legend(volumes: Volumes, marks: dict[int, Mark]) -> list[Line2D]:
    shares = {n: f" ({share(volumes.share(n))})" if volumes.known else "" for n in marks}
    return [
        Line2D([], [], markersize=4.5, label=f"{images(n)}{shares[n]}", **series.line_style)
        for n, series in marks.items()
    ]
