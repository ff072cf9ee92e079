"""A metric over all images of a split beside the same metric over its last batch alone."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from datavolume.analysis.last_batch import KNOWN, TWINS, twin
from datavolume.analysis.metrics import Metric
from datavolume.analysis.shown.size_lines import ALL, line_at, pooled_sd, seed_means, size_lines, wide
from datavolume.analysis.volumes import Volumes
from datavolume.analysis.words import number
from datavolume.artefacts.figures.asked import Names, asked_split, last_selected, one_of, split_words
from datavolume.artefacts.figures.boxes import grid_of_panels
from datavolume.artefacts.results import Results
from datavolume.artefacts.style import legend_below, mark, metric_axis, size_axis

__all__ = ["metric_scatter"]


def metric_scatter(
    results: Results,
    *,
    experiments: Names = None,
    architectures: Names = None,
    metric: str = "top1",
    split: str = "validation",
) -> tuple[Figure, pd.DataFrame]:
    """A row of panels a series, on one scale: left over all images, right over the last batch. Data: a row a run and
    metric, with mean and sd of its size, pooled_sd over sizes, and the line of the seed means."""
    one_of("metric", metric, TWINS)
    selection: dict[str, Any] = {"apart": ["n"], "experiments": experiments, "architectures": architectures}
    both = [
        _told(last_selected(results, name, asked_split(split), **selection), KNOWN[name])
        for name in (metric, twin(metric))
    ]
    names = list(both[0]["series"].unique())
    figure = Figure(figsize=(8.4, 3.0 * len(names) + 0.9))
    panels = grid_of_panels(figure, 2 * len(names), 2, sharey=True)
    for place, axes in enumerate(panels):
        rows = both[place % 2]
        own = rows[rows["series"] == names[place // 2]]
        _panel(axes, own, KNOWN[metric])
        size_axis(axes, Volumes.of(own), apart=0.13)
        axes.set_title(_title(own, KNOWN[metric], split, several=len(names) > 1), fontsize=8.5)
    for axes in panels[::2]:
        metric_axis(axes, f"{split_words(split)} {KNOWN[metric].axis}")
    legend_below(figure, _legend(), most=3)
    return figure, pd.concat(both, ignore_index=True)


def _told(runs: pd.DataFrame, metric: Metric) -> pd.DataFrame:
    """With what its series and size say of each run."""
    means = seed_means(runs, bounds=metric.bounds)
    lines = size_lines(means)
    pooled = pd.Series({name: pooled_sd(own) for name, own in means.groupby("series")}, name="pooled_sd")
    told = runs[["series", "n", "fraction", "seed", "subset_seed", "measured"]].assign(metric=metric.name)
    told = told.merge(means[["series", "n", "mean", "sd"]], on=["series", "n"], how="left")
    return told.join(pooled, on="series").merge(wide(lines[lines["over"] == ALL]), on="series", how="left")


def _panel(axes: Axes, own: pd.DataFrame, metric: Metric) -> None:
    means = own.drop_duplicates("n").sort_values("n")
    ends = [float(means["n"].min()), float(means["n"].max())]
    values = [metric.scale * line_at(means["slope"].iloc[0], means["intercept"].iloc[0], n) for n in ends]
    axes.plot(ends, values, color="#D55E00", linestyle=":", linewidth=1.3)
    axes.plot(own["n"], metric.scale * own["measured"], ".", color=mark(0).colour, markersize=4, alpha=0.55)
    axes.plot(means["n"], metric.scale * means["mean"], "s", color="0.1", markerfacecolor="white", markersize=4.5)


def _title(own: pd.DataFrame, metric: Metric, split: str, *, several: bool) -> str:
    """What the panel is of, and how much single runs scatter."""
    first = own.iloc[0]
    of = "last batch alone" if first["metric"] not in TWINS else f"all {split_words(split)} images"
    unit = {"%": "percentage points"}.get(metric.unit, metric.unit)
    spread = number(metric.scale * first["pooled_sd"], metric.digits + 1)
    lines = [f"{first['series']}, {of}" if several else of]
    lines += [] if math.isnan(first["pooled_sd"]) else [f"single runs: sd {spread} {unit}"]
    lines += [f"line of the means: R² = {number(first['r2'], 3)}"] if own["n"].nunique() > 2 else []
    return "\n".join(lines)


def _legend() -> list[Line2D]:
    return [
        Line2D([], [], linestyle="", marker=".", markersize=5, color=mark(0).colour, label="single run"),
        Line2D(
            [], [], linestyle="", marker="s", markersize=4.5, color="0.1", markerfacecolor="white", label="seed mean"
        ),
        Line2D([], [], linestyle=":", color="#D55E00", linewidth=1.3, label="line of the means over log₁₀(n)"),
    ]
