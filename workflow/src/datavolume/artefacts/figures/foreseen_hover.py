"""The forecast's figure in plotly, from the same numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from matplotlib.colors import to_rgb
from plotly import graph_objects

from datavolume.analysis.metrics import METRICS
from datavolume.analysis.volumes import Volumes
from datavolume.analysis.words import count, number
from datavolume.artefacts.estimates import multiple, needed, question_words
from datavolume.artefacts.figures import hover
from datavolume.artefacts.figures.asked import each
from datavolume.artefacts.figures.foreseen import ASKED, BACKTEST, FORECAST, MEASURED, RUN, reason
from datavolume.artefacts.style import Mark, error_ticks, labelled_sizes, size_label

__all__ = ["drawn"]

_TOP1 = METRICS["top1"]
_SAID = "%{text}<extra></extra>"
_NAMES = {
    MEASURED: "measured, mean over seeds",
    RUN: "run",
    FORECAST: "forecast, median and interval",
    BACKTEST: "back-test",
    "margin": "images for the margin",
    "target": "images for the target",
}


def drawn(
    data: pd.DataFrame, looks: Mapping[str, Mark], volumes: Volumes, limits: tuple[float, float]
) -> graph_objects.Figure:
    """A panel a curve, over log10 of the images, in heights (`_height`); `limits` are the axis's ends, errors in %."""
    figure = hover.panelled(list(looks))
    seen: set[str] = set()
    for place, (name, look) in enumerate(looks.items(), 1):
        own = data[data["architecture"] == name]
        for trace in _traces(own, look):
            new = trace.showlegend is not False and trace.name not in seen
            trace.update(showlegend=new, legendgroup=trace.name)
            seen |= {str(trace.name)} if new else set()
            figure.add_trace(trace, row=place, col=1)
        if not (own["shown"] == FORECAST).any():
            _say(figure, place, reason(own))
    figure.update_xaxes(title="training images", matches="x", **_sizes(data, volumes))
    figure.update_yaxes(title=f"validation {_TOP1.axis}", **_errors(*limits))
    return hover.finished(figure)


def _height(accuracy: float) -> float:
    """On an axis that is even in the logarithm of the error."""
    return -math.log10(max(100 * (1 - accuracy), 0.01))


def _heights(accuracies: pd.Series[float]) -> list[float]:
    return [_height(accuracy) for accuracy in accuracies]


def _errors(most: float, least: float) -> dict[str, Any]:
    ticks = error_ticks(least, most)
    return {
        "range": [-math.log10(most), -math.log10(least)],
        "tickvals": [_height(tick / 100) for tick in ticks],
        "ticktext": [f"{tick:.6g}" for tick in ticks],
    }


def _say(figure: graph_objects.Figure, place: int, text: str) -> None:
    figure.add_annotation(
        text=text, showarrow=False, xref="x domain", yref="y domain", x=0.98, y=0.04, row=place, col=1
    )


def _sizes(data: pd.DataFrame, volumes: Volumes) -> dict[str, Any]:
    asked = data[data["shown"] == ASKED]
    beyond = {round(row.n): f"{count(row.n)}<br>{multiple(row.n / row.origin)}" for row in each(asked)}
    texts = {**beyond, **{n: size_label(n, volumes).replace("\n", "<br>") for n in volumes.sizes}}
    labelled = set(labelled_sizes(sorted(texts), apart=0.085))
    return {
        "tickvals": [math.log10(n) for n in sorted(texts)],
        "ticktext": [texts[n] if n in labelled else "" for n in sorted(texts)],
    }


def _traces(own: pd.DataFrame, look: Mark) -> Iterator[graph_objects.Scatter]:
    part = {str(shown): rows.sort_values("n") for shown, rows in own.groupby("shown", sort=False)}
    if FORECAST in part:
        yield from _band(part[FORECAST], look)
    if BACKTEST in part:
        yield _points(part[BACKTEST], "#8c8c8c", symbol="x-thin-open", interval=True)
    yield _points(part[RUN], look.colour, size=4, opacity=0.6)
    yield _points(part[MEASURED], look.colour, mode="lines+markers", size=8)
    for question in ("margin", "target"):
        if question in part:
            yield from _asked(part[question])


