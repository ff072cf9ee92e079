"""Reliability diagrams and distributions of confidence margins, by data volume."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MultipleLocator, NullLocator

from datavolume.analysis.select import select
from datavolume.analysis.shown.confidence import margin_shares, pooled_bins, spread_out
from datavolume.analysis.volumes import Volumes
from datavolume.analysis.words import count, images
from datavolume.analysis.words import share as share_words
from datavolume.artefacts.figures.asked import Names, one_of
from datavolume.artefacts.results import Results
from datavolume.artefacts.style import Mark, legend_below, mark, saying, shades
from datavolume.errors import UserError

__all__ = ["NO_PREDICTIONS", "margin_distributions", "reliability", "selected_runs"]

NO_PREDICTIONS = "Nothing is known of the networks' confidence: no run left predictions."

_MOST = 6
_FEW = 5  # images a run: the accuracy of so few says little
_RATIOS = (0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999)
_END = 6.25  # where the last bin's end is drawn, a fifth of a decade and more behind its start
_ACROSS = 3


def selected_runs(
    frame: pd.DataFrame, results: Results, *, experiments: Names, architectures: Names, sizes: Any, fractions: Any
) -> pd.DataFrame:
    """Rows of an analysis of predictions, a run's once, however many places it has. Raises UserError."""
    asked = {"experiments": experiments, "architectures": architectures, "sizes": sizes, "fractions": fractions}
    places = select(frame[["run", "network", "fraction", "size"]].drop_duplicates(), results.points, **asked)
    return frame[frame["run"].isin(places["run"])]


def reliability(
    results: Results,
    *,
    experiments: Names = None,
    architectures: Names = None,
    sizes: int | Sequence[int] | None = None,
    fractions: float | Sequence[float] | None = None,
    bins: str = "width",
    scaled: bool = False,
    panels: str = "architecture",
) -> tuple[Figure, pd.DataFrame]:
    """Data: a row a curve, volume and bin, the images of its runs together; none where no run left
    predictions, which the figure then says. Raises UserError.

    `panels`: one a curve with a line a volume, or (volume) the other way round; `bins`: of equal width or mass;
    `scaled`: after temperature scaling.
    """
    one_of("bins", bins, ("width", "mass"))
    across = one_of("panels", panels, ("architecture", "volume")) == "architecture"
    if not isinstance(scaled, bool):
        raise UserError(f"scaled: '{scaled}' is neither true nor false")
    if results.reliability.empty:
        return saying(NO_PREDICTIONS), results.reliability
    chosen: dict[str, Any] = {"experiments": experiments, "architectures": architectures}
    rows = selected_runs(results.reliability, results, **chosen, sizes=sizes, fractions=fractions)
    rows = _some_volumes(rows[(rows["bins"] == bins) & (rows["scaled"] == scaled)])
    data = pooled_bins(rows, ["architecture", "n"])
    keys = ["architecture", "n"] if across else ["n", "architecture"]
    figure, pairs = _pairs(data[keys[0]].nunique())
    looks = _looks(data, keys[1])
    for (above, below), (name, own) in zip(pairs, data.groupby(keys[0], sort=not across), strict=True):
        above.set_title(str(name) if across else images(int(str(name))))
        _panel(above, below, own, keys[1], looks)
    _outer_labels(pairs)
    _share_axes(pairs, data, bins)
    handles = [_handle(look, _words(key, rows)) for key, look in looks.items()]
    legend_below(figure, [*handles, Line2D([], [], color="0.45", linewidth=0.9, label="calibrated")], most=4)
    return figure, data


def _some_volumes(rows: pd.DataFrame) -> pd.DataFrame:
    kept: pd.DataFrame = rows[rows["n"].isin(spread_out(list(rows["n"].unique()), _MOST))]
    return kept


