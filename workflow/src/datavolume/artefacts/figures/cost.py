"""What configurations reach beside what they cost, and the ones that nothing cheaper beats."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from matplotlib.transforms import Bbox

from datavolume.analysis.metrics import Metric
from datavolume.analysis.shown.frontier import COSTS, cost_of
from datavolume.analysis.words import factor_words, images
from datavolume.artefacts.figures.asked import (
    Names,
    asked_metric,
    asked_split,
    each,
    last_selected,
    one_of,
    split_words,
)
from datavolume.artefacts.results import Results
from datavolume.artefacts.style import legend_below, mark, metric_axis

if TYPE_CHECKING:
    from plotly.graph_objects import Figure as Interactive

__all__ = ["cost", "cost_interactive"]

_AXES = {"images": "images passed in training one run", "hours": "training time of one run (hours)"}
_COST_WORDS = {"images": "images passed", "hours": "hours"}
_FORMATS = {"images": ",.0f", "hours": ".3~g"}
_FRONT = "nothing as cheap is better"


def _data(
    results: Results, *, metric: str, split: str, cost: str, experiments: Names, **selection: object
) -> pd.DataFrame:
    """A row a configuration, with `label`: the value and the volume that it has, where they differ."""
    known = asked_metric(metric)
    one_of("cost", cost, COSTS)
    rows = last_selected(
        results, metric, asked_split(split), apart=["value", "n"], experiments=experiments, **selection
    )
    data = cost_of(rows, results.summary, cost, known)
    return data.assign(label=_labels(data))


def _labels(data: pd.DataFrame) -> list[str]:
    values, volumes = data["value"].nunique() > 1, data["n"].nunique() > 1
    factors = data["stage"].nunique() > 1
    return [
        ", ".join(
            [f"{factor_words(row.stage)} {row.value}" if factors else row.value] * bool(values and row.value)
            + [images(row.n)] * volumes
        )
        for row in each(data)
    ]


def cost(
    results: Results,
    *,
    experiments: Names = None,
    stage: str | None = None,
    values: Names = None,
    architectures: Names = None,
    fractions: Any = None,
    sizes: Any = None,
    metric: str = "top1",
    split: str = "validation",
    cost: str = "images",
) -> tuple[Figure, pd.DataFrame]:
    """Data: a row a configuration (analysis.frontier), stored units, `cost` in images or hours."""
    known = asked_metric(metric)
    data = _data(
        results, metric=metric, split=split, cost=cost, experiments=experiments, stage=stage, values=values,
        architectures=architectures, fractions=fractions, sizes=sizes,
    )  # fmt: skip
    figure = Figure(figsize=(6.8, 4.6))
    axes = figure.add_subplot()
    _draw(axes, data, known)
    _cost_axis(axes, data["cost"], _AXES[cost])
    metric_axis(axes, f"{split_words(split)} {known.axis}")
    axes.margins(0.08)
    legend_below(figure, _legend(list(data["series"].unique())), most=3)
    _label(figure, axes, data, known)
    return figure, data


def _draw(axes: Axes, data: pd.DataFrame, metric: Metric) -> None:
    front = data[data["frontier"]].sort_values("cost")
    axes.plot(
        front["cost"], metric.scale * front["mean"], color="0.55", linewidth=1.1, drawstyle="steps-post", zorder=1
    )
    for index, (_, own) in enumerate(data.groupby("series", sort=False)):
        centre, look = metric.scale * own["mean"], mark(index)
        reach = (centre - metric.scale * own["lower"], metric.scale * own["upper"] - centre)
        axes.errorbar(
            own["cost"], centre, reach, fmt=look.marker, color=look.colour, elinewidth=0.9, capsize=2, markersize=5.5
        )


def _cost_axis(axes: Axes, costs: pd.Series, label: str) -> None:
    """Logarithmic where costs differ much; numbers as people read them."""
    axes.set_xlabel(label)
    if ticks := _log_ticks(costs):
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(ticks))
        axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}" if value >= 10 else f"{value:.3g}"))


def _log_ticks(costs: pd.Series) -> list[float]:
    """1, 2 and 5 of each decade; none where costs differ by less than a factor of five, or are not known."""
    low, high = float(costs.min()), float(costs.max())
    if not 0 < 5 * low < high:
        return []
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = [step * 10.0**decade for decade in decades for step in (1, 2, 5)]
    return [step for step in steps if low / 1.2 <= step <= high * 1.2]


def _label(figure: Figure, axes: Axes, data: pd.DataFrame, metric: Metric) -> None:
    """Right of the markers, those of the frontier first, where no marker, interval or other label is in the way."""
    figure.draw_without_rendering()
    taken = [box for row in each(data) for box in _signs(axes, row, metric)]
    for row in each(data.sort_values(["frontier", "mean"], ascending=False, kind="stable")):
        for up in (1, -1):
            text = axes.annotate(
                row.label,
                (row.cost, metric.scale * row.mean),
                xytext=(5, 3 * up),
                textcoords="offset points",
                va="bottom" if up > 0 else "top",
                fontsize=7,
            )
            place = text.get_window_extent()
            if axes.bbox.containsx(place.x1) and not place.count_overlaps(taken):
                taken.append(place)
                break
            text.remove()


def _signs(axes: Axes, row: Any, metric: Metric) -> Iterator[Bbox]:
    """Where a configuration's marker and its interval stand, in pixels of the figure."""
    ends = [row.mean if pd.isna(end) else end for end in (row.lower, row.upper, row.mean)]
    (x, low), (_, high), (_, centre) = axes.transData.transform([(row.cost, metric.scale * end) for end in ends])
    yield Bbox.from_extents(x - 3, centre - 3, x + 3, centre + 3)
    yield Bbox.from_extents(x - 1, low, x + 1, high)


