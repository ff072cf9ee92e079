"""What stands in a figure of training beside its lines: where phases end, where a run began, a published value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.lines import Line2D

from datavolume.analysis.metrics import METRICS
from datavolume.analysis.shown.trajectories import phase_ends, restart
from datavolume.artefacts.figures.layout import Layout, Panel
from datavolume.artefacts.figures.lines import LineStyle
from datavolume.errors import UserError

__all__ = ["Signs", "draw_signs", "explained", "signs_of"]

_PHASE: dict[str, Any] = {"color": "0.55", "linestyle": (0, (1, 2)), "linewidth": 1.2}
_MARKER: dict[str, Any] = {"color": "#009E73", "linestyle": "-.", "linewidth": 1.4}
_REFERENCE: dict[str, Any] = {"color": "0.25", "linestyle": (0, (2, 2)), "linewidth": 1.2}


@dataclass(frozen=True)
class Signs:
    """`ends`: rows of phase_ends, drawn at their column `place`; `references` in the unit of the axis, by metric."""

    place: str
    ends: pd.DataFrame
    marker: float | None
    marker_words: str
    references: Mapping[str, float]
    reference_words: str


def signs_of(
    layout: Layout,
    place: str,
    phases: bool,
    restarted: str | None,
    marker: float | None,
    reference: float | Mapping[str, float] | None,
    reference_label: str,
) -> Signs:
    """Raises UserError for a reference that is not drawn, or a restarted experiment that is not."""
    if marker is not None and type(marker) not in (int, float):
        raise UserError(f"marker: '{marker}' is no number; write a place on the x axis, in its unit")
    words = "" if marker is None else f"at {marker:g}"
    if restarted is not None:
        begins = restart(layout.rows, restarted, place)
        title = layout.rows.loc[layout.rows["experiment"] == restarted, "title"].iloc[0]
        marker, words = (begins if marker is None else float(marker)), f"start of: {title}"
    ends = phase_ends(layout.rows, layout.columns) if phases else pd.DataFrame()
    return Signs(place, ends, marker, words, _references(reference, layout.given["metric"]), reference_label)


def _references(reference: float | Mapping[str, float] | None, metrics: Sequence[str]) -> Mapping[str, float]:
    if reference is None:
        return {}
    if not isinstance(reference, Mapping):
        if len(metrics) > 1:
            raise UserError(f"reference: {reference} of which metric? write {metrics[0]}: {reference}, a line each")
        reference = {metrics[0]: reference}
    if stranger := [name for name in reference if name not in metrics]:
        raise UserError(f"reference: {stranger[0]} is not drawn; drawn is {', '.join(metrics)}")
    if wrong := [
        value for value in reference.values() if isinstance(value, bool) or not isinstance(value, int | float)
    ]:
        raise UserError(f"reference: '{wrong[0]}' is no number; write it in the unit of the axis, as 72.2 for percent")
    return reference


def draw_signs(panel: Panel, signs: Signs, styles: Sequence[LineStyle]) -> None:
    """Ends of phases that not all lines have are of the colour of those that have them."""
    ends = panel.rows(signs.ends)
    phased = [line for line in styles if not ends.empty and not line.rows(ends).empty]
    for end in ends[signs.place].unique() if phased else []:
        rows = ends[ends[signs.place] == end]
        colours = {line.style["color"] for line in phased if not line.rows(rows).empty}
        shared = colours == {line.style["color"] for line in phased} or len(colours) > 1
        panel.axes.axvline(float(end), zorder=0.5, **{**_PHASE, **({} if shared else {"color": colours.pop()})})
    if signs.marker is not None:
        panel.axes.axvline(signs.marker, zorder=1.5, **_MARKER)
    for metric, value in signs.references.items():
        if metric in [drawn.name for drawn in panel.metrics]:
            panel.axes.axhline(value, zorder=1.5, **_reference_style(metric, styles))


def _reference_style(metric: str, styles: Sequence[LineStyle]) -> dict[str, Any]:
    """Of the colour of the metric's lines, where it has one."""
    colours = {line.style["color"] for line in styles if ("metric",) in [of.columns for of in line.dimensions]
               and (metric,) in line.keys}  # fmt: skip
    return {**_REFERENCE, **({"color": colours.pop()} if len(colours) == 1 else {})}


def explained(signs: Signs, styles: Sequence[LineStyle]) -> list[Line2D]:
    """What a legend says of them."""
    handles = [] if signs.ends.empty else [Line2D([], [], label="end of a phase", **_PHASE)]
    if signs.marker is not None:
        handles.append(Line2D([], [], label=signs.marker_words, **_MARKER))
    for metric, value in signs.references.items():
        unit = f" {METRICS[metric].unit}" if METRICS[metric].unit else ""
        label = f"{signs.reference_words}, {METRICS[metric].label}: {value:g}{unit}"
        handles.append(Line2D([], [], label=label, **_reference_style(metric, styles)))
    return handles
