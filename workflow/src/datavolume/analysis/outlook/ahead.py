"""What more data would give: the forecast of each curve's top-1 accuracy, and the families behind it.

    found = forecasts(summary, ["2x", "10x", 20000])
    found.table         a row per curve, origin and n: median, lower, upper
    found.families      a row per curve and family: its weight, and how it would have forecast the curve's own end

Rows whose origin is the largest volume are the forecast, on a fine grid and at what is asked; those of a smaller origin
are the back-test: what would have been forecast from there, and what came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from datavolume.analysis.replicates import curves_of
from datavolume.analysis.tables import BETWEEN
from datavolume.statistics.curves import FAMILIES, Curve, Forecast, forecast, rank

__all__ = ["FORECAST", "LEVEL", "METRIC", "Forecasts", "forecasts", "sizes_asked"]

METRIC = "top1"
LEVEL = 0.9
FORECAST = [
    *("architecture", "origin", "n", "multiple", "median", "lower", "upper", "level", "actual", "asked", "note"),
]
_FAMILIES = ["architecture", "family", "formula", "weight", "held_out", "aicc", "converged", "note"]
_GRID = 60  # points of a drawn curve


@dataclass(frozen=True)
class Forecasts:
    """`of` has each curve's Forecast, for who asks further; curves of one volume have none."""

    table: pd.DataFrame
    families: pd.DataFrame
    curves: Mapping[str, Curve]
    of: Mapping[str, Forecast]


def forecasts(summary: pd.DataFrame, to: Sequence[str | float]) -> Forecasts:
    """`to`: numbers of images, or multiples of a curve's largest volume as "2x"."""
    curves = dict(curves_of(summary, METRIC, sizes=2))
    made = {name: forecast(curve, sizes_asked(curve, to), level=LEVEL) for name, curve in curves.items()}
    tables = [_table(name, curve, made[name]) for name, curve in curves.items()]
    families = [_families(name, curve, made[name]) for name, curve in curves.items()]
    return Forecasts(_stacked(tables, FORECAST), _stacked(families, _FAMILIES), curves, made)


def _stacked(tables: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    return pd.concat(tables, ignore_index=True)[list(columns)] if tables else pd.DataFrame(columns=list(columns))


def sizes_asked(curve: Curve, to: Sequence[str | float]) -> list[float]:
    """In images, rising, each once."""
    largest = float(curve.sizes().n[-1])
    sizes = {float(text[:-1]) * largest if isinstance(text, str) else float(text) for text in to}
    return sorted(sizes)


def _table(name: str, curve: Curve, made: Forecast) -> pd.DataFrame:
    sizes = curve.sizes()
    asked = made.table["n"].to_numpy()
    grid = np.geomspace(sizes.n[0], max(asked[-1], sizes.n[-1]), _GRID)
    n = np.unique(np.concatenate([np.round(grid, 3), sizes.n, asked]))
    lower, median, upper = made.quantile(n, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2]).T
    ahead = pd.DataFrame({"n": n, "median": median, "lower": lower, "upper": upper, "origin": sizes.n[-1]})
    actual = dict(zip(sizes.n, sizes.value, strict=True))
    ahead = ahead.assign(actual=ahead["n"].map(actual), asked=ahead["n"].isin(asked))
    past = made.backtest.reindex(columns=["origin", "n", "actual", "median", "lower", "upper"]).assign(asked=False)
    table = pd.concat([ahead, past], ignore_index=True) if len(past) else ahead
    notes = table["asked"].map({True: BETWEEN.join(made.warnings), False: ""})
    return table.assign(architecture=name, multiple=table["n"] / table["origin"], level=LEVEL, note=notes)


def _families(name: str, curve: Curve, made: Forecast) -> pd.DataFrame:
    table = rank(curve)
    weights = table["family"].map(made.weights).astype(float).fillna(0.0)
    formulas = table["family"].map({family: each.formula for family, each in FAMILIES.items()})
    return table.assign(architecture=name, weight=weights, formula=formulas)
