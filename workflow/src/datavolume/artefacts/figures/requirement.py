"""How much each volume falls short of the largest one, and from how many images on that is within the margin."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from datavolume.analysis.volumes import Volumes
from datavolume.analysis.words import count, images, number
from datavolume.artefacts.estimates import needed, short_points
from datavolume.artefacts.figures.asked import Names, asked_curves, each, of_curve
from datavolume.artefacts.figures.boxes import grid_of_panels
from datavolume.artefacts.results import Results
from datavolume.artefacts.style import Mark, legend_below, saying, size_axis

if TYPE_CHECKING:
    from plotly.graph_objects import Figure as Interactive

__all__ = ["requirement", "requirement_interactive"]

_COLUMNS = (
    "architecture",
    "n",
    "share",
    "shortfall",
    "shortfall_lower",
    "shortfall_upper",
    "pairs",
    "margin",
    "enough",
)
_AXIS = "short of the largest volume\n(percentage points)"
_GREY = "0.35"
_NOTHING = "There is no volume to compare: no run has a finite accuracy."


def _data(results: Results, curves: Iterable[str]) -> pd.DataFrame:
    """A row a curve and volume of requirement.csv, with required, needed, needed_lower, needed_upper and level."""
    frames = [_curve(results, name) for name in curves]
    frames = [frame for frame in frames if len(frame)]
    columns = [*_COLUMNS, "required", "needed", "needed_lower", "needed_upper", "level"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def _curve(results: Results, name: str) -> pd.DataFrame:
    rows, asked = of_curve(results.requirement, name), of_curve(results.enough, name)
    if rows.empty:
        return rows
    found = asked[asked["question"] == "margin"] if len(asked) else asked
    ends = ("n", "lower", "upper", "level")
    told = found.iloc[0][list(ends)] if len(found) else pd.Series(dict.fromkeys(ends, math.nan))
    table = rows[[*_COLUMNS, "required"]].sort_values("n")
    return table.assign(needed=told["n"], needed_lower=told["lower"], needed_upper=told["upper"], level=told["level"])


def requirement(results: Results, *, architectures: Names = None) -> tuple[Figure, pd.DataFrame]:
    """A panel a curve. Data: a row a curve and volume, in shares of 1; `needed` are images, not rounded."""
    looks = asked_curves(results, architectures)
    data = _data(results, looks)
    if data.empty:
        return saying(_NOTHING), data
    looks = {name: look for name, look in looks.items() if name in set(data["architecture"])}
    columns = 1 if len(looks) <= 3 else 2
    rows = -(-len(looks) // columns)
    figure = Figure(figsize=(6.4 if columns == 1 else 8.8, (2.6 if columns == 1 else 2.4) * rows + 0.9))
    panels = grid_of_panels(figure, len(looks), columns, sharex=True, sharey=True)
    volumes = Volumes.of(results.summary[results.summary["architecture"].isin(looks)])
    _points_axis(panels[0], data)
    for place, (axes, (name, look)) in enumerate(zip(panels, looks.items(), strict=True)):
        size_axis(axes, volumes, apart=0.085 if columns == 1 else 0.15)
        if len(volumes.sizes) > 1:
            axes.set_xlim(volumes.sizes[0] / 1.15, volumes.largest * 1.15)
        _panel(axes, data[data["architecture"] == name], look)
        axes.set_title("\n".join([name, *_said(data[data["architecture"] == name])]), fontsize=8.5)
        axes.set_ylabel(_AXIS if place % columns == 0 else "")
        axes.tick_params(labelbottom=place + columns >= len(panels))
        if place + columns < len(panels):
            axes.set_xlabel("")
    legend_below(figure, _legend(data), most=3)
    return figure, data


def _panel(axes: Axes, data: pd.DataFrame, look: Mark) -> None:
    row, (left, right) = data.iloc[-1], axes.get_xlim()
    axes.axhline(0, color="0.75", linewidth=0.9)
    axes.axhline(100 * row["margin"], color=_GREY, linewidth=1.1, linestyle=(0, (5, 2)))
    if len(data) > 1 and math.isfinite(row["needed"]):
        if math.isfinite(row["needed_upper"]):
            ends = max(row["needed_lower"], left), row["needed_upper"]
            axes.axvspan(*ends, color=look.colour, alpha=0.16, linewidth=0)
        axes.axvline(row["needed"], color=look.colour, linewidth=1.3)
    axes.set_xlim(left, right)
    known = data[data["shortfall_upper"].notna()]
    reach = known["shortfall"] - known["shortfall_lower"], known["shortfall_upper"] - known["shortfall"]
    bounds = [100 * part.clip(lower=0) for part in reach]
    axes.errorbar(known["n"], 100 * known["shortfall"], bounds, fmt="none", ecolor="0.3", elinewidth=1, capsize=2.5)
    for enough, face in ((True, look.colour), (False, "white")):
        own = data[_shown(data) == enough]
        if own.empty:
            continue
        style: dict[str, Any] = {"color": look.colour, "markerfacecolor": face, "markersize": 6, "zorder": 3}
        axes.plot(own["n"], 100 * own["shortfall"], look.marker, **style)


def _shown(data: pd.DataFrame) -> pd.Series[bool]:
    """Whether a volume, and with it every larger one, is shown to be enough."""
    chain: pd.Series[bool] = data["n"] >= data.loc[data["required"].astype(bool), "n"].min()
    return chain


def _points_axis(axes: Axes, data: pd.DataFrame) -> None:
    """Even up to twice the margin, logarithmic beyond."""
    even = 200 * float(data["margin"].max())
    values = 100 * data[["shortfall", "shortfall_lower", "shortfall_upper"]].to_numpy(dtype=float)
    low, high = float(pd.Series(values.ravel()).min()), max(float(pd.Series(values.ravel()).max()), 0.75 * even)
    axes.set_yscale("symlog", linthresh=even, linscale=1.2)
    low = min(low, 0)
    axes.set_ylim(low - 0.15 * even, 1.35 * high)
    ticks = [0.0, even / 2, 10 * even, even, 100 * even, *(even * step for step in (5, 2.5, 50, 25, -0.5, -1))]
    axes.yaxis.set_major_locator(FixedLocator(_apart(axes, [tick for tick in ticks if low <= tick <= 1.3 * high])))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}".replace("-", "−")))


def _apart(axes: Axes, ticks: Sequence[float]) -> list[float]:
    """Those that stand a tenth of the axis from all before them."""
    places = axes.transLimits.transform(axes.transScale.transform([(1.0, tick) for tick in ticks]))[:, 1]
    kept: list[int] = []
    for rank, place in enumerate(places):
        if all(abs(place - places[other]) >= 0.1 for other in kept):
            kept.append(rank)
    return [ticks[rank] for rank in kept]


def _said(data: pd.DataFrame) -> list[str]:
    """From how many images on, and the smallest volume that is shown to be enough."""
    row, smallest = data.iloc[-1], data.loc[data["required"].astype(bool), "n"].min()
    if len(data) < 2:
        return ["one volume: nothing to compare it with"]
    told = needed(row["needed"], row["needed_lower"], row["needed_upper"])
    least = "the largest volume alone" if smallest == row["n"] else images(smallest)
    return [f"images needed: {told}", f"shown to be enough: {least}"]


def _legend(data: pd.DataFrame) -> dict[str, Any]:
    margin = short_points(float(data["margin"].iloc[-1]))
    level = data["level"].dropna()
    bounds = data["shortfall_upper"].notna().any()
    marker: dict[str, Any] = {"linestyle": "", "marker": "o", "color": _GREY, "markersize": 6}
    handles: dict[str, Any] = {
        "shown to be enough" + (" (bounds: one-sided 95 %)" if bounds else ""): Line2D([], [], **marker),
        "not shown": Line2D([], [], markerfacecolor="white", **marker),
        f"margin: {margin}": Line2D([], [], color=_GREY, linewidth=1.1, linestyle=(0, (5, 2))),
    }
    if data["needed"].notna().any() and data["n"].nunique() > 1:
        line = Line2D([], [], color=_GREY, linewidth=1.3)
        words = f"images needed, {100 * level.iloc[0]:g} % interval" if len(level) else "images needed"
        handles[words] = (Patch(color=_GREY, alpha=0.25, linewidth=0), line)
    return handles


def requirement_interactive(results: Results, *, architectures: Names = None) -> Interactive:
    """The same panels, one below another, in percentage points; a point says its bounds and what is decided."""
    from plotly.graph_objects import Scatter

    from datavolume.artefacts.figures import hover

    looks = asked_curves(results, architectures)
    data = _data(results, looks)
    figure = hover.panelled(list(looks))
    for place, (name, look) in enumerate(looks.items(), 1):
        own = data[data["architecture"] == name]
        if own.empty:
            continue
        faces = [look.colour if enough else "white" for enough in _shown(own)]
        above, below = own["shortfall_upper"] - own["shortfall"], own["shortfall"] - own["shortfall_lower"]
        trace = Scatter(
            x=[math.log10(n) for n in own["n"]], y=list(100 * own["shortfall"]), mode="markers", name=name,
            error_y={"array": list(100 * above), "arrayminus": list(100 * below), "thickness": 1},
            marker={"color": faces, "size": 9, "line": {"color": look.colour, "width": 1.5}}, showlegend=False,
            text=[_read(row) for row in each(own)], hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip
        figure.add_trace(trace, row=place, col=1)
        _place(figure, place, own.iloc[-1], look)
    figure.update_xaxes(title="training images", **hover.size_ticks(Volumes.of(results.summary)))
    figure.update_yaxes(title=_AXIS.replace("\n", "<br>"))
    return hover.finished(figure)


def _place(figure: Interactive, place: int, row: Any, look: Mark) -> None:
    """The margin, and where the curve comes within it."""
    figure.add_hline(y=100 * row["margin"], line={"color": "#595959", "dash": "dash", "width": 1}, row=place, col=1)
    if not (math.isfinite(row["needed"]) and row["n"] > 0):
        return
    text = f"needed: {needed(row['needed'], row['needed_lower'], row['needed_upper'])}"
    figure.add_vline(
        x=math.log10(row["needed"]), line={"color": look.colour, "width": 1.5}, row=place, col=1,
        annotation={"text": text, "xanchor": "left"},
    )  # fmt: skip
    if row["needed_lower"] > 0 and math.isfinite(row["needed_upper"]):
        ends = {"x0": math.log10(row["needed_lower"]), "x1": math.log10(row["needed_upper"])}
        figure.add_vrect(**ends, fillcolor=look.colour, opacity=0.12, line_width=0, row=place, col=1)


def _read(row: Any) -> str:
    bounds = [number(100 * end, 2) for end in (row.shortfall_lower, row.shortfall_upper)]
    ends = "" if math.isnan(row.shortfall_upper) else f" ({bounds[0]} to {bounds[1]})"
    lines = [f"{count(row.n)} images", f"{number(100 * row.shortfall, 2)} points short{ends}"]
    return "<br>".join([*lines, "enough" if row.enough else "not shown to be enough"])
