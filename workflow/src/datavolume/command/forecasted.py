"""What `datavolume forecast` finds, of a file and the options.

answer = find("curve.csv", Asked(("20000",), "accuracy"))       read and computed, to be printed or drawn
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datavolume.command.curve_file import read_curve
from datavolume.errors import UserError

if TYPE_CHECKING:
    from datavolume.statistics.curves import Curve, Forecast
    from datavolume.statistics.requirement import Reach, Requirement

__all__ = ["Answer", "Asked", "find", "sizes_of"]

_DEFAULT = ("2x,4x,10x",)


@dataclass(frozen=True)
class Asked:
    """The options, as they were typed."""

    to: tuple[str, ...] = ()
    kind: str | None = None
    level: float = 0.9
    target: float | None = None
    margin: float | None = None


@dataclass(frozen=True)
class Answer:
    """What was found; `reach` and `requirement` where they were asked for."""

    curve: Curve
    forecast: Forecast
    warnings: list[str]
    reach: Reach | None = None
    requirement: Requirement | None = None


def find(source: str, asked: Asked) -> Answer:
    """Read and compute; raises UserError."""
    if not 0 < asked.level < 1:
        raise UserError(f"--level: {asked.level:g} is not allowed; give a share between 0 and 1, as 0.9")
    curve, doubts = read_curve(source, asked.kind)
    from datavolume.statistics.curves import forecast

    measured = curve.sizes().n
    _check_margin(asked.margin, curve.kind)
    wanted = sizes_of(asked.to or _DEFAULT, float(measured[-1]))
    found = forecast(curve, wanted, level=asked.level)
    doubts += [f"n = {n:g} is below the smallest size, {measured[0]:g}" for n in wanted if n < measured[0]]
    reached = required = None
    if asked.target is not None:
        from datavolume.statistics.requirement import reach

        reached = reach(curve, asked.target, level=asked.level, predicted=found)
    if asked.margin is not None:
        from datavolume.statistics.requirement import within_margin

        required = within_margin(curve, asked.margin, level=asked.level)
    return Answer(curve, found, [*doubts, *found.warnings], reached, required)


def _check_margin(margin: float | None, kind: str) -> None:
    if margin is not None and margin >= 1 and kind != "loss":
        hint = f"; divide by 100 ({margin / 100:g})" if margin <= 100 else ""
        raise UserError(f"--margin: {margin:g} is not allowed; {kind} lies between 0 and 1{hint}")


def sizes_of(texts: tuple[str, ...], largest: float) -> list[float]:
    """`20000`, `20000,50000`, `2e4`, and `10x` for ten times the largest size; in the order given, each once."""
    parts = [part.strip() for text in texts for part in text.split(",")]
    return list(dict.fromkeys(_size(part, largest) for part in parts))


def _size(text: str, largest: float) -> float:
    times = text.lower().endswith(("x", "×"))
    try:
        number = float(text[:-1] if times else text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise UserError(f"--to: '{text}' is no number of samples above 0; write 20000, or 20000,50000, or 10x")
    return number * largest if times else number
