"""How series look and how axes are labelled, the same in every figure.

mark(0)                          colour, marker and line style of the first architecture
shades(6)                        one per data volume, light to dark
size_axis(axes, volumes)         log axis with ticks at the sizes, in images and percent

Series differ in lightness, marker and line style too: figures are read in black and white, and by colour-blind people.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from datavolume.analysis.volumes import Volumes
from datavolume.analysis.words import count, share

__all__ = [
    "DASHES",
    "STYLE",
    "Mark",
    "error_limits",
    "error_scale",
    "error_ticks",
    "labelled_sizes",
    "legend_below",
    "linear_size_axis",
    "mark",
    "metric_axis",
    "saying",
    "shades",
    "size_axis",
    "size_label",
    "tint",
]

STYLE = str(files("datavolume.artefacts") / "style.mplstyle")

# Okabe and Ito's colour-blind-safe palette, ordered so that neighbours differ in lightness; brown for their yellow
_COLOURS = ("#0072B2", "#E69F00", "#000000", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#8A6D3B")
_MARKERS = "osD^vPX*"
_LEGEND = 0.45  # inches: a higher one makes its figure higher
_LEAST = 0.01  # percent of error: as far as an axis of errors goes
_ROUND = (100.0, 50.0, 10.0, 1.0, 0.1, 0.01)  # percent of error
DASHES: tuple[str | tuple[int, tuple[float, ...]], ...] = ("-", (0, (5, 1.5)), (0, (5, 1.5, 1, 1.5)), (0, (1, 1)))


@dataclass(frozen=True)
class Mark:
    """What tells one series from the others."""

    colour: str
    marker: str
    line: str | tuple[int, tuple[float, ...]]

    @property
    def line_style(self) -> dict[str, Any]:
        """As matplotlib's lines take it."""
        return {"color": self.colour, "marker": self.marker, "linestyle": self.line}


def mark(index: int) -> Mark:
    """Of the architecture at `index` in the study's order."""
    return Mark(_COLOURS[index % len(_COLOURS)], _MARKERS[index % len(_MARKERS)], DASHES[index % len(DASHES)])


def shades(number: int) -> list[Mark]:
    """For ordered series: light to dark, each with its own marker, the last one solid."""
    colours = matplotlib.colormaps["viridis"]
    places = [0.88 * (1 - i / max(number - 1, 1)) if number > 1 else 0.0 for i in range(number)]
    return [
        Mark(
            matplotlib.colors.to_hex(colours(place)),
            _MARKERS[i % len(_MARKERS)],
            DASHES[(number - 1 - i) % len(DASHES)],
        )
        for i, place in enumerate(places)
    ]


def tint(colour: str) -> str:
    """The colour, mostly white: a fill behind points of that colour."""
    red, green, blue = matplotlib.colors.to_rgb(colour)
    return matplotlib.colors.to_hex((1 - 0.3 * (1 - red), 1 - 0.3 * (1 - green), 1 - 0.3 * (1 - blue)))


def size_label(n: int, volumes: Volumes) -> str:
    """`719` over `50 %`; sizes alone where nobody knows the size of all data."""
    return f"{count(n)}\n{share(volumes.share(n))}" if volumes.known else count(n)


def labelled_sizes(sizes: Sequence[int], *, apart: float) -> list[int]:
    """Sizes whose labels stand at least `apart`, in shares of the axis, from the next larger one that has a label."""
    kept = [sizes[-1]]
    span = math.log(sizes[-1] / sizes[0]) or 1.0
    for n in reversed(sizes[:-1]):
        if math.log(kept[-1] / n) / span >= apart:
            kept.append(n)
    return kept[::-1]


def size_axis(axes: Axes, volumes: Volumes, *, apart: float = 0.085) -> None:
    """Log axis over the number of training images; every size has a tick, and a label where there is room."""
    axes.set_xscale("log")
    if len(volumes.sizes) == 1:
        axes.set_xlim(volumes.largest / 2, volumes.largest * 2)
    labelled = set(labelled_sizes(volumes.sizes, apart=apart))
    axes.xaxis.set_major_locator(FixedLocator(list(volumes.sizes)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda n, _: size_label(round(n), volumes) if round(n) in labelled else "")
    )
    axes.set_xlabel("training images" + (", and their share of all training data" if volumes.known else ""))


