"""The answer at a glance, a row for each architecture or for each factor, and the findings behind it.

glance(answer)       head, rows, and which columns hold words
findings(answer)     those to be read first, and those about each curve, to be folded
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from datavolume.analysis.words import count, images, interval, number, p_value, share, with_interval
from datavolume.artefacts.estimates import multiple, needed

__all__ = ["findings", "glance"]

_PARTS = ("mean", "lower", "upper")
_VERDICTS = {"more": "more data still helps", "undecided": "not settled", "one volume": "one volume only"}


def findings(answer: Mapping[str, Any]) -> tuple[list[dict[str, str]], list[dict[str, Any]]]:
    """Those about the study, or about a factor of an experiment (`name`, `text`); and what is to be folded: the `texts`
    about each curve, `open` for the best."""
    told = list(_named(answer))
    curves = {name: [each["text"] for each in told if each["name"] == name] for name in answer["architectures"]}
    folded = [
        {"name": name, "texts": texts, "open": bool(answer["architectures"][name].get("best"))}
        for name, texts in curves.items()
        if texts
    ]
    return [each for each in told if each["name"] not in curves], folded


def _named(answer: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Each finding, with what it is about apart."""
    factors = [f"{row['name']}, {row['factor']}" for row in answer.get("factors", [])]
    subjects = sorted([*answer["architectures"], *factors], key=len, reverse=True)
    for finding in answer["findings"]:
        name = next((subject for subject in subjects if finding.startswith(f"{subject}: ")), "")
        yield {"name": name, "text": finding.removeprefix(f"{name}: ") if name else finding}


def glance(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """None where the answer says nothing about either."""
    if answer["architectures"]:
        curves = answer["architectures"]
        head = ["Architecture", "Enough", "Accuracy there", "Accuracy with the largest volume", "Gain per doubling"]
        rows = [_row(name, values) for name, values in curves.items()]
        if foretold := [values["forecast"][0] for values in curves.values() if values.get("forecast")]:
            head.append(_forecast_head(foretold))
            rows = [[*row, _forecast(values, foretold)] for row, values in zip(rows, curves.values(), strict=True)]
        return {"head": head, "rows": rows, "words": [True, True, *[False] * (len(head) - 2)]}
    if factors := answer.get("factors"):
        head = ["Experiment", "Factor", "Best", "Accuracy there", "Next", "Worst", "p"]
        words = [True, True, True, False, False, False, False]
        return {"head": head, "rows": list(map(_factor_row, factors)), "words": words}
    return None


def _factor_row(factor: Mapping[str, Any]) -> list[str]:
    """The best value, and how far behind it the next and the worst are, in percentage points."""
    values = {value["value"]: value for value in factor["values"]}
    best = _percent(values[factor["best"]]["top1"]) if factor["best"] in values else "–"
    behind = [_behind(values, factor[place]) for place in ("runner_up", "worst")]
    p = "–" if factor["p"] is None else p_value(factor["p"]).removeprefix("p ").removeprefix("= ")
    return [factor["name"], factor["factor"], factor["best"] or "–", best, *behind, p]


def _behind(values: Mapping[str, Mapping[str, Any]], name: str | None) -> str:
    """`8: 0.4 points (−0.1 to 0.9)` behind."""
    return f"{name}: {_gain(values[name]['difference'])}" if name is not None and name in values else "–"


def _row(name: str, values: Mapping[str, Any]) -> list[str]:
    enough = values["verdict"] == "enough"
    size = f"{images(values['n'])} ({share(values['share'])})" if enough else _VERDICTS[values["verdict"]]
    there = _percent(values["top1"]) if enough else "–"
    return [name, size + _needed(values), there, _percent(values["top1_full"]), _gain(values["gain_per_doubling"])]


def _needed(values: Mapping[str, Any]) -> str:
    """`; needed: 442 (302 to 560)`: empty where nothing is known. Beyond a known lower end, null is out of reach."""
    found = values.get("needed") or {}
    n, lower, upper = (found.get(key) for key in ("n", "lower", "upper"))
    beyond = math.nan if lower is None else math.inf
    numbers = (math.nan if lower is None else lower, beyond if upper is None else upper)
    return "" if n is None and lower is None else f"; needed: {needed(beyond if n is None else n, *numbers)}"


def _forecast_head(foretold: Sequence[Mapping[str, Any]]) -> str:
    """What is forecast of all, where it is the same."""
    level = f"{100 * float(foretold[0].get('level', 0.9)):g} % interval"
    sizes, times = {one["n"] for one in foretold}, {one["multiple"] for one in foretold}
    if len(times) == 1:
        return f"Forecast for {multiple(times.pop())} the data ({level})"
    return f"Forecast for {images(round(sizes.pop()))} ({level})" if len(sizes) == 1 else f"Forecast ({level})"


def _forecast(values: Mapping[str, Any], foretold: Sequence[Mapping[str, Any]]) -> str:
    if not values.get("forecast"):
        return "–"
    first = values["forecast"][0]
    text = with_interval(*(float(first[key]) for key in ("median", "lower", "upper")))
    alike = any(len({one[key] for one in foretold}) == 1 for key in ("n", "multiple"))
    return text if alike else f"{text} with {count(first['n'])}"


def _percent(estimate: Mapping[str, float | None]) -> str:
    mean, lower, upper = (float("nan") if (value := estimate[key]) is None else value for key in _PARTS)
    return with_interval(mean, lower, upper)


def _gain(estimate: Mapping[str, float | None]) -> str:
    """In percentage points."""
    mean, lower, upper = (estimate[key] for key in _PARTS)
    if mean is None:
        return "–"
    text = f"{number(100 * mean, 1)} points"
    return text if lower is None or upper is None else f"{text} ({interval(lower, upper).removesuffix(' %')})"
