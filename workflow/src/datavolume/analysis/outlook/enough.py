"""How much is enough, three ways: within a margin of all data, where a doubling stops paying, where a target is met.

enough(found, within, margin=0.01, target=0.95)       a row per curve and question: n with its interval

`statistics.requirement` says what each means. n inf: not within reach; NaN: unknown; lower 0: no size is refuted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from datavolume.analysis.outlook.ahead import LEVEL, Forecasts
from datavolume.analysis.tables import ENOUGH
from datavolume.statistics.curves import Curve
from datavolume.statistics.requirement import LIMIT, Requirement, reach, saturation

__all__ = ["QUESTIONS", "enough"]

QUESTIONS = ("margin", "saturation", "target")


def enough(
    found: Forecasts, within: Mapping[str, Requirement], *, margin: float, target: float | None = None
) -> pd.DataFrame:
    """`within`: of each curve (testing.requirement.within). Curves of one volume are left out. A doubling that brings
    less than the margin counts as bringing nothing."""
    rows: list[dict[str, Any]] = []
    for name, curve in found.curves.items():
        head = {"architecture": name, "largest": float(curve.sizes().n[-1]), "required": math.nan}
        asked = [_margin(within[name]), _saturation(name, curve, margin, found)]
        asked += [] if target is None else [_target(curve, target, found, name)]
        rows += [{**head, **row} for row in asked]
    return pd.DataFrame(rows, columns=list(ENOUGH))


def _margin(made: Requirement) -> dict[str, Any]:
    numbers = {name: getattr(made, name) for name in ("n", "lower", "upper", "level", "required", "note")}
    return {"question": "margin", "threshold": made.margin, **numbers}


def _saturation(name: str, curve: Curve, least: float, found: Forecasts) -> dict[str, Any]:
    row = saturation({name: curve}, least, level=LEVEL, predicted=found.of).iloc[0]
    numbers = {column: row[column] for column in ("n", "lower", "upper", "note")}
    return {"question": "saturation", "threshold": least, "level": LEVEL, **numbers}


def _target(curve: Curve, target: float, found: Forecasts, name: str) -> dict[str, Any]:
    made = reach(curve, target, level=LEVEL, predicted=found.of[name])
    out = f"not within {LIMIT:g} times the largest volume" if math.isinf(made.n) else ""
    note = "; ".join(filter(None, (out, made.note)))
    numbers = {"n": made.n, "lower": made.lower, "upper": made.upper}
    return {"question": "target", "threshold": target, "level": LEVEL, **numbers, "note": note}
