"""Figures with a place for each class: how many images it has, and how much of it two subsets have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from datavolume.analysis.shown.classes import pairs_of, ranked
from datavolume.analysis.words import count, images, percent
from datavolume.artefacts.figures.asked import one_of, split_words
from datavolume.artefacts.results import Results
from datavolume.artefacts.style import legend_below, mark, tint
from datavolume.errors import UserError

__all__ = ["class_overlap", "class_sizes"]

# Up to so many classes are named; more are numbered by their rank
_NAMED = 16


def class_sizes(results: Results, *, dataset: str | None = None, split: str = "train") -> tuple[Figure, pd.DataFrame]:
    """Images of each class, the largest first, a panel a data set. Data: dataset, split, rank, label, name, n."""
    frame = _of(results.class_counts, dataset, "class_counts")
    frame = frame[frame["split"] == one_of("split", split, list(frame["split"].drop_duplicates()))]
    data = ranked(frame, ["dataset"], "n")[["dataset", "split", "rank", "label", "name", "n"]]
    names = list(data["dataset"].drop_duplicates())
    figure, panels = _panels(len(names), 1)
    for axes, name in zip(panels, names, strict=True):
        rows = data[data["dataset"] == name]
        _steps(axes, rows, rows["n"].to_numpy(dtype=float), "name")
        axes.set_title(f"{name}: {images(int(rows['n'].sum()))}, {len(rows)} classes" if len(names) > 1 else "")
        axes.set_ylabel(f"{split_words(split)} images per class")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: count(value)))
    _class_axes(panels, 1, "number of images")
    return figure, data


def class_overlap(results: Results, *, dataset: str | None = None) -> tuple[Figure, pd.DataFrame]:
    """Share of each class that two subsets have in common, the largest first, a panel a pair; data as analysed."""
    data = _of(results.overlap_by_class, dataset, "overlap_by_class")
    pairs = pairs_of(data)
    columns = min(len(pairs), 3)
    figure, panels = _panels(len(pairs), columns)
    for axes, pair in zip(panels, pairs, strict=False):
        _steps(axes, pair.rows, 100 * pair.rows["overlap"].to_numpy(dtype=float), "class")
        axes.axhline(100 * pair.overall, **_OVERALL)
        axes.set_title(f"{pair.words}: {percent(pair.overall)} overall")
    for axes in panels[::columns]:
        axes.set_ylabel("images in common\n(% of the class in a subset)")
    _class_axes(panels, columns, "overlap")
    legend_below(figure, [Line2D([], [], label="all classes together", **_OVERALL)])
    return figure, data


_OVERALL: dict[str, Any] = {"color": "0.15", "linestyle": (0, (5, 2)), "linewidth": 1.2}


def _of(frame: pd.DataFrame, dataset: str | None, file: str) -> pd.DataFrame:
    """Of one data set, by its id or the name in front of it, or of all. Raises UserError."""
    if frame.empty:
        raise UserError(f"analysis/{file}.csv has no rows; nothing can be drawn of it")
    if dataset is None:
        return frame.reset_index(drop=True)
    wanted = (frame["dataset"] == dataset) | frame["dataset"].str.startswith(f"{dataset}-")
    if not wanted.any():
        known = ", ".join(frame["dataset"].drop_duplicates())
        raise UserError(f"dataset: '{dataset}' is not there; there is {known}")
    return frame[wanted].reset_index(drop=True)


def _panels(number: int, columns: int) -> tuple[Figure, list[Axes]]:
    rows = -(-number // columns)
    figure = Figure(figsize=({1: 6.4, 2: 8.4}.get(columns, 9.6), 3.6 if rows == 1 else 2.6 * rows + 0.5))
    panels = figure.subplots(rows, columns, sharey="all" if columns > 1 else False, squeeze=False).ravel()
    for empty in panels[number:]:
        empty.remove()
    return figure, list(panels[:number])


def _steps(axes: Axes, rows: pd.DataFrame, heights: np.ndarray, name: str) -> None:
    """A bar a class; so many that bars would blur are one outline."""
    ranks, colour = rows["rank"].to_numpy(), mark(0).colour
    if len(ranks) <= _NAMED:
        axes.bar(ranks, heights, width=0.7, facecolor=tint(colour), edgecolor=colour)
        names = [str(text) for text in rows[name]]
        axes.set_xticks(ranks, names)
        if len("".join(names)) > 30:
            for label in axes.get_xticklabels():
                label.set(rotation=45, ha="right", rotation_mode="anchor")
    else:
        edges = np.append(ranks, ranks[-1] + 1) - 0.5
        axes.stairs(np.nan_to_num(heights), edges, fill=True, facecolor=tint(colour), edgecolor=colour, linewidth=1.2)
        axes.set_xlim(edges[0], edges[-1])
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: count(value)))


def _class_axes(panels: Sequence[Axes], columns: int, by: str) -> None:
    """Once all are drawn: they may share their scale."""
    for axes in panels:
        axes.set_ylim(bottom=0)
    for axes in panels[-columns:]:
        axes.set_xlabel(f"classes, sorted by {by}")
