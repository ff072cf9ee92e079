"""`datavolume forecast`: read, forecast, print.

forecast_file("curve.csv", Asked(("20000",), "accuracy"), plot=Path("curve.png"), json=False)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datavolume.command.curve_file import read_curve
from datavolume.errors import UserError

if TYPE_CHECKING:
    from datavolume.statistics.curves import Curve, Forecast
    from datavolume.statistics.requirement import Reach, Requirement

__all__ = ["Answer", "Asked", "forecast_file", "sizes_of"]

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


def forecast_file(source: str, asked: Asked, *, plot: Path | None, json: bool) -> None:
    """Prints tables, or JSON; draws to `plot`. Raises UserError."""
    if plot is not None:
        from datavolume.command.plotting import check_suffix

        check_suffix(plot)
    answer = find(source, asked)
    if plot is not None:
        from datavolume.command.plotting import draw

        draw(answer, plot)
    if json:
        print(to_json(answer))
    else:
        from datavolume.command.printing import show

        show(answer, plot)


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


def to_json(answer: Answer) -> str:
    """One object; sizes that are whole are written as such, and what is not finite as null."""
    import json

    found = answer.forecast
    content: dict[str, Any] = {
        "forecast": [{name: _plain(row[name]) for name in ("n", "median", "lower", "upper")} for row in _rows(found)],
        "level": found.level,
        "weights": found.weights,
        "warnings": answer.warnings,
    }
    if answer.reach:
        content["target"] = _numbers(answer.reach, "target", "n", "lower", "upper")
    if answer.requirement:
        content["requirement"] = _numbers(answer.requirement, "margin", "required", "n", "lower", "upper")
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)


def _rows(found: Forecast) -> list[dict[str, float]]:
    return [{str(name): float(value) for name, value in row.items()} for row in found.table.to_dict("records")]


def _numbers(found: object, *names: str) -> dict[str, float | int | None]:
    return {name: _plain(getattr(found, name)) for name in names}


def _plain(number: float) -> float | int | None:
    if not math.isfinite(number):
        return None
    return int(number) if number == int(number) and abs(number) > 1 else float(number)
