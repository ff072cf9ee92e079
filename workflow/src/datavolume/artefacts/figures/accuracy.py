"""Accuracy against data volume: the means with their fitted line, and the spread over seeds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from datavolume.analysis.intervals import metric_intervals
from datavolume.analysis.metrics import METRICS
from datavolume.analysis.volumes import Volumes
from datavolume.artefacts.results import Results
from datavolume.artefacts.style import Mark, legend_below, mark, metric_axis, size_axis, size_label, tint

__all__ = ["accuracy_boxes", "accuracy_by_volume"]

_TOP1 = METRICS["top1"]
_KEYS = ["architecture", "n"]
_LABELLED = 10  # boxes side by side: of more, every second has a label, or every third


def _runs(summary: pd.DataFrame, volumes: Volumes) -> pd.DataFrame:
    """A row a run: architecture, n, share, seed, subset_seed, top1."""
    runs = summary[[*_KEYS, "seed", "subset_seed"]].assign(top1=summary[_TOP1.last])
    runs.insert(2, "share", runs["n"].map(volumes.share))
    return runs


def accuracy_by_volume(results: Results) -> tuple[Figure, pd.DataFrame]:
    """Data: a row a run, with mean, lower, upper and fitted of its architecture and volume."""
    volumes = Volumes.of(results.summary)
    runs = _runs(results.summary, volumes)
    means = metric_intervals(results.summary, _KEYS, "top1")[[*_KEYS, "mean", "lower", "upper"]]
    data = runs.merge(means.merge(_fitted(means, results.log_linear), on=_KEYS), on=_KEYS, how="left")
    figure = Figure()
    axes = figure.add_subplot()
    names = list(data["architecture"].unique())
    for index, name in enumerate(names):
        _curve(axes, data[data["architecture"] == name], mark(index), _aside(index, volumes))
    _scale_to_points(axes, data)
    size_axis(axes, volumes)
    metric_axis(axes, f"validation {_TOP1.axis}", most=100)
    legend_below(figure, _legend(names, results.log_linear), most=3)
    return figure, data


def _fitted(means: pd.DataFrame, log_linear: pd.DataFrame | None) -> pd.DataFrame:
    """The line's value at every architecture and n."""
    lines = _lines(log_linear)
    rows = means[_KEYS].join(lines, on="architecture")
    return rows[_KEYS].assign(fitted=rows["intercept"] + rows["slope"] * np.log10(rows["n"]))


def _lines(log_linear: pd.DataFrame | None) -> pd.DataFrame:
    """slope, intercept and r2 of top-1 over all runs, by architecture."""
    if log_linear is None:
        return pd.DataFrame(columns=["slope", "intercept", "r2"], dtype=float)
    rows = log_linear[(log_linear["metric"] == "top1") & (log_linear["over"] == "runs")]
    return rows.set_index("architecture")[["slope", "intercept", "r2"]]


def _aside(index: int, volumes: Volumes) -> float:
    """A factor for n: runs stand beside their mean's marker, of the first architecture left, of the second right."""
    span = volumes.sizes[-1] / volumes.sizes[0] if len(volumes.sizes) > 1 else 10.0
    return float(span ** (0.013 * (1 + index // 2) * (1 if index % 2 else -1)))


def _curve(axes: Axes, data: pd.DataFrame, series: Mark, aside: float) -> None:
    means = data.drop_duplicates("n").sort_values("n")
    axes.fill_between(
        means["n"], 100 * means["lower"], 100 * means["upper"], color=series.colour, alpha=0.18, linewidth=0
    )
    axes.plot(means["n"], 100 * means["fitted"], color=series.colour, linestyle=":", linewidth=1.1)
    axes.plot(data["n"] * aside, 100 * data["top1"], ".", color=series.colour, markersize=3.2, alpha=0.6)
    axes.plot(means["n"], 100 * means["mean"], markerfacecolor="white", **series.line_style)


def _scale_to_points(axes: Axes, data: pd.DataFrame) -> None:
    """The axis shows runs and intervals; a fitted line may leave it."""
    values = 100 * data[["top1", "lower", "upper"]].to_numpy(dtype=float)
    low, high = np.nanmin(values), np.nanmax(values)
    pad = 0.06 * max(high - low, 1.0)
    axes.set_ylim(low - pad, high + pad)


def _legend(names: list[str], log_linear: pd.DataFrame | None) -> list[Line2D | Patch]:
    """The architectures, then what the signs mean."""
    r2 = _lines(log_linear)["r2"].to_dict()
    handles: list[Line2D | Patch] = []
    for index, name in enumerate(names):
        fit = f" (fit: R² = {r2[name]:.2f})" if not math.isnan(r2.get(name, math.nan)) else ""
        label = f"{name}, seed mean{fit}"
        handles.append(Line2D([], [], markerfacecolor="white", label=label, **mark(index).line_style))
    return [
        *handles,
        Patch(color="0.5", alpha=0.3, linewidth=0, label="95 % confidence interval"),
        Line2D([], [], color="0.4", linestyle=":", linewidth=1.1, label="log-linear fit"),
        Line2D([], [], color="0.4", linestyle="", marker=".", markersize=4, label="single run"),
    ]


def accuracy_boxes(results: Results) -> tuple[Figure, pd.DataFrame]:
    """One panel an architecture, a box a volume. Data: a row a run."""
    volumes = Volumes.of(results.summary)
    data = _runs(results.summary, volumes)
    names = list(data["architecture"].unique())
    columns = min(len(names), 2)
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(6.4 if columns == 1 else 8.4, 3.1 * rows + 0.5))
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    for index, name in enumerate(names):
        _boxes(panels[index], data[data["architecture"] == name], mark(index), volumes)
        panels[index].set_title(name)
    for empty in panels[len(names) :]:
        empty.remove()
    for first in panels[: len(names) : columns]:
        metric_axis(first, f"validation {_TOP1.axis}", most=100)
    return figure, data


def _boxes(axes: Axes, data: pd.DataFrame, series: Mark, volumes: Volumes) -> None:
    sizes = sorted(data["n"].unique())
    values = [100 * data["top1"][data["n"] == n].to_numpy(dtype=float) for n in sizes]
    axes.boxplot(
        values,
        positions=range(len(sizes)),
        widths=0.55,
        patch_artist=True,
        showfliers=False,
        boxprops={"facecolor": tint(series.colour), "edgecolor": "0.2"},
        medianprops={"color": "0.05", "linewidth": 1.8},
        whiskerprops={"color": "0.2"},
        capprops={"color": "0.2"},
    )
    for position, points in enumerate(values):
        beside = position + np.linspace(-0.18, 0.18, len(points)) if len(points) > 1 else [position]
        edge: dict[str, Any] = {"markeredgecolor": "0.15", "markeredgewidth": 0.4, "linestyle": "", "markersize": 3.4}
        axes.plot(beside, points, **{**series.line_style, **edge})
    every = -(-len(sizes) // _LABELLED)
    labels = [
        size_label(int(n), volumes) if (len(sizes) - 1 - place) % every == 0 else "" for place, n in enumerate(sizes)
    ]
    axes.set_xticks(range(len(sizes)), labels)
    axes.set_xlabel("training images" + (", and their share of all training data" if volumes.known else ""))
