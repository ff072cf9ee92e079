"""What more data would give: what was measured, the forecast beyond it with its interval, and how earlier ones did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from datavolume.analysis.metrics import METRICS
from datavolume.analysis.volumes import Volumes
from datavolume.analysis.words import count, with_interval
from datavolume.artefacts.estimates import multiple, needed, short_points
from datavolume.artefacts.figures.asked import Names, asked_curves, each
from datavolume.artefacts.figures.boxes import grid_of_panels
from datavolume.artefacts.figures.foreseen import ASKED, BACKTEST, FORECAST, MEASURED, RUN, foreseen, reason
from datavolume.artefacts.results import Results
from datavolume.artefacts.style import Mark, error_limits, error_scale, labelled_sizes, legend_below, size_label

if TYPE_CHECKING:
    from plotly.graph_objects import Figure as Interactive

__all__ = ["forecast", "forecast_interactive"]

_TOP1 = METRICS["top1"]
_BROKEN: Any = (0, (4, 2))
_GREY = "0.35"
_ASIDE = 0.97  # back-tests stand left of what came
_WITHIN = 0.25  # of the largest volume: how far back the forecast is shown beside what was measured
_QUESTIONS = {"margin": "v", "target": "*"}


def forecast(results: Results, *, architectures: Names = None, to: float | None = None) -> tuple[Figure, pd.DataFrame]:
    """A panel a curve. Data (foreseen): a row a run, mean, forecast and mark. `to`: the largest multiple shown."""
    looks = asked_curves(results, architectures)
    data = foreseen(results, looks, to)
    columns = 1 if len(looks) <= 3 else 2
    rows = -(-len(looks) // columns)
    figure = Figure(figsize=(6.4 if columns == 1 else 8.8, (3.1 if columns == 1 else 2.7) * rows + 0.8))
    panels = grid_of_panels(figure, len(looks), columns, sharex=True, sharey=True)
    ticks = _Ticks(data, Volumes.of(results.summary[results.summary["architecture"].isin(looks)]))
    error_scale(panels[0], _lowest(data), _highest(data))
    for place, (axes, (name, look)) in enumerate(zip(panels, looks.items(), strict=True)):
        own = data[data["architecture"] == name]
        _panel(axes, own, look)
        axes.set_title("\n".join([name, *_said(own)]), fontsize=8.5)
        if not (own["shown"] == FORECAST).any():
            axes.text(0.98, 0.05, reason(own), transform=axes.transAxes, ha="right", va="bottom", color=_GREY)
        ticks.put(axes, apart=0.085 if columns == 1 else 0.15, last=place + columns >= len(panels))
        axes.set_ylabel("validation\n" + _TOP1.axis if place % columns == 0 else "")
        _marks(axes, own)
    legend_below(figure, _legend(data), most=2)
    return figure, data


class _Ticks:
    """Of an axis over log10 of the images: the sizes trained, and beyond them those that the study asks for."""

    def __init__(self, data: pd.DataFrame, volumes: Volumes) -> None:
        self._volumes = volumes
        asked = data[data["shown"] == ASKED]
        self._multiples = dict(zip(asked["n"].round().astype(int), asked["n"] / asked["origin"], strict=True))
        farthest = max([volumes.largest, *data.loc[data["shown"] == FORECAST, "n"]])
        self.sizes = sorted({*volumes.sizes, *(n for n in self._multiples if n <= farthest)})
        self.ends = (volumes.sizes[0] / 1.15, farthest * 1.15) if farthest > volumes.sizes[0] else None

    @property
    def _heading(self) -> str:
        if not self._multiples:
            return "training images" + (", and their share of all training data" if self._volumes.known else "")
        return "training images" + (", and their share or multiple of all training data" if self._volumes.known else "")

    def label(self, n: int) -> str:
        if n in self._volumes.sizes:
            return size_label(n, self._volumes)
        return f"{count(n)}\n{multiple(self._multiples[n])}"

    def put(self, axes: Axes, *, apart: float, last: bool) -> None:
        axes.set_xscale("log")
        labelled = set(labelled_sizes(self.sizes, apart=apart))
        axes.xaxis.set_major_locator(FixedLocator(self.sizes))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda n, _: self.label(round(n)) if round(n) in labelled else ""))
        axes.set_xlim(*(self.ends or (self._volumes.largest / 2, self._volumes.largest * 2)))
        axes.tick_params(labelbottom=last)
        if last:
            axes.set_xlabel(self._heading)


def _panel(axes: Axes, data: pd.DataFrame, look: Mark) -> None:
    part = {shown: own.sort_values("n") for shown, own in data.groupby("shown", sort=False)}
    if BACKTEST in part:
        own = part[BACKTEST]
        reach = 100 * (own["value"] - own["lower"]), 100 * (own["upper"] - own["value"])
        style: dict[str, Any] = {"fmt": "x", "color": "0.4", "markersize": 4.5, "elinewidth": 0.9, "zorder": 2.5}
        axes.errorbar(own["n"] * _ASIDE, 100 * own["value"], reach, **style)
    if FORECAST in part:
        _foreseen(axes, part[FORECAST], look)
    if ASKED in part:
        own = part[ASKED]
        axes.plot(own["n"], 100 * own["value"], "D", color=look.colour, markerfacecolor="white", markersize=4.5)
    runs, means = part[RUN], part[MEASURED]
    axes.plot(runs["n"], 100 * runs["value"], ".", color=look.colour, markersize=3.2, alpha=0.6)
    axes.plot(means["n"], 100 * means["value"], linestyle="-", marker=look.marker, color=look.colour, markersize=5)


def _foreseen(axes: Axes, own: pd.DataFrame, look: Mark) -> None:
    """Beyond the largest size trained, and faintly within."""
    origin = own["origin"].iloc[0]
    within = own["n"].between(_WITHIN * origin, origin)
    for rows, strong in ((own[within], False), (own[own["n"] >= origin], True)):
        bounds = 100 * rows["lower"], 100 * rows["upper"]
        axes.fill_between(rows["n"], *bounds, color=look.colour, alpha=0.22 if strong else 0.07, linewidth=0)
        if strong:
            axes.plot(rows["n"], 100 * rows["value"], color=look.colour, linestyle=_BROKEN, linewidth=1.5)
    if (own["n"] > origin).any():
        axes.axvline(origin, color="0.75", linewidth=0.8, zorder=0.5)


def _marks(axes: Axes, data: pd.DataFrame) -> None:
    """At its level, each number of images that is asked for, with its interval; an arrow where that leaves the axis."""
    left, right = axes.get_xlim()
    for row in each(data[data["shown"].isin(_QUESTIONS)]):
        level, sign = 100 * row.value, _QUESTIONS[row.shown]
        axes.axhline(level, color=_GREY, linewidth=0.8, linestyle=":", zorder=0.8)
        lower, upper = max(row.n_lower, left), min(row.n_upper, right)
        if lower < upper:
            axes.plot([lower, upper], [level, level], color=_GREY, linewidth=1.8, solid_capstyle="butt", zorder=3)
            for beyond, end, arrow in ((row.n_lower < left, lower, "<"), (row.n_upper > right, upper, ">")):
                if beyond:
                    axes.plot([end], [level], arrow, color=_GREY, markersize=6, clip_on=False, zorder=3)
        if left <= row.n <= right:
            axes.plot([row.n], [level], sign, color=_GREY, markeredgecolor="white", markersize=8, zorder=3.2)


def _lowest(data: pd.DataFrame) -> float:
    shown = data[data["shown"].isin([RUN, BACKTEST, FORECAST]) & ~(data["n"] < _WITHIN * data["origin"])]
    return float(min(shown[["value", "lower"]].min()))


def _highest(data: pd.DataFrame) -> float:
    """All medians and means, and of the interval and the levels what is no farther than as much again."""
    centre = float(data.loc[~data["shown"].isin(_QUESTIONS), "value"].max())
    reach = 1 - (1 - centre) / 3
    edges = data.loc[data["shown"] != MEASURED, ["upper", "value"]].to_numpy(dtype=float)
    return float(max(centre, *edges[edges <= reach], reach if (edges > reach).any() else centre))


def _said(own: pd.DataFrame) -> list[str]:
    """Below the curve's name: what is enough, and the farthest forecast that was asked for."""
    lines = [f"{_level_words(row)}: {_images(row)}" for row in each(own[own["shown"].isin(_QUESTIONS)])]
    if len(asked := own[own["shown"] == ASKED].sort_values("n")):
        last = asked.iloc[-1]
        told = with_interval(last["value"], last["lower"], last["upper"])
        lines.append(f"with {multiple(last['n'] / last['origin'])} the data: {told}")
    return lines


