"""Metrics through training: any metrics and splits, of any experiments, in any lines and panels.

curves(results, experiments="volume", metrics=["top5", "top1"], lines="fraction", x="updates")
curves(results, experiments=["baseline", "steps"], lines="experiment", x="epochs", phases=True)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from datavolume.analysis.metrics import METRICS
from datavolume.analysis.shown.trajectories import check_alike, trajectories
from datavolume.analysis.words import count
from datavolume.artefacts.figures.asked import Names, one_of
from datavolume.artefacts.figures.asking import asked_metrics, asked_splits, numbered, rows_of
from datavolume.artefacts.figures.layout import Layout, Panel, lay_out
from datavolume.artefacts.figures.lines import LineStyle, band, entries, lines_of
from datavolume.artefacts.figures.signs import Signs, draw_signs, explained, signs_of
from datavolume.artefacts.results import Results

__all__ = ["curves"]

_PLACES = {"updates": "update", "epochs": "epoch", "images": "samples"}
_X_LABELS = {"updates": "updates", "epochs": "epochs", "images": "images passed"}


def curves(
    results: Results,
    *,
    experiments: Names = None,
    stage: str | None = None,
    values: Names = None,
    architectures: Names = None,
    fractions: float | Sequence[float] | None = None,
    sizes: int | Sequence[int] | None = None,
    metrics: Names = "top1",
    splits: Names = "validation",
    lines: Names = "fraction",
    panels: Names = "metric",
    x: str = "updates",
    every: int = 1,
    phases: bool = False,
    restarted: str | None = None,
    marker: float | None = None,
    reference: float | Mapping[str, float] | None = None,
    reference_label: str = "published",
) -> tuple[Figure, pd.DataFrame]:
    """Data: a row a line, metric and evaluation: means over seeds, their 95 % interval, stored units. Raises UserError.

    `every`: one point every k-th evaluation, and the last. `phases` marks where they end, `restarted` where the runs of
    that experiment begin, `marker` a place on the x axis; `reference`: values by metric, in the unit of the axis.
    """
    place = _PLACES[one_of("x", x, _PLACES)]
    given = {"metric": asked_metrics(metrics), "split": asked_splits(splits)}
    chosen = {"experiments": experiments, "stage": stage, "values": values, "architectures": architectures,
              "fractions": fractions, "sizes": sizes}  # fmt: skip
    rows = rows_of(results.metrics, results.points, given, chosen)
    layout = lay_out(rows, lines=lines, panels=panels, given=given)
    check_alike(layout.rows, layout.columns)
    data = trajectories(layout.rows, layout.columns, given["metric"], every=numbered("every", every))
    signs = signs_of(layout, place, phases, restarted, marker, reference, reference_label)
    legend = [*entries(layout.lines), *explained(signs, lines_of(layout.lines)), *band(data)]
    figure, grid = layout.draw(legend, share_x=_alike([panel[place].max() for panel in _by_panel(layout, data)]))
    for panel in grid:
        _draw(panel, layout, data, place, signs)
    for panel in grid:  # once all are drawn: some share their scale
        panel.finish()
        _x_axis(panel, x, largest=float(panel.axes.get_xlim()[1]), many=len(grid) > 2)
    return figure, data


def _by_panel(layout: Layout, data: pd.DataFrame) -> list[pd.DataFrame]:
    columns = [column for dimension in layout.panels for column in dimension.columns]
    return [rows for _, rows in data.groupby(columns)] if columns else [data]


def _alike(ends: Sequence[float]) -> bool:
    """Whether lines of that length are read on one scale."""
    return max(ends) < 2 * min(ends)


def _draw(panel: Panel, layout: Layout, data: pd.DataFrame, place: str, signs: Signs) -> None:
    styles = lines_of(layout.lines)
    for number, line in enumerate(styles):
        _line(panel.axes, line.rows(panel.rows(data)), line, place, (number, len(styles)))
    draw_signs(panel, signs, styles)


def _line(axes: Axes, rows: pd.DataFrame, line: LineStyle, place: str, which: tuple[int, int]) -> None:
    """Markers stand apart, those of one line between those of the next, so that lines on one another can be told."""
    if rows.empty:
        return
    scale = METRICS[rows["metric"].iloc[0]].scale
    every = max(1, len(rows) // 8)
    number, of = which
    style = {**line.style, "markevery": (every * number // of, every), "markersize": 3.8, "linewidth": 1.3}
    if rows["lower"].notna().any():
        lower, upper = scale * rows["lower"], scale * rows["upper"]
        axes.fill_between(rows[place], lower, upper, color=line.style["color"], alpha=0.15, linewidth=0)
    axes.plot(rows[place], scale * rows["mean"], label=line.words, **style)


def _x_axis(panel: Panel, x: str, *, largest: float, many: bool) -> None:
    """Round ticks, in thousands or millions where the numbers are long."""
    per, words = next(((per, words) for per, words in ((1e6, " (millions)"), (1e3, " (thousands)"))
                       if x != "epochs" and largest >= 20 * per), (1.0, ""))  # fmt: skip
    panel.axes.set_xlabel(_X_LABELS[x] + words if panel.last else "")
    ticks = MaxNLocator(nbins=5 if many else 6, steps=[1, 2, 2.5, 5, 10], integer=largest / per > 5)
    panel.axes.xaxis.set_major_locator(ticks)
    panel.axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value / per)))


def _tick(value: float) -> str:
    return count(value) if float(value).is_integer() else f"{value:g}"
