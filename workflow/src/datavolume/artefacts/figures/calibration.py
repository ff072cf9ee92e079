"""Calibration, temperature and margins against data volume; and what voting over seeds gains there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from datavolume.analysis.intervals import grouped_intervals
from datavolume.analysis.volumes import Volumes
from datavolume.artefacts.figures.asked import Names
from datavolume.artefacts.figures.reliability import NO_PREDICTIONS, selected_runs
from datavolume.artefacts.results import Results
from datavolume.artefacts.style import legend_below, mark, metric_axis, saying, size_axis

__all__ = ["calibration_by_volume", "voting_by_volume"]

_NO_VOTES = "There are no votes of seeds: no volume has two runs that left predictions."
_DASHED, _DOTTED = (0, (4, 2)), (0, (1, 1.5))


@dataclass(frozen=True)
class _Panel:
    """`lines`: columns of calibration.csv and how each is drawn; `best`: a value to compare with."""

    label: str
    lines: Mapping[str, Any]
    scale: float = 1.0
    bounds: tuple[float, float] = (0.0, float("inf"))
    best: float | None = None


_PANELS = (
    _Panel(
        "expected calibration error (%)",
        {"ece": "-", "ece_scaled": _DASHED, "ece_chance": _DOTTED},
        scale=100.0,
        bounds=(0.0, 1.0),
    ),
    _Panel("cross-entropy loss (nats)", {"nll": "-", "nll_scaled": _DASHED}),
    _Panel("temperature", {"temperature": "-"}, best=1.0),
    _Panel("mean normalised margin", {"margin_correct": "-", "margin_wrong": _DASHED}, bounds=(0.0, 1.0)),
)
_LEGEND = {
    "as trained; margin of correct predictions": "-",
    "temperature-scaled; margin of wrong predictions": _DASHED,
    "error of a calibrated network, by chance": _DOTTED,
}


def calibration_by_volume(
    results: Results,
    *,
    experiments: Names = None,
    architectures: Names = None,
    sizes: int | Sequence[int] | None = None,
    fractions: float | Sequence[float] | None = None,
) -> tuple[Figure, pd.DataFrame]:
    """Data: a row a curve, volume and measure (a column of calibration.csv): mean over runs and 95 % interval."""
    if results.calibration.empty:
        return saying(NO_PREDICTIONS), results.calibration
    chosen: dict[str, Any] = {"experiments": experiments, "architectures": architectures}
    rows = selected_runs(results.calibration, results, **chosen, sizes=sizes, fractions=fractions)
    data, volumes = _means(rows), Volumes.of(rows)
    figure = Figure(figsize=(8.4, 6.2))
    for axes, panel in zip(figure.subplots(2, 2).ravel(), _PANELS, strict=True):
        _draw(axes, panel, data)
        size_axis(axes, volumes, apart=0.14)
        metric_axis(axes, panel.label)
    names = list(data["architecture"].unique())
    legend_below(figure, [*_curves(names), *_lines(_LEGEND)], most=3)
    return figure, data


def _means(rows: pd.DataFrame) -> pd.DataFrame:
    frames = [
        grouped_intervals(rows, ["architecture", "n"], name, bounds=panel.bounds).assign(measure=name)
        for panel in _PANELS
        for name in panel.lines
    ]
    data = pd.concat(frames, ignore_index=True).rename(columns={"count": "runs"})
    return data[["architecture", "n", "measure", "runs", "mean", "sd", "lower", "upper"]]


def _draw(axes: Axes, panel: _Panel, data: pd.DataFrame) -> None:
    """The error that chance gives is nearly the same in all runs: it has no band."""
    if panel.best is not None:
        axes.axhline(panel.best, color="0.35", linewidth=0.9)
    for index, name in enumerate(data["architecture"].unique()):
        for measure, dash in panel.lines.items():
            own = data[(data["architecture"] == name) & (data["measure"] == measure)].sort_values("n")
            style = {**mark(index).line_style, "linestyle": dash, "markersize": 4.5}
            if dash == _DOTTED:
                style |= {"marker": "", "linewidth": 1.1}
            elif own["lower"].notna().any():
                lower, upper = panel.scale * own["lower"], panel.scale * own["upper"]
                axes.fill_between(own["n"], lower, upper, color=mark(index).colour, alpha=0.13, linewidth=0)
            axes.plot(own["n"], panel.scale * own["mean"], markerfacecolor=_face(dash, index), **style)


def _face(dash: Any, index: int) -> str:
    return mark(index).colour if dash == "-" else "white"


def _curves(names: Sequence[str]) -> list[Line2D]:
    looks = [(name, mark(index)) for index, name in enumerate(names)]
    return [Line2D([], [], linestyle="", marker=look.marker, color=look.colour, label=name) for name, look in looks]


def _lines(words: Mapping[str, Any]) -> list[Line2D]:
    return [Line2D([], [], color="0.3", linestyle=dash, label=text) for text, dash in words.items()]


def voting_by_volume(
    results: Results,
    *,
    experiments: Names = None,
    architectures: Names = None,
    sizes: int | Sequence[int] | None = None,
    fractions: float | Sequence[float] | None = None,
) -> tuple[Figure, pd.DataFrame]:
    """Data: the rows of ensembles.csv that are drawn; none where no volume has several runs with predictions."""
    if results.ensembles.empty:
        return saying(_NO_VOTES), results.ensembles
    chosen: dict[str, Any] = {"experiments": experiments, "architectures": architectures}
    runs = selected_runs(results.summary, results, **chosen, sizes=sizes, fractions=fractions)
    places = runs[["architecture", "n"]].drop_duplicates()
    data = results.ensembles.merge(places, on=["architecture", "n"])
    if data.empty:
        return saying(_NO_VOTES), data
    figure = Figure(figsize=(8.8, 4.1))
    left, right = figure.subplots(1, 2)
    right.axhline(0, color="0.35", linewidth=0.9)
    names = list(data["architecture"].unique())
    for index, name in enumerate(names):
        for voting, dash in (("soft", "-"), ("hard", _DASHED)):
            own = data[(data["architecture"] == name) & (data["voting"] == voting)].sort_values("n")
            _votes(left, right, own, index, dash)
    for axes, label in ((left, "top-1 accuracy (%)"), (right, "gain by voting (percentage points)")):
        size_axis(axes, Volumes.of(data), apart=0.14)
        metric_axis(axes, f"validation {label}" if axes is left else label)
    words = {"soft voting": "-", "hard voting": _DASHED, "one network, mean of those that vote": _DOTTED}
    legend_below(figure, [*_curves(names), *_lines(words)], most=3)
    return figure, data


def _votes(left: Axes, right: Axes, own: pd.DataFrame, index: int, dash: Any) -> None:
    """Bands are those of soft voting."""
    look = mark(index)
    style = {**look.line_style, "linestyle": dash, "markersize": 4.5, "markerfacecolor": _face(dash, index)}
    left.plot(own["n"], 100 * own["top1"], **style)
    right.plot(own["n"], 100 * own["gain"], **style)
    if dash == "-":
        left.plot(own["n"], 100 * own["single"], color=look.colour, linestyle=_DOTTED, linewidth=1.2)
        bounds = (100 * own["gain_lower"], 100 * own["gain_upper"])
        right.fill_between(own["n"], *bounds, color=look.colour, alpha=0.15, linewidth=0)
