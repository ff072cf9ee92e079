"""The best and the last evaluation of runs against their data volume."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from datavolume.analysis.intervals import metric_intervals
from datavolume.analysis.metrics import METRICS
from datavolume.analysis.shown.trajectories import check_alike, extremes
from datavolume.analysis.volumes import Volumes
from datavolume.analysis.words import count
from datavolume.artefacts.figures.asked import Names, one_of
from datavolume.artefacts.figures.asking import asked_metrics, asked_splits, rows_of, several_of
from datavolume.artefacts.figures.dimensions import STATISTICS
from datavolume.artefacts.figures.layout import Layout, Panel, lay_out
from datavolume.artefacts.figures.lines import LineStyle, band, entries, lines_of
from datavolume.artefacts.results import Results
from datavolume.artefacts.style import linear_size_axis, size_axis

__all__ = ["best_and_last"]

_MARKERS = {"best": 8.0, "last": 4.5}


def best_and_last(
    results: Results,
    *,
    experiments: Names = None,
    stage: str | None = None,
    values: Names = None,
    architectures: Names = None,
    fractions: float | Sequence[float] | None = None,
    sizes: int | Sequence[int] | None = None,
    metrics: Names = ("top1", "top5"),
    statistics: Names = ("best", "last"),
    split: str = "validation",
    lines: Names = "statistic",
    panels: Names = "metric",
    scale: str = "log",
) -> tuple[Figure, pd.DataFrame]:
    """Data: a row a line, metric and volume: means over seeds, their 95 % interval, stored units. Raises UserError.

    `statistics`: best (of all evaluations of a run) and last (at its end); `scale`: of the axis of volumes.
    """
    log = one_of("scale", scale, ("log", "linear")) == "log"
    given = {
        "metric": asked_metrics(metrics),
        "statistic": several_of("statistics", statistics, STATISTICS),
        "split": asked_splits(split),
    }
    chosen = {"experiments": experiments, "stage": stage, "values": values, "architectures": architectures,
              "fractions": fractions, "sizes": sizes}  # fmt: skip
    rows = rows_of(results.metrics, results.points, given, chosen)
    layout = lay_out(rows, lines=lines, panels=panels, given=given)
    check_alike(layout.rows, [*layout.columns, "n"])
    volumes = Volumes.of(layout.rows)
    data = _means(layout, volumes)
    figure, grid = layout.draw([*entries(layout.lines), *band(data)])
    for panel in grid:
        for line in lines_of(layout.lines):
            _line(panel, line.rows(panel.rows(data)), line)
    for panel in grid:  # once all are drawn: some share their scale
        panel.finish()
        _size_axis(panel, volumes, log=log)
    return figure, data


def _means(layout: Layout, volumes: Volumes) -> pd.DataFrame:
    """A run that stands in several places of one line counts once."""
    keys = [*layout.columns, "n", "statistic"]
    frames = []
    for metric in layout.given["metric"]:
        scores = extremes(layout.rows, [metric], layout.given["statistic"]).drop_duplicates([*keys, "run"])
        frames.append(metric_intervals(scores, keys, metric, column="score").assign(metric=metric))
    data = pd.concat(frames, ignore_index=True).rename(columns={"count": "seeds"})
    data["share"] = data["n"].map(volumes.share)
    columns = [*layout.columns, "n", "share", "metric", "statistic", "seeds", "mean", "lower", "upper"]
    return data[list(dict.fromkeys(columns))]


def _line(panel: Panel, rows: pd.DataFrame, line: LineStyle) -> None:
    """The best have larger markers than the last, which are often the same and would hide them."""
    if rows.empty:
        return
    rows, scale = rows.sort_values("n"), METRICS[rows["metric"].iloc[0]].scale
    if rows["lower"].notna().any():
        lower, upper = scale * rows["lower"], scale * rows["upper"]
        panel.axes.fill_between(rows["n"], lower, upper, color=line.style["color"], alpha=0.15, linewidth=0)
    style = {**line.style, "markersize": _MARKERS[rows["statistic"].iloc[0]]}
    panel.axes.plot(rows["n"], scale * rows["mean"], label=line.words, **style)


def _size_axis(panel: Panel, volumes: Volumes, *, log: bool) -> None:
    """A label takes some 0.075 inches a letter."""
    if not log:
        linear_size_axis(panel.axes, volumes)
    else:
        inches = panel.axes.get_position().width * panel.axes.figure.bbox.width / 72
        letters = max(len(count(n)) for n in volumes.sizes)
        size_axis(panel.axes, volumes, apart=(0.075 * letters + 0.1) / inches)
    if not panel.last:
        panel.axes.set_xlabel("")
