"""The gap between training and validation images against data volume."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from datavolume.analysis.metrics import METRICS
from datavolume.analysis.shown.gap import gap
from datavolume.analysis.volumes import Volumes
from datavolume.artefacts.results import Results
from datavolume.artefacts.style import legend_below, mark, metric_axis, size_axis

__all__ = ["generalisation_gap"]

_PANELS = {
    "top1": "top-1 accuracy, training − validation\n(percentage points)",
    "loss": "cross-entropy loss, validation − training\n(nats)",
}


def generalisation_gap(results: Results) -> tuple[Figure, pd.DataFrame]:
    """Data: a row per architecture, metric and volume, stored units."""
    volumes = Volumes.of(results.summary)
    data = gap(results.summary, metrics=tuple(_PANELS))
    data.insert(2, "share", data["n"].map(volumes.share))
    figure = Figure(figsize=(8.4, 3.7))
    for axes, (metric, label) in zip(figure.subplots(1, len(_PANELS)), _PANELS.items(), strict=True):
        _panel(axes, data[data["metric"] == metric], METRICS[metric].scale)
        size_axis(axes, volumes, apart=0.14)
        metric_axis(axes, label)
    names = list(data["architecture"].unique())
    legend_below(figure, [_handle(index, name) for index, name in enumerate(names)], most=3)
    return figure, data


def _panel(axes: Axes, data: pd.DataFrame, scale: float) -> None:
    axes.axhline(0, color="0.35", linewidth=0.9)
    for index, (_, line) in enumerate(data.groupby("architecture", sort=False)):
        series, line = mark(index), line.sort_values("n")
        lower, upper = scale * line["lower"], scale * line["upper"]
        axes.fill_between(line["n"], lower, upper, color=series.colour, alpha=0.18, linewidth=0)
        axes.plot(line["n"], scale * line["mean"], markerfacecolor="white", **series.line_style)


def _handle(index: int, name: str) -> Line2D:
    label = f"{name}, mean over seeds and 95 % interval"
    return Line2D([], [], markerfacecolor="white", label=label, **mark(index).line_style)