def _pairs(number: int) -> tuple[Figure, list[tuple[Axes, Axes]]]:
    """As many diagrams, each with the counts below it; empty places are removed."""
    columns = min(number, _ACROSS)
    lines = -(-number // columns)
    figure = Figure(figsize=(max(3.4 * columns, 4.6), 4.1 * lines + 0.6))
    grid = figure.subplots(2 * lines, columns, squeeze=False, sharex=True, height_ratios=[3, 1] * lines)
    pairs = [(grid[2 * line, column], grid[2 * line + 1, column]) for line in range(lines) for column in range(columns)]
    for above, below in pairs[number:]:
        above.remove()
        below.remove()
    return figure, pairs[:number]


def _looks(data: pd.DataFrame, key: str) -> dict[Any, Mark]:
    """Volumes from light to dark, networks apart."""
    if key == "n":
        sizes = sorted(data["n"].unique())
        return dict(zip(sizes, shades(len(sizes)), strict=True))
    return {name: mark(place) for place, name in enumerate(data[key].unique())}


def _panel(above: Axes, below: Axes, data: pd.DataFrame, key: str, looks: dict[Any, Mark]) -> None:
    above.plot([0, 1], [0, 1], color="0.45", linewidth=0.9, zorder=1)
    for name, own in data.groupby(key, sort=False):
        look = looks[name]
        enough = own[own["images"] >= _FEW * own["runs"]]
        above.plot(enough["confidence"], enough["accuracy"], markersize=4, **look.line_style)
        below.plot(own["confidence"], own["share"], markersize=3, **{**look.line_style, "linewidth": 1.0})
    above.set(xlim=(0, 1.02), ylim=(0, 1.02))
    for axis in (above.xaxis, above.yaxis):
        axis.set_major_locator(MultipleLocator(0.2))
    below.tick_params(labelbottom=True)


def _share_axes(pairs: Sequence[tuple[Axes, Axes]], data: pd.DataFrame, bins: str) -> None:
    """The same for all panels."""
    words = FuncFormatter(lambda value, _: share_words(value))
    for _, below in pairs:
        if bins == "mass":
            below.set_ylim(0, 1.15 * data["share"].max())
            below.yaxis.set_major_formatter(words)
        else:
            below.set_yscale("log")
            below.set_ylim(0.6 * data["share"].min(), 1.5)
            below.yaxis.set_major_locator(LogLocator(numticks=4))
            below.yaxis.set_major_formatter(words)
            below.yaxis.set_minor_locator(NullLocator())


def _outer_labels(pairs: Sequence[tuple[Axes, Axes]]) -> None:
    for place, (above, below) in enumerate(pairs):
        below.set_xlabel("confidence")
        if place % _ACROSS == 0:
            above.set_ylabel("accuracy")
            below.set_ylabel("share of\nimages")


def _words(key: Any, rows: pd.DataFrame) -> str:
    if isinstance(key, str):
        return key
    return f"{count(key)} images" if Volumes.of(rows).known else images(int(key))


def _handle(look: Mark, words: str) -> Line2D:
    return Line2D([], [], label=words, markersize=4, **look.line_style)


def margin_distributions(
    results: Results,
    *,
    experiments: Names = None,
    architectures: Names = None,
    sizes: int | Sequence[int] | None = None,
    fractions: float | Sequence[float] | None = None,
) -> tuple[Figure, pd.DataFrame]:
    """A row of panels a curve, a line a volume. Data: a row a curve, volume, predicted (correct, wrong) and margin."""
    if results.margins.empty:
        return saying(NO_PREDICTIONS), results.margins
    chosen: dict[str, Any] = {"experiments": experiments, "architectures": architectures}
    rows = _some_volumes(selected_runs(results.margins, results, **chosen, sizes=sizes, fractions=fractions))
    data = margin_shares(rows, ["architecture", "n"])
    names, looks = list(rows["architecture"].unique()), _looks(data, "n")
    figure = Figure(figsize=(7.6, 2.6 * len(names) + 0.7))
    grid = figure.subplots(len(names), 2, squeeze=False, sharex=True, sharey=True)
    for line, name in zip(grid, names, strict=True):
        for axes, predicted in zip(line, ("correct", "wrong"), strict=True):
            axes.set_title(f"{name}: {predicted} predictions" if len(names) > 1 else f"{predicted} predictions")
            _margins(axes, data[(data["architecture"] == name) & (data["predicted"] == predicted)], looks)
        line[0].set_ylabel("share up to this margin")
    for axes in grid[-1]:
        axes.set_xlabel("normalised margin")
        axes.xaxis.set_major_locator(FixedLocator([_place(margin) for margin in _RATIOS]))
        axes.set_xticklabels([f"{margin:g}" for margin in _RATIOS], rotation=45)
    legend_below(figure, [_handle(look, _words(n, rows)) for n, look in looks.items()], most=4)
    return figure, data


def _place(margin: float) -> float:
    """By the logarithm of 1 - margin, which is C2 / C1."""
    return -math.log10(1 - margin) if margin < 1 else _END


def _margins(axes: Axes, data: pd.DataFrame, looks: dict[Any, Mark]) -> None:
    for n, own in data.groupby("n", sort=True):
        style = {**looks[n].line_style, "markevery": 5, "markersize": 4}
        axes.plot([0.0, *own["margin"].map(_place)], [0.0, *own["share"]], **style)
    axes.set(xlim=(0, _END + 0.05), ylim=(0, 1.02))
