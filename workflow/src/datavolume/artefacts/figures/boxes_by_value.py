"""A metric by the value of one varied factor, a group of boxes a value, one box an experiment or network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from datavolume.analysis.chosen import chosen_values
from datavolume.analysis.metrics import Metric
from datavolume.analysis.series import words_of
from datavolume.artefacts.figures.asked import Names, asked_metric, asked_split, last_selected, one_of, split_words
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
) -> tuple[Figure, pd.DataFrame]:
    """Data: a row a run and value."""
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
    axes.set_xlabel(words_of(data["stage"].iloc[0]))
    metric_axis(axes, f"{split_words(split)} {known.axis}")
    legend_below(figure, _legend(names, marked=bool(data["chosen"].any())), most=4)
    return figure, data


def _draw(axes: Axes, data: pd.DataFrame, metric: Metric) -> None:
    labels, names = list(data["value"].unique()), list(data["series"].unique())
    step = 0.8 / len(names)
    for (label, name), group in data.groupby(["value", "series"], sort=False):
        place = labels.index(label) + (names.index(name) - (len(names) - 1) / 2) * step
        measured = metric.scale * group["measured"]
        box(axes, place, measured, 0.8 * step, mark(names.index(name)))
        if group["chosen"].any():
            axes.annotate(
                "★", (place, measured.max()), xytext=(0, 4), textcoords="offset points", ha="center", fontsize=10
            )
    for between in range(len(labels) - 1):
        axes.axvline(between + 0.5, color="0.85", linewidth=0.7)
    axes.set_xlim(-0.55, len(labels) - 0.45)
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
) -> Interactive:
    """The same; a click in the legend hides a network, a point says value, accuracy and seed."""
    from datavolume.artefacts.figures import hover

    known = asked_metric(metric)
    data = _data(
        results, metric=metric, split=split, stage=stage, experiments=experiments, chosen=chosen, values=values,
        architectures=architectures, fractions=fractions, sizes=sizes,
    )  # fmt: skip
    factor = words_of(data["stage"].iloc[0])
    figure = hover.panelled([""], boxmode="group")
    for index, (name, own) in enumerate(data.groupby("series", sort=False)):
        texts = own.assign(text=[_said(str(name), factor, row) for row in own.itertuples()])
        hovered = hover.run_texts(texts, known, "text")
        figure.add_trace(hover.box_trace(own["value"], known.scale * own["measured"], mark(index), hovered, name=name))
    figure.update_xaxes(title=factor, type="category", categoryarray=list(data["value"].unique()))
    figure.update_yaxes(title=f"{split_words(split)} {known.axis}")
    return figure


def _said(series: str, factor: str, row: Any) -> str:
    return f"{series}<br>{factor} {row.value}" + (" (chosen)" if row.chosen else "")
