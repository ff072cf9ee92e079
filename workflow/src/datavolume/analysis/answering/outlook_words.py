"""What the runs say beyond themselves, in words: needed, forecast, target, next step, seeds.

outlook(statistics, best)           one or two sentences beside the answer; empty where nothing can be told
ahead(statistics, verdict)          texts about one curve
beyond(statistics)                  texts about the study
numbers(statistics, "resnet18")     the same for programs
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from datavolume.analysis.answering.analyse import Statistics
from datavolume.analysis.answering.verdict import Verdict
from datavolume.analysis.tables import BETWEEN
from datavolume.analysis.words import about, count, images, interval, number, percent, points, with_interval
from datavolume.statistics.requirement import LIMIT

__all__ = ["ahead", "beyond", "numbers", "outlook"]

Row = pd.Series
_TIMES = {2.0: "twice", 10.0: "ten times"}
_STEPS = 2  # options of a place that are told
_NEARLY = 1.01  # numbers of images that are told as one


def outlook(statistics: Statistics, best: Verdict) -> str:
    """Where the best curve comes within the margin, and what the first asked size would give."""
    row = _row(statistics, best.architecture, "margin")
    needed = "" if row is None or _untold(row) else _needed(statistics, best)
    parts = filter(None, (needed, _forecast(statistics, best, most=1)))
    return " ".join(f"{text[0].upper()}{text[1:]}." for text in parts)


def ahead(statistics: Statistics, verdict: Verdict) -> Iterator[str]:
    """Clauses without a stop, each by itself."""
    found = (_needed(statistics, verdict), _saturation(statistics, verdict), _target(statistics, verdict))
    enough = "; ".join(filter(None, found))
    yield from filter(None, (enough, _forecast(statistics, verdict, most=3), _seeds(statistics, verdict)))


def _row(statistics: Statistics, name: str, question: str) -> Row[Any] | None:
    table = statistics.enough
    own = table[(table["architecture"] == name) & (table["question"] == question)]
    return own.iloc[0] if len(own) else None


def _needed(statistics: Statistics, verdict: Verdict) -> str:
    row = _row(statistics, verdict.architecture, "margin")
    if row is None or math.isnan(row["n"]):
        return ""
    if row["lower"] == 0 and verdict.rows["enough"].all():
        return f"every volume trained is within {verdict.margin}: fewer images than {count(row['n'])} may do"
    asked = f"within {verdict.margin} of that with {count(row['largest'])} images"
    if _untold(row):
        return f"which number of images brings accuracy {asked} cannot be told from these runs"
    return f"accuracy comes {asked} at some {about(row['n'])} images{_bounds(row)}"


def _untold(row: Row[Any]) -> bool:
    """Whether the interval spans all volumes trained."""
    return bool(row["lower"] == 0 and row["upper"] * _NEARLY >= row["largest"])


def _bounds(row: Row[Any]) -> str:
    """` (95 % interval 302 to 560)`, in images."""
    if math.isnan(row["upper"]):
        return ""
    far = f"more than {about(LIMIT * row['largest'])}" if math.isinf(row["upper"]) else about(row["upper"])
    far = count(row["largest"]) if 1 / _NEARLY < row["upper"] / row["largest"] <= 1 else far
    low = "up" if row["lower"] == 0 else about(row["lower"])
    return f" ({100 * row['level']:g} % interval {low} to {far})"


def _saturation(statistics: Statistics, verdict: Verdict) -> str:
    row = _row(statistics, verdict.architecture, "saturation")
    if row is None or math.isnan(row["n"]):
        return ""
    if math.isinf(row["n"]):
        return f"no end is in sight of doublings that bring {verdict.margin} or more"
    less = f"a doubling brings less than {verdict.margin}"
    if row["n"] < _NEARLY * verdict.rows["n"].iloc[0]:
        return f"{less} from the smallest volume on"
    return f"{less} from some {about(row['n'])} images on{_bounds(row)}"


def _target(statistics: Statistics, verdict: Verdict) -> str:
    row = _row(statistics, verdict.architecture, "target")
    if row is None:
        return ""
    target = percent(row["threshold"], 1 if row["threshold"] * 1000 % 10 else 0)
    if math.isinf(row["n"]):
        sure = "" if math.isinf(row["lower"]) else "more likely than not "
        return f"{target} is {sure}out of reach of {LIMIT:g} times the data"
    return f"{target} is reached with some {about(row['n'])} images{_bounds(row)}"


def _asked(statistics: Statistics, name: str) -> pd.DataFrame:
    """Beyond what was trained."""
    table = statistics.forecast
    own: pd.DataFrame = table[(table["architecture"] == name) & table["asked"].astype(bool) & (table["multiple"] > 1)]
    return own


def _forecast(statistics: Statistics, verdict: Verdict, *, most: int) -> str:
    rows = _asked(statistics, verdict.architecture).head(most)
    if rows.empty:
        return ""
    first = rows.iloc[0]
    told = [f"{_multiple(row)} ({count(row['n'])} images) {_accuracy(row)}" for _, row in rows.iterrows()]
    lead = f"with {told[0].replace(') ', ') a forecast gives ', 1)}"
    doubt = f". {_doubt(first)}" if most > 1 and first["note"] else ""
    return f"{lead}{''.join(f', with {text}' for text in told[1:])}{doubt}"


def _multiple(row: Row[Any]) -> str:
    times = float(row["multiple"])
    return f"{_TIMES.get(times, f'{number(times, 0 if times == round(times) else 1)} times')} the data"


def _doubt(row: Row[Any]) -> str:
    """What the forecast's reader must know."""
    return ". ".join(f"{warning[0].upper()}{warning[1:]}" for warning in str(row["note"]).split(BETWEEN))


