"""Numbers of images with their intervals, as figures, tables and the report say them.

needed(442.3, 302, 560)            442 (302 to 560)
needed(11400, 734, inf)            11,400 (734 or more)
needed(inf, 734, inf)              out of reach (734 or more)
multiple(2)                        2×

inf is not within reach, NaN is unknown, a lower end of 0 says that nothing smaller is refuted.
"""

from __future__ import annotations

import math
from typing import Any

from datavolume.analysis.words import about, count, number

__all__ = [
    "between",
    "chance",
    "multiple",
    "needed",
    "option_words",
    "question_words",
    "rounded",
    "short_points",
    "short_time",
]

UNKNOWN, BEYOND = "unknown", "out of reach"


def rounded(n: float) -> str:
    """Three digits are more than an estimated number of images has: 12,345.6 -> 12,300. A size itself stays."""
    return count(n) if n == round(n) else about(n)


def needed(n: float, lower: float, upper: float) -> str:
    """An estimated number of images, and its interval where there is one."""
    if math.isnan(n):
        return UNKNOWN
    ends = between(lower, upper)
    return (BEYOND if math.isinf(n) else rounded(n)) + (f" ({ends})" if ends else "")


def between(lower: float, upper: float) -> str:
    """302 to 560, 302 or more, up to 560; empty where there is no interval, or it excludes nothing."""
    if math.isnan(lower) or math.isnan(upper) or math.isinf(lower):
        return ""
    if math.isinf(upper):
        return f"{rounded(lower)} or more" if lower > 0 else ""
    return f"{rounded(lower)} to {rounded(upper)}" if lower > 0 else f"up to {rounded(upper)}"


def multiple(times: float) -> str:
    """Of the largest volume: 2×, 13.9×."""
    return f"{times:.3g}×"


def short_points(value: float) -> str:
    """A margin: 0.01 -> 1 point, 0.005 -> 0.5 points."""
    text = number(100 * value, 2).rstrip("0").rstrip(".")
    return f"{text} point" + ("" if text == "1" else "s")


def option_words(row: Any) -> str:
    """An option of next_steps.csv: 1,000 more images, mlp."""
    more = f"{count(row.labels)} more images"
    if row.option == "more images":
        return f"{more}, {row.architecture}"
    return f"{row.architecture}, " + ("same images" if row.option == "other network" else more)


def short_time(seconds: float) -> str:
    """24 s, 3.5 min, 12 h."""
    for unit, length in (("s", 1.0), ("min", 60.0)):
        if seconds < 90 * length:
            return f"{seconds / length:.2g} {unit}"
    hours = seconds / 3600
    return f"{count(hours) if hours >= 100 else f'{hours:.3g}'} h"


def question_words(question: str, threshold: float) -> str:
    """Of enough.csv: within 1 point of all data."""
    if question == "margin":
        return f"within {short_points(threshold)} of all data"
    if question == "saturation":
        return f"a doubling brings less than {short_points(threshold)}"
    return f"{number(100 * threshold, 2).rstrip('0').rstrip('.')} % top-1 accuracy"


def chance(probability: float) -> str:
    """0.98, and no certainty."""
    if probability > 0.99:
        return "> 0.99"
    return "< 0.01" if probability < 0.01 else number(probability, 2)
