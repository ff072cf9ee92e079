"""`datavolume forecast`: read, forecast, print.

forecast_file("curve.csv", Asked(("20000",), "accuracy"), plot=Path("curve.png"), json=False)
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datavolume.command.forecasted import Answer, Asked, find

if TYPE_CHECKING:
    from datavolume.statistics.curves import Forecast

__all__ = ["forecast_file", "to_json"]


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
