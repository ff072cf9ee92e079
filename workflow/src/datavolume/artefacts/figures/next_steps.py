"""What more images, another network or both would gain, beside what they cost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from datavolume.analysis.words import count
from datavolume.artefacts.estimates import option_words, short_time
from datavolume.artefacts.figures.asked import Names, asked_curves, each
from datavolume.artefacts.results import Results
from datavolume.artefacts.style import legend_below, mark, saying, tint

__all__ = ["next_steps"]

_MOST, _LEAST = 12, 3  # options in all, of each start
_GREY = "0.35"
_NOTHING = "There is no next step to weigh: no curve has two volumes or more."


@dataclass(frozen=True)
class _Cost:
    """A column of next_steps.csv that is known, and how it is said."""

    column: str
    title: str

    def words(self, value: float) -> str:
        if math.isnan(value):
            return "unknown"
        if value == 0:
            return "0"
        if self.column == "gpu_hours":
            return short_time(3600 * value)
        return count(value) if value >= 100 else f"{value:.3g}" if value >= 1 else f"{value:.2g}"


_PRICE = _Cost("price", "price")
_EFFORTS = (_Cost("labels", "labels"), _Cost("gpu_hours", "one training"))


def next_steps(results: Results, *, architectures: Names = None) -> tuple[Figure, pd.DataFrame]:
    """`architectures`: where one may go. Data: the rows of next_steps.csv that are drawn, from top to bottom."""
    looks = asked_curves(results, architectures)
    data = _some(results.next_steps, list(looks))
    if data.empty:
        return saying(_NOTHING), data
    costs = _known(data)
    longest = max(len(option_words(row)) for row in each(data))
    figure = Figure(
        figsize=(7.4 + 0.07 * max(longest - 28, 0), 0.32 * len(data) + 0.34 * data["from_architecture"].nunique() + 1.5)
    )
    axes = figure.subplots(
        1, 1 + len(costs), sharey=True, width_ratios=[3.2, *(1.5 if len(costs) == 1 else 1 for _ in costs)]
    )
    every = {str(name): mark(place) for place, name in enumerate(results.summary["architecture"].unique())}
    places = _places(data)
    _gains(axes[0], data, places, every)
    for place, cost in zip(axes[1:], costs, strict=True):
        _bars(place, data[cost.column], places, cost, [every[name].colour for name in data["architecture"]])
    _rows(axes[0], data, places)
    level = f"{100 * float(data['level'].iloc[0]):g} % interval"
    marker: dict[str, Any] = {"color": _GREY, "marker": "o", "linestyle": "-", "linewidth": 1.2}
    handles = [
        Line2D([], [], label=f"advised: estimate, {level}", **marker),
        Line2D([], [], label=f"other option, {level}", markerfacecolor="white", **marker),
    ]
    legend_below(figure, handles if data["advised"].astype(bool).any() else handles[1:], most=2)
    return figure, data


def _some(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Of every start the options that gain most, in the order of the file."""
    if table.empty:
        return table
    table = table[table["architecture"].isin(names)]
    starts = ["from_architecture", "from_n"]
    most = max(_MOST // max(len(table[starts].drop_duplicates()), 1), _LEAST)
    first = table.assign(advised=table["advised"].astype(bool)).sort_values(["advised", "gain"], ascending=False)
    kept = first.groupby(starts, sort=False).head(most).index
    return table.loc[sorted(kept)].sort_values(starts, kind="stable").reset_index(drop=True)


def _known(data: pd.DataFrame) -> list[_Cost]:
    """The price, where there is one; else labels, and the time where it was measured."""
    if data["price"].notna().any():
        return [_PRICE]
    return [cost for cost in _EFFORTS if data[cost.column].notna().any()]


def _places(data: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
    """From the top down; each start has a line of its own above its options."""
    new = (data["from_architecture"] + data["from_n"].astype(str)).ne(
        (data["from_architecture"] + data["from_n"].astype(str)).shift()
    )
    return np.asarray(-(np.arange(len(data)) + 1.1 * new.cumsum()), dtype=np.float64)


def _gains(axes: Axes, data: pd.DataFrame, places: Sequence[float] | Any, looks: dict[str, Any]) -> None:
    axes.axvline(0, color="0.35", linewidth=0.9)
    for row, y in zip(each(data), places, strict=True):
        look = looks[row.architecture]
        axes.plot([100 * row.gain_lower, 100 * row.gain_upper], [y, y], color=look.colour, linewidth=1.6)
        face = look.colour if row.advised else "white"
        axes.plot([100 * row.gain], [y], look.marker, color=look.colour, markerfacecolor=face, markersize=7)
    axes.set_xlabel("gain in top-1 accuracy\n(percentage points)")
    axes.grid(True, axis="x")
    axes.grid(False, axis="y")


def _bars(axes: Axes, values: pd.Series[float], places: Any, cost: _Cost, colours: Sequence[str]) -> None:
    known = values.fillna(0.0)
    axes.barh(places, known, height=0.5, color=[tint(colour) for colour in colours])
    for y, value in zip(places, values, strict=True):
        axes.annotate(
            cost.words(value), (0 if math.isnan(value) else value, y), xytext=(3, 0), textcoords="offset points",
            va="center", fontsize=8,
        )  # fmt: skip
    axes.set_xlim(0, 2.1 * max(float(known.max()), 1e-9))
    axes.set_xlabel(cost.title)
    axes.xaxis.set_ticks([])
    axes.grid(False)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(left=False)


def _rows(axes: Axes, data: pd.DataFrame, places: Any) -> None:
    axes.set_yticks(places, [option_words(row) for row in each(data)])
    axes.tick_params(axis="y", left=False)
    axes.set_ylim(places.min() - 0.6, -0.4)
    for text, y in _starts(data, places):
        axes.annotate(text, (0, y + 1), xycoords=("axes fraction", "data"), xytext=(2, 0), textcoords="offset points",
                      va="center", fontsize=8.5)  # fmt: skip


def _starts(data: pd.DataFrame, places: Any) -> Iterator[tuple[str, float]]:
    for _, own in data.groupby(["from_architecture", "from_n"], sort=False):
        row = own.iloc[0]
        yield f"from {row['from_architecture']} with {count(row['from_n'])} images", float(places[own.index[0]])
