"""Numbers as people read them in a sentence.

percent(0.9761)                   97.6 %
interval(0.972, 0.980)            97.2 to 98.0 %
p_value(0.0004)                   p < 0.001
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from datavolume.statistics.rounding import about

__all__ = [
    "about",
    "count",
    "degrees",
    "factor_words",
    "images",
    "interval",
    "join",
    "number",
    "p_value",
    "percent",
    "points",
    "share",
    "with_interval",
]


def number(value: float, digits: int) -> str:
    """With a true minus sign, and none before a zero."""
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", "−")


def count(value: float) -> str:
    """1437 -> 1,437."""
    return f"{round(value):,}"


_FACTORS = {"recipe": "training", "l2": "L2 penalty"}


def factor_words(path: str) -> str:
    """`recipe.batch_size` -> batch size. Several keys of a recipe at once are its training."""
    name = path.rpartition(".")[2]
    return _FACTORS.get(name, name.replace("_", " "))


def images(n: int) -> str:
    return f"{count(n)} image" + ("" if n == 1 else "s")


def percent(value: float, digits: int = 1) -> str:
    """0.9761 -> 97.6 %."""
    return "unknown" if math.isnan(value) else f"{number(100 * value, digits)} %"


def share(value: float) -> str:
    """0.125 -> 12.5 %, 0.5 -> 50 %: a share of the data, which the study sets."""
    return f"{100 * value:.3g} %"


def interval(lower: float, upper: float, digits: int = 1) -> str:
    """In percent, its sign said once."""
    return f"{number(100 * lower, digits)} to {number(100 * upper, digits)} %"


def with_interval(mean: float, lower: float, upper: float, *, name: str = "") -> str:
    """97.6 % (97.2 to 98.0 %); without the bracket where there is no interval. `name` stands before the interval."""
    if math.isnan(lower) or math.isnan(upper):
        return percent(mean)
    return f"{percent(mean)} ({name}{interval(lower, upper)})"


def points(value: float, digits: int = 1) -> str:
    """A difference of two percentages: 0.012 -> 1.2 percentage points."""
    text = number(100 * value, digits)
    return f"{text} percentage point" + ("" if text in ("1", "1.0") else "s")


def degrees(df: float) -> str:
    """Of freedom, which need not be whole: 20, 2.46, 9900."""
    return f"{df:.0f}" if df == round(df) or df >= 100 else f"{df:.3g}"


def p_value(p: float) -> str:
    if math.isnan(p):
        return "p unknown"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def join(words: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