def _band(rows: pd.DataFrame, look: Mark) -> Iterator[graph_objects.Scatter]:
    """Beyond the largest size that was trained: the interval's edges, then the median."""
    rows = rows[rows["n"] >= rows["origin"].iloc[0]]
    x = [math.log10(n) for n in rows["n"]]
    red, green, blue = (round(255 * part) for part in to_rgb(look.colour))
    edges = _heights(rows["upper"]) + _heights(rows["lower"])[::-1]
    yield graph_objects.Scatter(
        x=x + x[::-1], y=edges, fill="toself", fillcolor=f"rgba({red},{green},{blue},0.2)", hoverinfo="skip",
        line={"width": 0}, mode="lines", name=_NAMES[FORECAST], showlegend=False,
    )  # fmt: skip
    yield graph_objects.Scatter(
        x=x, y=_heights(rows["value"]), mode="lines", name=_NAMES[FORECAST], text=_texts(rows),
        hovertemplate=_SAID, line={"color": look.colour, "dash": "dash"},
    )  # fmt: skip


def _points(
    rows: pd.DataFrame, colour: str, *, interval: bool = False, mode: str = "markers", **marker: Any
) -> graph_objects.Scatter:
    reach = None
    if interval:
        low, middle, high = (_heights(rows[name]) for name in ("lower", "value", "upper"))
        above = [end - centre for centre, end in zip(middle, high, strict=True)]
        below = [centre - end for centre, end in zip(middle, low, strict=True)]
        reach = {"array": above, "arrayminus": below, "thickness": 1}
    return graph_objects.Scatter(
        x=[math.log10(n) for n in rows["n"]], y=_heights(rows["value"]), mode=mode, error_y=reach,
        marker={"color": colour, "line": {"color": colour, "width": 1.5}, **marker}, line={"color": colour},
        text=_texts(rows), hovertemplate=_SAID, name=_NAMES[str(rows["shown"].iloc[0])],
    )  # fmt: skip


def _asked(rows: pd.DataFrame) -> Iterator[graph_objects.Scatter]:
    for row in each(rows[rows["n"].map(lambda n: math.isfinite(n) and n > 0)]):
        ends = [end if math.isfinite(end) and end > 0 else row.n for end in (row.n_lower, row.n_upper)]
        logs = [math.log10(n) for n in (row.n, *ends)]
        level = question_words(row.shown, row.threshold)
        yield graph_objects.Scatter(
            x=logs[:1], y=[_height(row.value)], mode="markers", name=_NAMES[row.shown], hovertemplate=_SAID,
            error_x={"array": [logs[2] - logs[0]], "arrayminus": [logs[0] - logs[1]], "thickness": 2.5},
            marker={"color": "#595959", "size": 11, "symbol": "triangle-down" if row.shown == "margin" else "star"},
            text=[f"{level}<br>{needed(row.n, row.n_lower, row.n_upper)} images<br>{100 * row.level:g} % interval"],
        )  # fmt: skip


def _texts(rows: pd.DataFrame) -> list[str]:
    return [_text(row) for row in each(rows)]


def _text(row: Any) -> str:
    lines = [f"{count(row.n)} images"]
    if row.shown in (FORECAST, BACKTEST):
        lines[0] += f", {multiple(row.n / row.origin)} of {count(row.origin)}"
    digits = _TOP1.digits + 1
    lines.append(hover.reading(_TOP1, row.value))
    if not math.isnan(row.lower):
        ends = " to ".join(number(100 * end, digits) for end in (row.lower, row.upper))
        lines.append(f"{100 * row.level:g} % interval {ends}")
    if row.shown == BACKTEST:
        lines.append(f"measured {number(100 * row.actual, digits)} %")
    return "<br>".join(lines)
