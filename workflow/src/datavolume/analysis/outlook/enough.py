"""How much is enough, three ways: within a margin of all data, where a doubling stops paying, where a target is met.

enough(summary, found, margin=0.01, target=0.95)      a row per curve and question: n with its interval

`statistics.requirement` says what each means. n inf: not within reach; NaN: unknown; lower 0: no size is refuted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from datavolume.analysis.outlook.ahead import LEVEL, METRIC, Forecasts
from datavolume.analysis.replicates import resolution
from datavolume.statistics.curves import Curve
from datavolume.statistics.requirement import LIMIT, reach, saturation, within_margin

__all__ = ["ENOUGH", "QUESTIONS", "enough"]

QUESTIONS = ("margin", "saturation", "target")
ENOUGH = ["architecture", "question", "threshold", "n", "lower", "upper", "level", "required", "largest", "note"]


def enough(summary: pd.DataFrame, found: Forecasts, *, margin: float, target: float | None = None) -> pd.DataFrame:
    """Curves of one volume are left out. A doubling that brings less than the margin counts as bringing nothing."""
    rows: list[dict[str, Any]] = []
    for name, curve in found.curves.items():
        least = resolution(summary[summary["architecture"] == name], METRIC)
        head = {"architecture": name, "largest": float(curve.sizes().n[-1]), "required": math.nan}
        asked = [_margin(curve, margin, least), _saturation(name, curve, margin)]
        asked += [] if target is None else [_target(curve, target, found, name)]
        rows += [{**head, **row} for row in asked]
    return pd.DataFrame(rows, columns=ENOUGH)


def _margin(curve: Curve, margin: float, least: float) -> dict[str, Any]:
    made = within_margin(curve, margin, resolution=least)
    numbers = {name: getattr(made, name) for name in ("n", "lower", "upper", "level", "required", "note")}
    return {"question": "margin", "threshold": margin, **numbers}


def _saturation(name: str, curve: Curve, least: float) -> dict[str, Any]:
    row = saturation({name: curve}, least, level=LEVEL).iloc[0]
    numbers = {column: row[column] for column in ("n", "lower", "upper", "note")}
    return {"question": "saturation", "threshold": least, "level": LEVEL, **numbers}


def _target(curve: Curve, target: float, found: Forecasts, name: str) -> dict[str, Any]:
    made = reach(curve, target, level=LEVEL, predicted=found.of[name])
    out = f"not within {LIMIT:g} times the largest volume" if math.isinf(made.n) else ""
    note = "; ".join(_told(out, made.note))
    numbers = {"n": made.n, "lower": made.lower, "upper": made.upper}
    return {"question": "target", "threshold": target, "level": LEVEL, **numbers, "note": note}


def _told(*notes: str) -> Iterator[str]:
    return filter(None, notes)
