"""Analysis of variance where the same seeds are in every cell: a seed's runs resemble each other.

    found = blocked(frame, "accuracy", ["n", "architecture"], "seed")
    found.table     a row a term: df, df2, sum_sq, F, p, p_uncorrected, epsilon, effect sizes, note
    found.method    "repeated measures", "mixed model" or "cluster-robust"; "independent" with one seed, "none"

Every seed in every cell: repeated measures. Holes: a mixed model with a random intercept a seed (`mixed`: REML, degrees
of freedom by Kenward and Roger, sum contrasts, type III). Where that finds no variance between seeds it is singular: it
cannot say that runs of a seed resemble each other less than others do. Then least squares with cluster-robust errors,
if there are more than twice as many seeds as contrasts; with fewer, those errors find next to nothing (level 0.3 %).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from datavolume.statistics.tidy import levels, tidy
from datavolume.statistics.variance.clusters import clustered
from datavolume.statistics.variance.effects import EFFECTS, effects
from datavolume.statistics.variance.factorial import Terms, factorial, terms_of
from datavolume.statistics.variance.mixed import mixed
from datavolume.statistics.variance.moments import Array, rounding_only
from datavolume.statistics.variance.repeated import Repeated, repeated

__all__ = ["BLOCKED", "Blocked", "blocked"]

BLOCKED = ("term", "df", "df2", "sum_sq", "mean_sq", "F", "p", "p_uncorrected", "epsilon", *EFFECTS, "note")
Test = Callable[[Array], tuple[float, float, float, float]]
_TINY = 1e-6  # of the residual variance: a variance between seeds below it is none
_LEVEL_ONLY = "seeds differ by nothing but their level: no spread"
_TOO_FEW = "too few runs for a test of {} contrasts"


@dataclass(frozen=True)
class Blocked:
    """`table` has the columns BLOCKED; `note` says what was left out and why the method was taken."""

    table: pd.DataFrame
    method: str
    note: str


def blocked(frame: pd.DataFrame, value: str, factors: Sequence[str], block: str, *, level: float = 0.95) -> Blocked:
    """Raises UserError where a column is missing."""
    used, note = tidy(frame, value, [*factors, block])
    if used.empty or used[block].nunique() < 2 or min(used[factor].nunique() for factor in factors) < 2:
        return _independent(used, value, factors, note, level)
    values = used[value].to_numpy(dtype=np.float64)
    if rounding_only(float(((values - values.mean()) ** 2).sum()), values):
        return Blocked(pd.DataFrame(columns=list(BLOCKED)), "none", _joined(note, "all runs agree exactly: no spread"))
    cells = used.pivot_table(index=block, columns=list(factors), values=value, aggfunc="mean", sort=False)
    if cells.notna().all(axis=None) and cells.shape[1] == math.prod(used[factor].nunique() for factor in factors):
        more = "runs of one seed in one cell are averaged" if cells.size < len(used) else ""
        return Blocked(_repeated(used, cells, factors, level), "repeated measures", _joined(note, more))
    table, method, why = with_holes(terms_of(used, factors), values, used[block].to_numpy(), level)
    return Blocked(table, method, _joined(note, why))


def _joined(*notes: str) -> str:
    return "; ".join(filter(None, notes))


def _independent(used: pd.DataFrame, value: str, factors: Sequence[str], note: str, level: float) -> Blocked:
    table = factorial(used, value, factors, level=level)
    table = table[table["term"] != "residual"].assign(df2=math.nan, p_uncorrected=table["p"], epsilon=math.nan)
    return Blocked(table[list(BLOCKED)], "independent", _joined(note, "fewer than two seeds: no blocks"))


def _repeated(used: pd.DataFrame, cells: pd.DataFrame, factors: Sequence[str], level: float) -> pd.DataFrame:
    order = pd.MultiIndex.from_product([levels(used[factor]) for factor in factors], names=list(factors))
    columns = order if len(factors) > 1 else order.get_level_values(0)
    values = cells[columns].to_numpy(dtype=np.float64)
    shape = [used[factor].nunique() for factor in factors]
    rows = [_row(found, factors, level) for found in repeated(values, shape)]
    return pd.DataFrame(rows, columns=list(BLOCKED))


def _row(found: Repeated, factors: Sequence[str], level: float) -> dict[str, Any]:
    sizes = effects(found.f, found.df1, found.df2, found.total, level=level)
    return {
        "term": ":".join(factors[place] for place in found.term),
        "df": found.df1,
        "df2": found.df2,
        "sum_sq": found.sum_sq,
        "mean_sq": found.sum_sq / found.df1,
        "F": found.f,
        "p": found.p,
        "p_uncorrected": found.p_uncorrected,
        "epsilon": found.epsilon,
        **sizes,
        "note": _LEVEL_ONLY if math.isnan(found.f) else "",
    }


def with_holes(terms: Terms, values: Array, blocks: Any, level: float) -> tuple[pd.DataFrame, str, str]:
    """The table, the method and why it was taken."""
    design, scaled = terms.design(list(terms.columns)), (values - values.mean()) / values.std()
    left = _left_within(design, scaled, blocks)
    if left is None:
        why = "seeds cannot be told from what they were trained on"
        return _clustered(terms, scaled, blocks, level), "cluster-robust", _joined(terms.note, why)
    if rounding_only(left, scaled):
        rows = [_plain(term, math.nan, len(places), math.nan, math.nan, 0, level) for term, places in _places(terms)]
        table = pd.DataFrame(rows, columns=list(BLOCKED)).assign(note=_LEVEL_ONLY)
        return table, "mixed model", terms.note
    fit = mixed(design, scaled, blocks)
    why = "not every seed is in every cell"
    if fit.between <= _TINY * fit.within:
        seeds, most = len(np.unique(blocks)), max(len(places) for _, places in _places(terms))
        why = "the mixed model is singular: no variance between seeds"
        robust = _clustered(terms, scaled, blocks, level) if seeds > 2 * most else None
        if robust is not None and robust["F"].notna().all():
            return robust, "cluster-robust", _joined(terms.note, why)
        why = f"{why}, and {seeds} seeds are too few for cluster-robust errors of {most} contrasts"
    return _tests(terms, fit.test, values.size, level, _TOO_FEW), "mixed model", _joined(terms.note, why)


def _left_within(design: Array, values: Array, blocks: Any) -> float | None:
    """The sum of squares within seeds beside all terms; None where nothing is left to vary there."""
    dummies = (blocks[:, None] == np.unique(blocks)).astype(float)
    both = np.hstack([design, dummies])
    found, _, rank, _ = np.linalg.lstsq(both, values, rcond=None)
    return float(((values - both @ found) ** 2).sum()) if rank < values.size else None


def _clustered(terms: Terms, values: Array, blocks: Any, level: float) -> pd.DataFrame:
    robust = clustered(terms.design(list(terms.columns)), values, blocks)
    return _tests(terms, robust.wald, values.size, level, f"{robust.clusters} seeds are too few for {{}} contrasts")


def _tests(terms: Terms, test: Test, total: int, level: float, unknown: str) -> pd.DataFrame:
    rows = []
    design = 1 + sum(columns.shape[1] for columns in terms.columns.values())
    for term, places in _places(terms):
        f, df1, df2, p = test(np.eye(design)[places])
        row = _plain(term, f, df1, df2, p, total, level)
        rows.append(row if math.isfinite(f) else row | {"note": unknown.format(int(df1))})
    return pd.DataFrame(rows, columns=list(BLOCKED))


def _places(terms: Terms) -> list[tuple[str, list[int]]]:
    """Each term with the places of its columns in the design, after the ones."""
    found, start = [], 1
    for term, columns in terms.columns.items():
        found.append((":".join(term), list(range(start, start + columns.shape[1]))))
        start += columns.shape[1]
    return found


def _plain(term: str, f: float, df1: float, df2: float, p: float, total: int, level: float) -> dict[str, Any]:
    sizes = effects(f, df1, df2, total, level=level)
    known = {"F": f, "p": p, "p_uncorrected": p, "epsilon": math.nan}
    return {"term": term, "df": df1, "df2": df2, "sum_sq": math.nan, "mean_sq": math.nan, **known, **sizes, "note": ""}
