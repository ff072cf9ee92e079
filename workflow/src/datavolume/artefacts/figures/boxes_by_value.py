"""A metric by the value of one varied factor, a group of boxes a value, one box an experiment or network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from datavolume.analysis.metrics import Metric
from datavolume.analysis.shown.chosen import chosen_values
from datavolume.analysis.words import factor_words
from datavolume.artefacts.figures.asked import (
    Names,
    asked_metric,
    asked_split,
    each,
    last_selected,
    one_of,
    split_words,
)
from datavolume.artefacts.figures.boxes import box
from datavolume.artefacts.results import Results
from datavolume.artefacts.style import legend_below, mark, metric_axis, tint
from datavolume.errors import UserError
from datavolume.study import Choice

if TYPE_CHECKING:
    from plotly.graph_objects import Figure as Interactive

__all__ = ["boxes_by_value", "boxes_by_value_interactive"]

_CHOSEN = ("tuning", "validation", "none")
_COLUMNS = ["experiment", "series", "stage", "value", "position", "n", "seed", "subset_seed", "measured", "chosen"]


def _data(
    results: Results,
    *,
    metric: str,
    split: str,
    stage: str | None,
    experiments: Names,
    chosen: str,
    **selection: object,
) -> pd.DataFrame:
    """A row a run and value, in the order of the values; `chosen` says whether the design went on with that value."""
    one_of("chosen", chosen, _CHOSEN)
    asked_metric(metric)
    stage = stage or _only_stage(results.points, experiments)
    rows = last_selected(
        results, metric, asked_split(split), apart=["value"], experiments=experiments, stage=stage, **selection
    )
    rows["position"] = rows["value"].map(rows.groupby("value")["position"].min())
    marked = _marked(results, rows, stage, metric, chosen)
    places = pd.MultiIndex.from_frame(rows[["experiment", "series", "value"]])
    return rows.assign(chosen=places.isin(marked)).sort_values("position", kind="stable", ignore_index=True)[_COLUMNS]


def _only_stage(points: pd.DataFrame, experiments: Names) -> str:
    """Raises UserError where several factors, or none, are varied one by one."""
    named = [experiments] if isinstance(experiments, str) else experiments
    own = points if named is None else points[points["experiment"].isin(list(named))]
    stages = [stage for stage in own["stage"].unique() if stage]
    if len(stages) == 1:
        return str(stages[0])
    raise UserError(f"stage: say which factor; {', '.join(stages) or 'no factor'} is varied in these experiments")


def _marked(results: Results, rows: pd.DataFrame, stage: str, metric: str, chosen: str) -> list[tuple[str, str, str]]:
    if chosen == "none":
        return []
    found = chosen_values(results.metrics, rows, results.points, stage, Choice(metric=metric, split=chosen))
    return list(found.itertuples(index=False, name=None))


def boxes_by_value(
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
    chosen: str = "tuning",
    label: str = "",
) -> tuple[Figure, pd.DataFrame]:
    """Data: a row a run and value. `label`: what the axis calls the factor, where its name does not."""
    known = asked_metric(metric)
    data = _data(
        results, metric=metric, split=split, stage=stage, experiments=experiments, chosen=chosen, values=values,
        architectures=architectures, fractions=fractions, sizes=sizes,
    )  # fmt: skip
    labels, names = list(data["value"].unique()), list(data["series"].unique())
    width = min(max(6.4, 0.42 * len(labels) * len(names) + 1.2), 11.0)
    figure = Figure(figsize=(width, 4.0))
    axes = figure.add_subplot()
    _draw(axes, data, known)
    axes.set_xticks(range(len(labels)), labels)
    axes.set_xlabel(label or factor_words(data["stage"].iloc[0]))
    metric_axis(axes, f"{split_words(split)} {known.axis}")
    legend_below(figure, _legend(names, marked=bool(data["chosen"].any())), most=4)
    return figure, data


def _places(data: pd.DataFrame) -> tuple[pd.Series, float]:
    """Where each run's box stands, values at 0, 1, ...; and a box's width."""
    labels, names = list(data["value"].unique()), list(data["series"].unique())
    step = 0.8 / len(names)
    aside = {name: (index - (len(names) - 1) / 2) * step for index, name in enumerate(names)}
    return data["value"].map(labels.index) + data["series"].map(aside), 0.8 * step


def _stars(data: pd.DataFrame, metric: Metric) -> pd.DataFrame:
    """A row a box of a chosen value: series, place, and top, its highest run in the axis's unit."""
    marked = data.assign(place=_places(data)[0], top=metric.scale * data["measured"])[data["chosen"]]
    return marked.groupby(["series", "place"], sort=False).agg(top=("top", "max")).reset_index()


def _draw(axes: Axes, data: pd.DataFrame, metric: Metric) -> None:
    names = list(data["series"].unique())
    places, width = _places(data)
    for (name, _), group in data.groupby(["series", places], sort=False):
        box(axes, places[group.index[0]], metric.scale * group["measured"], width, mark(names.index(name)))
    for star in each(_stars(data, metric)):
        axes.annotate("★", (star.place, star.top), xytext=(0, 4), textcoords="offset points", ha="center", fontsize=10)
    values = data["value"].nunique()
    for between in range(values - 1):
        axes.axvline(between + 0.5, color="0.85", linewidth=0.7)
    axes.set_xlim(-0.55, values - 0.45)
    axes.margins(y=0.09)


def _legend(names: list[str], *, marked: bool) -> list[Patch | Line2D]:
    boxes: list[Patch | Line2D] = [
        Patch(facecolor=tint(mark(index).colour), edgecolor=mark(index).colour, label=name)
        for index, name in enumerate(names)
    ]
    star = Line2D([], [], linestyle="", marker="*", markersize=8, color="0.1", label="chosen value")
    return [*boxes, star] if marked else boxes


def boxes_by_value_interactive(
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
    chosen: str = "tuning",
    label: str = "",
) -> Interactive:
    """The same; a click in the legend hides a network, a point says value, accuracy and seed."""
    from datavolume.artefacts.figures import hover

    known = asked_metric(metric)
    data = _data(
        results, metric=metric, split=split, stage=stage, experiments=experiments, chosen=chosen, values=values,
        architectures=architectures, fractions=fractions, sizes=sizes,
    )  # fmt: skip
    factor, labels = label or factor_words(data["stage"].iloc[0]), list(data["value"].unique())
    figure = hover.panelled([""])
    places, width = _places(data)
    texts = hover.run_texts(data.assign(text=[_said(factor, row) for row in each(data)]), known, "text")
    data = data.assign(place=places, text=texts)
    for index, (name, own) in enumerate(data.groupby("series", sort=False)):
        look = {"name": str(name), "legendgroup": str(name), "width": width}
        measured = known.scale * own["measured"]
        figure.add_trace(hover.box_trace(list(own["place"]), measured, mark(index), list(own["text"]), **look))
    for name, stars in _stars(data, known).groupby("series", sort=False):
        figure.add_trace(hover.star_trace(stars["place"], stars["top"], legendgroup=str(name)))
    figure.update_xaxes(title=factor, tickvals=list(range(len(labels))), ticktext=labels)
    figure.update_yaxes(title=f"{split_words(split)} {known.axis}")
    return hover.finished(figure)


def _said(factor: str, row: Any) -> str:
    return f"{row.series}<br>{factor} {row.value}" + (", the chosen value" if row.chosen else "")