def _legend(names: list[str]) -> list[Line2D]:
    points = [
        Line2D([], [], linestyle="", marker=mark(index).marker, color=mark(index).colour, label=name)
        for index, name in enumerate(names)
    ]
    return [*points, Line2D([], [], color="0.55", linewidth=1.1, label=_FRONT)]


def cost_interactive(
    results: Results,
    *,
    experiments: Names = None,
    stage: str | None = None,
    values: Names = None,
    architectures: Names = None,
    fractions: Any = None,
    sizes: Any = None,
    metric: str = "top1",
    split: str = "validation",
    cost: str = "images",
) -> Interactive:
    """The same; a marker says what it is, what it costs and reaches, and the price of its last gain."""
    from plotly.graph_objects import Scatter

    from datavolume.artefacts.figures import hover

    known = asked_metric(metric)
    data = _data(
        results, metric=metric, split=split, cost=cost, experiments=experiments, stage=stage, values=values,
        architectures=architectures, fractions=fractions, sizes=sizes,
    )  # fmt: skip
    figure = hover.panelled([""])
    front = data[data["frontier"]].sort_values("cost")
    line = {"color": "#8c8c8c", "shape": "hv"}
    steps = Scatter(x=list(front["cost"]), y=list(known.scale * front["mean"]), mode="lines", line=line, name=_FRONT)
    figure.add_trace(steps.update(hoverinfo="skip"))
    for index, (name, own) in enumerate(data.groupby("series", sort=False)):
        texts = [_said(row, known, cost) for row in each(own)]
        figure.add_trace(hover.means_trace(own, known, mark(index), x=own["cost"], texts=texts, name=str(name)))
    ticks = _log_ticks(data["cost"])
    scale = {"type": "log", "tickvals": ticks} if ticks else {"type": "linear"}
    figure.update_xaxes(title=_AXES[cost], tickformat=_FORMATS[cost], **scale)
    figure.update_yaxes(title=f"{split_words(split)} {known.axis}")
    return hover.finished(figure)


def _said(row: Any, metric: Metric, cost: str) -> str:
    from datavolume.artefacts.figures.hover import reading

    lines = [row.series, row.label, reading(metric, row.mean), f"{row.cost:,.6g} {_COST_WORDS[cost]}"]
    if pd.notna(row.price):
        unit = {"%": "percentage point"}.get(metric.unit, metric.unit)
        lines.append(f"{row.price:,.3g} {_COST_WORDS[cost]} per gained {unit}")
    return "<br>".join(line for line in lines if line)
