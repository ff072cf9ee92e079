"""A metric over training-set size and training time: the seed means as a surface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from datavolume.analysis.metrics import Metric
from datavolume.analysis.select import select
from datavolume.analysis.shown.ends import histories, seed_mean_history
from datavolume.analysis.shown.series import with_series
from datavolume.analysis.words import count, images, number
from datavolume.artefacts.figures.asked import Names, asked_metric, asked_split, each, one_of, split_words
from datavolume.artefacts.results import Results
from datavolume.artefacts.style import labelled_sizes
from datavolume.errors import UserError

if TYPE_CHECKING:
    from plotly.graph_objects import Figure as Interactive
    from plotly.graph_objects import Surface

__all__ = ["surface", "surface_interactive"]

_OVER = {"evaluation": "evaluation", "update": "updates", "samples": "images passed", "epoch": "epochs"}
_COLOURS = "viridis"
Grid = NDArray[np.float64]


def _data(
    results: Results, metric: str, split: str, over: str, experiments: Names, architectures: Names
) -> pd.DataFrame:
    """A row a series, n and evaluation. Raises UserError where there is no surface."""
    one_of("over", over, _OVER)
    rows = histories(results.metrics, asked_metric(metric).name, asked_split(split))
    rows = select(rows, results.points, experiments=experiments, architectures=architectures)
    data = seed_mean_history(with_series(rows, apart=["n"]))
    for name, own in data.groupby("series", sort=False):
        if min(own["n"].nunique(), own["evaluation"].nunique()) < 2:
            raise UserError(
                f"surface: {name} has {own['n'].nunique()} training-set size(s) and {own['evaluation'].nunique()} "
                "evaluation(s); a surface needs two of each"
            )
    return data


def _grid(own: pd.DataFrame, column: str) -> Grid:
    """[sizes, evaluations]; NaN where no run came so far."""
    return own.pivot(index="n", columns="evaluation", values=column).to_numpy(dtype=float)


def surface(
    results: Results,
    *,
    experiments: Names = None,
    architectures: Names = None,
    metric: str = "top1",
    split: str = "validation",
    over: str = "evaluation",
) -> tuple[Figure, pd.DataFrame]:
    """A panel a series. Data: a row a series, n and evaluation: update, samples, epoch, mean [stored units], count."""
    known, data = asked_metric(metric), _data(results, metric, split, over, experiments, architectures)
    names = list(data["series"].unique())
    columns = min(len(names), 2)
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(5.6 * columns, 4.4 * rows), layout="none")  # type: ignore[arg-type]  # missing in its stubs
    figure.subplots_adjust(left=0.01, right=0.97, bottom=0.03, top=0.98, wspace=0.05, hspace=0.1)
    for place, name in enumerate(names, 1):
        axes: Any = figure.add_subplot(rows, columns, place, projection="3d")
        _panel(axes, data[data["series"] == name], known, over)
        axes.set_title(name if len(names) > 1 else "", y=0.93)
        axes.set_zlabel(f"{split_words(split)} {known.axis}", labelpad=6)
    return figure, data


def _panel(axes: Any, own: pd.DataFrame, metric: Metric, over: str) -> None:
    x, sizes = _grid(own, over), np.log10(own["n"].unique())
    y = np.broadcast_to(sizes[:, None], x.shape)
    z = metric.scale * _grid(own, "mean")
    colours = matplotlib.colormaps[_COLOURS]
    axes.plot_surface(x, y, z, cmap=colours, rcount=60, ccount=60, edgecolor="0.25", linewidth=0.25, antialiased=True)
    # Seen from where the surface is lowest, so that no part of it hides another
    axes.view_init(elev=24, azim=-125 if metric.higher_is_better else 55)
    volumes = [int(n) for n in own["n"].unique()]
    labelled = _labelled(volumes, apart=0.12)
    axes.set_yticks(np.log10(labelled), [count(n) for n in labelled])
    axes.set_xlabel(_OVER[over], labelpad=4)
    axes.set_ylabel("training images\n(logarithmic)", labelpad=10)
    axes.tick_params(labelsize=7.5, pad=1)
    axes.set_box_aspect((1.15, 1.15, 0.8), zoom=0.97)


def _labelled(sizes: list[int], *, apart: float) -> list[int]:
    """As in other figures, and the smallest size: in space, ticks without a label are not seen."""
    shown = labelled_sizes(sizes, apart=apart)
    far = [n for n in shown[1:] if n > sizes[0] * (sizes[-1] / sizes[0]) ** apart]
    return [sizes[0], *far] if shown[0] != sizes[0] else shown


def surface_interactive(
    results: Results,
    *,
    experiments: Names = None,
    architectures: Names = None,
    metric: str = "top1",
    split: str = "validation",
    over: str = "evaluation",
) -> Interactive:
    """The same, to be turned; a point says size, evaluation, epoch and value."""
    from plotly.subplots import make_subplots

    from datavolume.artefacts.figures.hover import FONT

    known, data = asked_metric(metric), _data(results, metric, split, over, experiments, architectures)
    names = list(data["series"].unique())
    figure: Interactive = make_subplots(
        rows=1,
        cols=len(names),
        specs=[[{"type": "scene"}] * len(names)],
        subplot_titles=names if len(names) > 1 else None,
    )
    for column, name in enumerate(names, 1):
        own = data[data["series"] == name]
        figure.add_trace(_surface_trace(own, known, over, last=column == len(names)), row=1, col=column)
    figure.update_scenes(**_scene(data, known, split, over))
    figure.update_layout(template="none", font=FONT, margin={"l": 0, "r": 0, "t": 30, "b": 0})
    return figure


def _surface_trace(own: pd.DataFrame, metric: Metric, over: str, *, last: bool) -> Surface:
    from plotly.graph_objects import Surface

    from datavolume.artefacts.figures.hover import reading

    texts = own.assign(
        text=[
            f"{images(row.n)}<br>evaluation {row.evaluation}, epoch {number(row.epoch, 1)}<br>"
            f"{reading(metric, row.mean)}<br>mean of {row.count_} run{'' if row.count_ == 1 else 's'}"
            for row in each(own.rename(columns={"count": "count_"}))
        ]
    )
    text = texts.pivot(index="n", columns="evaluation", values="text").fillna("").to_numpy(dtype=object)
    x = _grid(own, over)
    return Surface(
        x=x.tolist(),
        y=np.broadcast_to(np.log10(own["n"].unique())[:, None], x.shape).tolist(),
        z=(metric.scale * _grid(own, "mean")).tolist(),
        text=text,  # an array: of nested lists plotly makes one text a row
        hovertemplate="%{text}<extra></extra>",
        colorscale=_COLOURS,
        showscale=last,
        colorbar={"title": {"text": metric.unit}, "thickness": 14, "len": 0.6},
        contours={"z": {"show": True, "usecolormap": True, "highlight": True}},
    )


def _scene(data: pd.DataFrame, metric: Metric, split: str, over: str) -> dict[str, object]:
    sizes = sorted(int(n) for n in data["n"].unique())
    shown = _labelled(sizes, apart=0.08)
    ticks = {"tickvals": [float(np.log10(n)) for n in shown], "ticktext": [count(n) for n in shown]}
    far = 1.55 if metric.higher_is_better else -1.55
    return {
        "xaxis": {"title": {"text": _OVER[over]}},
        "yaxis": {"title": {"text": "training images"}, **ticks},
        "zaxis": {"title": {"text": f"{split_words(split)} {metric.axis}"}},
        "camera": {"eye": {"x": -far, "y": -far, "z": 0.9}},
        "aspectmode": "manual",
        "aspectratio": {"x": 1.1, "y": 1.1, "z": 0.8},
    }
