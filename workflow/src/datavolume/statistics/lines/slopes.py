"""Do architectures gain alike from more data? Slopes over log10 n, one a group, and whether they are equal.

    found = slopes(frame, group="architecture")
    found.table     slope of each group with its interval
    found.tests     are all slopes equal? runs taken as independent, and clustered by seed
    found.pairs     differences of two slopes: interval of each, p adjusted by Holm over all pairs

Seeds that come back in several groups are one cluster: what they share cancels in the differences.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from datavolume.statistics.lines.line import CLUSTERED, INDEPENDENT, measured
from datavolume.statistics.tidy import levels
from datavolume.statistics.variance.clusters import Clustered, clustered
from datavolume.statistics.variance.pairs import holm

__all__ = ["Slopes", "slopes"]

_TABLE = ("group", "slope", "lower", "upper", "p", "runs", "sizes", "errors")
_PAIRS = ("first", "second", "difference", "lower", "upper", "p", "p_adjusted", "errors")
_TESTS = ("errors", "F", "df1", "df2", "p", "note")

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Slopes:
    """Slopes are per factor 10 of data; `note` says what was left out."""

    table: pd.DataFrame
    pairs: pd.DataFrame
    tests: pd.DataFrame
    note: str


@dataclass(frozen=True)
class _Model:
    """`estimate(c)`: value, lower, upper, p of the combination c [k] of the k slopes."""

    robust: Clustered
    level: float
    errors: str

    def estimate(self, combination: Array) -> tuple[float, float, float, float]:
        k = combination.size
        c = np.concatenate([np.zeros(k), combination])
        value, error = float(c @ self.robust.coefficients), math.sqrt(max(float(c @ self.robust.covariance @ c), 0.0))
        df = float(self.robust.degrees(c[None])[0])
        half = float(stats.t.ppf((1 + self.level) / 2, df)) * error
        p = float(2 * stats.t.sf(abs(value) / error, df)) if error > 0 else math.nan
        return value, value - half, value + half, p


def slopes(
    frame: pd.DataFrame,
    *,
    group: str = "architecture",
    value: str = "value",
    n: str = "n",
    seed: str = "seed",
    level: float = 0.95,
) -> Slopes:
    """Groups with fewer than two sizes are left out. Raises UserError where a column is missing."""
    data = measured(frame, value, n, seed, (group,))
    sizes = data.table.groupby(group)["n"].nunique()
    names = [name for name in levels(data.table[group]) if sizes[name] > 1]
    note = "; ".join(filter(None, (data.note, _left_out(sizes, names))))
    table = data.table[data.table[group].isin(names)]
    if len(table) <= 2 * len(names):
        table, pairs, tests = (pd.DataFrame(columns=list(columns)) for columns in (_TABLE, _PAIRS, _TESTS))
        return Slopes(table, pairs, tests, "; ".join(filter(None, (note, "too few runs for a slope each"))))
    own = (table[group].to_numpy()[:, None] == np.array(names, dtype=object)).astype(np.float64)
    design, y = np.hstack([own, own * table["x"].to_numpy()[:, None]]), table["value"].to_numpy()
    independent = _Model(_ordinary(design, y), level, INDEPENDENT)
    models = [independent]
    if data.seeded and table["seed"].nunique() > 1:
        models.append(_Model(clustered(design, y, table["seed"]), level, CLUSTERED))
    tests = pd.DataFrame([_equal(model, len(names)) for model in models], columns=list(_TESTS))
    return Slopes(_each(models[-1], names, table, group), _differences(models[-1], names), tests, note)


def _left_out(sizes: pd.Series[Any], names: list[Any]) -> str:
    left = [str(name) for name in sizes.index if name not in names]
    return f"one size of {', '.join(left)}: no slope" if left else ""


def _ordinary(design: Array, y: Array) -> Clustered:
    """Least squares with one variance, in the same form."""
    orthogonal, triangle = np.linalg.qr(design)
    inverse = np.linalg.inv(triangle)
    b = inverse @ (orthogonal.T @ y)
    residuals, df = y - design @ b, y.size - b.size
    covariance = inverse @ inverse.T * float((residuals**2).sum()) / df
    return Clustered(b, covariance, lambda rows: np.full(len(rows), float(df)), y.size, residuals)


def _equal(model: _Model, groups: int) -> dict[str, Any]:
    """All slopes are the same: each less the last is 0."""
    if groups < 2:
        return {"errors": model.errors, **dict.fromkeys(_TESTS[1:5], math.nan), "note": "one group: nothing to compare"}
    contrasts = np.hstack([np.zeros((groups - 1, groups)), np.eye(groups - 1), -np.ones((groups - 1, 1))])
    if model.errors == CLUSTERED:
        f, df1, df2, p = model.robust.wald(contrasts)
        note = "" if math.isfinite(f) else f"{model.robust.clusters} seeds are too few for {groups} slopes"
    else:
        difference = contrasts @ model.robust.coefficients
        inner = contrasts @ model.robust.covariance @ contrasts.T
        df1, df2, note = groups - 1, float(model.robust.df[0]), ""
        f = float(difference @ np.linalg.solve(inner, difference)) / df1 if np.any(inner) else math.nan
        p = float(stats.f.sf(f, df1, df2))
    return dict(zip(_TESTS, (model.errors, f, df1, df2, p, note), strict=True))


def _each(model: _Model, names: list[Any], table: pd.DataFrame, group: str) -> pd.DataFrame:
    rows = []
    for name, unit in zip(names, np.eye(len(names)), strict=True):
        part = table[table[group] == name]
        rows.append((name, *model.estimate(unit), len(part), part["n"].nunique(), model.errors))
    return pd.DataFrame(rows, columns=list(_TABLE))


def _differences(model: _Model, names: list[Any]) -> pd.DataFrame:
    unit = np.eye(len(names))
    rows = [
        (names[i], names[j], *model.estimate(unit[j] - unit[i]), math.nan, model.errors)
        for i, j in combinations(range(len(names)), 2)
    ]
    table = pd.DataFrame(rows, columns=list(_PAIRS))
    return table.assign(p_adjusted=holm(table["p"]))