def _level_words(row: Any) -> str:
    if row.shown == "margin":
        return f"within {short_points(row.threshold)} of all data"
    return f"{100 * row.threshold:g} %"


def _images(row: Any) -> str:
    text = needed(row.n, row.n_lower, row.n_upper)
    return text.replace(" (", " images (") if text[:1].isdigit() else text


def _legend(data: pd.DataFrame) -> dict[str, Any]:
    """Handles by their words."""
    levels = data.dropna(subset="level").drop_duplicates("shown").set_index("shown")["level"]
    question: dict[str, Any] = {"markeredgecolor": "white", "linewidth": 1.8, "markersize": 8}
    median = Line2D([], [], color=_GREY, linestyle=_BROKEN, linewidth=1.5)
    handles: dict[str, tuple[str, Any]] = {
        FORECAST: ("forecast: median, {} interval", (Patch(color=_GREY, alpha=0.25, linewidth=0), median)),
        ASKED: ("forecast at a size asked for", _sign("D", markerfacecolor="white", markersize=4.5)),
        BACKTEST: ("back-test from half or less, {} interval", _sign("x", markersize=4.5)),
        "margin": ("images for the margin, {} interval", _sign("v", linestyle="-", **question)),
        "target": ("images for the target, {} interval", _sign("*", linestyle="-", **question)),
    }
    measured = _sign("o", linestyle="-", markersize=5)
    shown = {text.format(f"{100 * levels[part]:g} %"): sign for part, (text, sign) in handles.items() if part in levels}
    return {"measured: mean over seeds (dots: runs)": measured, **shown}


def _sign(marker: str, *, linestyle: Any = "", **more: Any) -> Line2D:
    return Line2D([], [], color=_GREY, marker=marker, linestyle=linestyle, **more)


def forecast_interactive(results: Results, *, architectures: Names = None, to: float | None = None) -> Interactive:
    """The same panels, one below another; a point says the size, its multiple, value and interval."""
    from datavolume.artefacts.figures import foreseen_hover

    looks = asked_curves(results, architectures)
    data = foreseen(results, looks, to)
    limits = error_limits(_lowest(data), _highest(data))
    return foreseen_hover.drawn(data, looks, Volumes.of(results.summary), limits)
