"""The answer at a glance: a row for each architecture, and the findings behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from datavolume.analysis.words import images, interval, number, share, with_interval

__all__ = ["findings", "glance"]

_PARTS = ("mean", "lower", "upper")
_VERDICTS = {"more": "more data still helps", "undecided": "not settled", "one volume": "one volume only"}


def findings(answer: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Each finding, with what it is about apart: an architecture, or a factor."""
    subjects = {*answer.get("architectures", {}), *answer.get("factors", {})}
    for finding in answer["findings"]:
        name, colon, text = finding.partition(": ")
        about = colon and name in subjects
        yield {"name": name if about else "", "text": text if about else finding}


def glance(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """The answer about data volume of each architecture, in one row; None where the study asks about factors."""
    architectures = answer.get("architectures")
    if not architectures:
        return None
    head = ["Architecture", "Enough", "Accuracy there", "Accuracy with the largest volume", "Gain per doubling"]
    rows = [_row(name, values) for name, values in architectures.items()]
    return {"head": head, "rows": rows, "words": [True, True, False, False, False]}


def _row(name: str, values: Mapping[str, Any]) -> list[str]:
    enough = values["verdict"] == "enough"
    size = f"{images(values['n'])} ({share(values['share'])})" if enough else _VERDICTS[values["verdict"]]
    there = _percent(values["top1"]) if enough else "–"
    return [name, size, there, _percent(values["top1_full"]), _gain(values["gain_per_doubling"])]


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