def _accuracy(row: Row[Any]) -> str:
    return with_interval(row["median"], row["lower"], row["upper"], name=f"{100 * row['level']:g} % interval ")


def _seeds(statistics: Statistics, verdict: Verdict) -> str:
    rows = statistics.seeds[statistics.seeds["architecture"] == verdict.architecture]
    if rows.empty or math.isnan(rows["seeds_for_power"].iloc[0]):
        return ""
    row = rows.iloc[0]
    return (
        f"with {images(row['n'])}, trainings scatter by {points(row['sd'], 2)} (standard deviation of "
        f"{row['seeds']:.0f}): {_count(row['seeds_for_width'])} give the mean an interval of ±{_half(row)} or less, "
        f"{_count(row['seeds_for_power'])} at each of two volumes show a difference of {points(row['margin'])} four "
        "times in five"
    )


def _count(seeds: float) -> str:
    return f"{count(seeds)} seeds"


def _half(row: Row[Any]) -> str:
    return points(row["margin"] / 2, 2)


def beyond(statistics: Statistics) -> Iterator[str]:
    """What the next step buys, from each place that `next_steps` starts at."""
    for name, rows in statistics.next_steps.groupby("from_architecture", sort=False):
        told = rows.sort_values("gain", ascending=False, kind="stable")
        options = [_option(row, str(name)) for _, row in told[told["better"] > 1 / 2].head(_STEPS).iterrows()]
        advised = rows[rows["advised"].astype(bool) & rows["gain_per_price"].notna()]
        best = f"; per price, {_what(advised.iloc[0], str(name))} brings most" if len(advised) else ""
        text = "; ".join(options) or "no option that was trained is likelier than not to bring anything"
        yield f"{name}: the next step from {count(rows['from_n'].iloc[0])} images: {text}{best}."


def _what(row: Row[Any], start: str) -> str:
    more = f"{count(row['labels'])} more images"
    other = f"{row['architecture']} instead of {start}"
    return {"more images": more, "other network": other}.get(row["option"], f"{other} with {more}")


def _option(row: Row[Any], start: str) -> str:
    bounds = interval(row["gain_lower"], row["gain_upper"]).removesuffix(" %")
    return f"{_what(row, start)} would add {points(row['gain'])} ({100 * row['level']:g} % interval {bounds})"


def numbers(statistics: Statistics, name: str) -> dict[str, Any]:
    """needed, saturation, target (n, lower, upper; null where unknown, or not within reach) and forecast."""
    questions = {"needed": "margin", "saturation": "saturation", "target": "target"}
    found: dict[str, Any] = {key: _limits(_row(statistics, name, asked)) for key, asked in questions.items()}
    rows = _asked(statistics, name)
    columns = ["n", "multiple", "median", "lower", "upper", "level"]
    warnings = rows["note"].iloc[0].split(BETWEEN) if len(rows) and rows["note"].iloc[0] else []
    return {**found, "forecast": rows[columns].to_dict("records"), "warnings": warnings}


def _limits(row: Row[Any] | None) -> dict[str, float | None] | None:
    if row is None:
        return None
    return {name: float(row[name]) if math.isfinite(row[name]) else None for name in ("n", "lower", "upper")}