def linear_size_axis(axes: Axes, volumes: Volumes) -> None:
    """From no image on, with round ticks: percent of all training data, or images where nobody knows how many."""
    axes.set_xlim(0, 1.03 * volumes.largest)
    unit = volumes.full / 100 if volumes.known else 1.0
    axes.xaxis.set_major_locator(_RoundTicks(unit))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda n, _: count(n / unit)))
    axes.set_xlabel(f"training images (% of all {count(volumes.full)})" if volumes.known else "training images")


class _RoundTicks(MaxNLocator):
    """Whole multiples of a unit."""

    def __init__(self, unit: float) -> None:
        super().__init__(nbins=6, steps=[1, 2, 5, 10], integer=True)
        self._unit = unit

    def tick_values(self, vmin: float, vmax: float) -> Any:
        return np.asarray(super().tick_values(vmin / self._unit, vmax / self._unit)) * self._unit


def metric_axis(axes: Axes, label: str, *, most: float | None = None) -> None:
    """Label the y axis, with round ticks; nothing is shown beyond `most`, the largest value there can be."""
    axes.set_ylabel(label)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
    if most is not None and axes.get_ylim()[1] > most:
        low, _ = axes.get_ylim()
        axes.set_ylim(low, most + 0.02 * (most - low))


def saying(text: str) -> Figure:
    """In place of a figure that has nothing to show: one sentence that says why."""
    figure = Figure(figsize=(6.4, 1.1))
    figure.text(0.5, 0.5, text, ha="center", va="center", color="0.3", wrap=True)
    return figure


def legend_below(figure: Figure, handles: Sequence[Artist] | Mapping[str, Any], *, most: int = 4) -> None:
    """A legend under the axes, in as many columns, `most` at most, as its texts leave room for.

    `handles` by their words, where one is several artists upon each other.
    """
    asked: dict[str, Any] = {"handles": handles}
    if isinstance(handles, Mapping):
        asked = {"handles": list(handles.values()), "labels": list(handles)}
    for columns in range(most, 0, -1):
        legend = figure.legend(**asked, loc="outside lower center", ncols=columns)
        taken = legend.get_window_extent()
        if columns == 1 or taken.width <= 0.99 * figure.bbox.width:
            figure.set_figheight(figure.get_figheight() + max(taken.height / figure.dpi - _LEGEND, 0))
            return
        legend.remove()


def error_scale(axes: Axes, low: float, high: float) -> None:
    """A y axis in percent, even in the logarithm of the error (100 - y), for accuracies (shares) from low to high.

    There a power law is a straight line, and a point near 100 % counts for more than one at 50 %.
    """
    functions = (lambda y: -np.log(np.maximum(100 - y, _LEAST / 9)), lambda f: 100 - np.exp(-f))
    axes.set_yscale("function", functions=functions)
    most, least = error_limits(low, high)
    axes.set_ylim(100 - most, 100 - least)
    axes.yaxis.set_major_locator(FixedLocator(error_ticks(least, most)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:.6g}"))


def error_limits(low: float, high: float) -> tuple[float, float]:
    """The errors, in percent, at the lower and the upper end of such an axis."""
    bottom, top = (max(100 * (1 - end), _LEAST) for end in (low, high))
    if bottom < 1.5 * top:  # hardly apart: they stand in the middle
        middle = math.sqrt(bottom * top)
        bottom, top = min(1.2 * middle, 100), middle / 1.2
    pad = (bottom / top) ** 0.05
    return bottom * pad, top / pad


def error_ticks(least: float, most: float) -> list[float]:
    """Round accuracies at least a ninth of the axis apart; the roundest come first, others only as there are few."""
    span = math.log(most / least)
    kept: list[float] = []
    for errors in (_ROUND, _steps((5, 2)), _steps((8, 6, 4, 3, 1.5)), _finer(most)):
        if len(kept) >= 5:
            break
        for error in errors:
            if least <= error <= most and all(abs(math.log(error / one)) / span >= 1 / 9 for one in kept):
                kept.append(error)
    return sorted(100 - error for error in kept)


def _steps(steps: Sequence[float]) -> list[float]:
    return [step * 10.0**-k for k in range(-1, 4) for step in steps]


def _finer(most: float) -> list[float]:
    """Where the axis is less than a decade: every whole percent, or tenths."""
    return [k * 10.0 ** math.floor(math.log10(most) - 1) for k in range(1, 100)]
