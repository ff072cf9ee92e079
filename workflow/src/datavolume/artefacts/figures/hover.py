"""Interactive figures in plotly: the same colours, letters and size labels as the printed ones.

    figure = panelled(["ResNet-18", "ResNet-50"])
    figure.add_trace(box_trace(...), row=1, col=2)

Imported by a figure's module only when it draws interactively.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
from plotly import graph_objects
from plotly.subplots import make_subplots

from datavolume.analysis.metrics import Metric
from datavolume.analysis.volumes import Volumes
from datavolume.analysis.words import count, number
from datavolume.artefacts.figures.asked import each
from datavolume.artefacts.style import Mark, labelled_sizes, size_label, tint

__all__ = [
    "FONT",
    "box_trace",
    "finished",
    "fitted_line",
    "means_trace",
    "panelled",
    "reading",
    "run_texts",
    "size_ticks",
]

FONT: dict[str, Any] = {"family": "DejaVu Sans, Verdana, Arial, sans-serif", "size": 13, "color": "#222222"}
_HEIGHT, _BETWEEN = 330, 110  # of a panel, and from one to the next, in pixels
_SYMBOLS = dict(
    zip("osD^vPX*", ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "x", "star"), strict=True)
)
_AXIS: dict[str, Any] = {
    "showline": True,
    "linecolor": "#595959",
    "ticks": "outside",
    "tickcolor": "#595959",
    "zeroline": False,
    "automargin": True,
}


def panelled(titles: Sequence[str]) -> graph_objects.Figure:
    """A panel a title, one below another; empty titles take no room."""
    rows = len(titles)
    spacing = _BETWEEN / (rows * _HEIGHT) if rows > 1 else 0.0
    figure: graph_objects.Figure = make_subplots(rows=rows, cols=1, subplot_titles=titles, vertical_spacing=spacing)
    figure.update_xaxes(showgrid=False, **_AXIS)
    figure.update_yaxes(gridcolor="#e0e0e0", **_AXIS)
    return figure


def finished(figure: graph_objects.Figure) -> graph_objects.Figure:
    """With letters, a legend below the panels and room for it; several panels are as high as they need."""
    names = [trace.name for trace in figure.data if trace.name and trace.showlegend is not False]
    long = any(len(name) > 30 for name in names)
    rows = len(list(figure.select_yaxes()))
    room = 24 * (len(names) if long else -(-sum(map(len, names)) // 80)) + 12
    figure.update_layout(
        template="none",
        font=FONT,
        margin={"l": 75, "r": 25, "t": 50, "b": 70 + room},
        legend={"orientation": "v" if long else "h", "yref": "container", "yanchor": "bottom", "y": 0, "x": 0},
        hoverlabel={"bgcolor": "white", "align": "left"},
        height=None if rows == 1 else rows * _HEIGHT + 120 + room,
    )
    return figure


def size_ticks(volumes: Volumes, *, apart: float = 0.085) -> dict[str, Any]:
    """Of an axis over log10 of the images: the sizes themselves as labels, where there is room."""
    labelled = set(labelled_sizes(volumes.sizes, apart=apart))
    texts = [size_label(n, volumes).replace("\n", "<br>") if n in labelled else "" for n in volumes.sizes]
    return {"tickvals": [math.log10(n) for n in volumes.sizes], "ticktext": texts}


def reading(metric: Metric, measured: float) -> str:
    """A stored value as people read it, with its name: `top-1 accuracy 93.21 %`."""
    if math.isnan(measured):
        return f"{metric.label}: no number"
    unit = f" {metric.unit}" if metric.unit else ""
    return f"{metric.label} {number(metric.scale * measured, metric.digits + 1)}{unit}"


def run_texts(runs: pd.DataFrame, metric: Metric, first: str) -> list[str]:
    """One a run: the text of column `first`, or the images, then the reading, the seed and the subset."""
    heads = [f"{count(n)} images" for n in runs["n"]] if first == "n" else list(runs[first])
    subsets = runs["subset_seed"].nunique() > 1
    return [
        f"{head}<br>{reading(metric, measured)}<br>seed {seed}" + (f", subset {subset}" if subsets else "")
        for head, measured, seed, subset in zip(heads, runs["measured"], runs["seed"], runs["subset_seed"], strict=True)
    ]


def box_trace(x: Sequence[Any], y: pd.Series, mark: Mark, texts: Sequence[str], **more: Any) -> graph_objects.Box:
    """Boxes of one series with all runs on them; `x` says of each run where its box stands."""
    return graph_objects.Box(
        x=list(x),
        y=[float(value) for value in y],
        boxpoints="all",
        pointpos=0,
        jitter=0.5,
        fillcolor=tint(mark.colour),
        line={"color": "#333333", "width": 1},
        marker={"color": mark.colour, "size": 4, "line": {"color": "#222222", "width": 0.5}},
        text=list(texts),
        hovertemplate="%{text}<extra></extra>",
        hoveron="points",
        **more,
    )


def star_trace(x: pd.Series, y: pd.Series, **more: Any) -> graph_objects.Scatter:
    """Above the boxes of chosen values."""
    return graph_objects.Scatter(
        x=list(x),
        y=list(y),
        mode="text",
        text="★",
        textposition="top center",
        hoverinfo="skip",
        showlegend=False,
        **more,
    )


def fitted_line(x: Sequence[float], y: Sequence[float], name: str, mark: Mark, **more: Any) -> graph_objects.Scatter:
    """A line without points, its equation in the legend."""
    dash = "solid" if mark.line == "-" else "dash"
    return graph_objects.Scatter(
        x=list(x),
        y=list(y),
        mode="lines",
        name=name,
        hoverinfo="skip",
        line={"color": mark.colour, "dash": dash},
        **more,
    )


def means_trace(
    means: pd.DataFrame,
    metric: Metric,
    mark: Mark,
    *,
    x: pd.Series | None = None,
    texts: Sequence[str] = (),
    **more: Any,
) -> graph_objects.Scatter:
    """Means with their intervals, of columns n (or `x`), mean, lower, upper and count."""
    centre = metric.scale * means["mean"]
    places = [math.log10(n) for n in means["n"]] if x is None else [float(value) for value in x]
    return graph_objects.Scatter(
        x=places,
        y=[float(value) for value in centre],
        error_y={
            "array": [float(value) for value in metric.scale * means["upper"] - centre],
            "arrayminus": [float(value) for value in centre - metric.scale * means["lower"]],
            "thickness": 1,
        },
        mode="markers",
        marker={"color": mark.colour, "size": 8, "symbol": _SYMBOLS[mark.marker]},
        text=list(texts) or _means_texts(means, metric),
        hovertemplate="%{text}<extra></extra>",
        **more,
    )


def _means_texts(means: pd.DataFrame, metric: Metric) -> list[str]:
    return [
        f"{count(row.n)} images<br>{reading(metric, row.mean)}<br>mean of {row.runs}, 95 % interval "
        + " to ".join(number(metric.scale * end, metric.digits + 1) for end in (row.lower, row.upper))
        for row in each(means.rename(columns={"count": "runs"}))
    ]
