"""Several factors and their interactions: analysis of variance of types II and III, with sum contrasts.

    factorial(frame, "accuracy", ["n", "architecture"])            a row a term, the last is "residual"
    factorial(frame, "accuracy", ["n", "architecture"], kind=3)

Type II: each term beside all others that do not contain it; type III: beside all others. With as many runs in every
cell they are the same. Each row of the frame counts as an independent value; `blocked` is for seeds that come back in
all cells.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from datavolume.errors import UserError
from datavolume.statistics.tidy import levels, tidy
from datavolume.statistics.variance.effects import EFFECTS, effects
from datavolume.statistics.variance.moments import Array, centred, rounding_only

__all__ = ["FACTORIAL", "Terms", "factorial", "sum_terms", "terms_of"]

FACTORIAL = ("term", "df", "sum_sq", "mean_sq", "F", "p", *EFFECTS, "type", "note")
Term = tuple[str, ...]


@dataclass(frozen=True)
class Terms:
    """`columns`: term -> its sum contrasts [n, df]; `note` says which interactions the runs do not tell of."""

    columns: Mapping[Term, Array]
    note: str

    def design(self, terms: Sequence[Term]) -> Array:
        """With a column of ones."""
        ones = np.ones((len(next(iter(self.columns.values()))), 1))
        return np.hstack([ones, *(self.columns[term] for term in terms)])


def factorial(
    frame: pd.DataFrame, value: str, factors: Sequence[str], *, kind: int = 2, level: float = 0.95
) -> pd.DataFrame:
    """Columns FACTORIAL; `lower` and `upper` are of the share that both effect sizes estimate. Raises UserError."""
    if kind not in (2, 3):
        raise UserError(f"type {kind} of sums of squares: 2 and 3 are known")
    used, note = tidy(frame, value, factors)
    if reason := _no_terms(used, factors):
        return _empty("; ".join(filter(None, (note, reason))), kind)
    terms = terms_of(used, factors)
    table = _tests(terms, used[value].to_numpy(dtype=np.float64), kind, level)
    table["note"] = ["; ".join(filter(None, (note, terms.note, own))) for own in table["note"]]
    return table.assign(type=kind)[list(FACTORIAL)]


def _no_terms(used: pd.DataFrame, factors: Sequence[str]) -> str:
    for factor in factors:
        if used[factor].nunique() < 2:
            return f"one level of {factor}: nothing to compare" if len(used) else "no values"
    return ""


def _empty(note: str, kind: int) -> pd.DataFrame:
    return pd.DataFrame([{**dict.fromkeys(FACTORIAL, math.nan), "term": "", "type": kind, "note": note}])


def terms_of(used: pd.DataFrame, factors: Sequence[str]) -> Terms:
    """All main effects, and the interactions as far as the runs tell of them (every combination has a run)."""
    columns = sum_terms(used, factors)
    for order in range(len(factors), 0, -1):
        kept = Terms({term: own for term, own in columns.items() if len(term) <= order}, "")
        design = kept.design(list(kept.columns))
        if np.linalg.matrix_rank(design) == design.shape[1] < len(used):
            return Terms(kept.columns, _lost(used, factors, order))
    if len(factors) == 1:
        raise UserError(f"each level of {factors[0]} has one row: nothing tells what it does from chance")
    raise UserError(f"{len(used)} values cannot tell {' and '.join(factors)} apart: the levels always change together")


def _lost(used: pd.DataFrame, factors: Sequence[str], order: int) -> str:
    if order == len(factors):
        return ""
    possible, held = math.prod(used[factor].nunique() for factor in factors), used.groupby(list(factors)).ngroups
    why = f"{possible - held} of {possible} combinations have no run" if held < possible else "too few runs"
    return f"no interaction of {' and '.join(factors)}: {why}"


def sum_terms(used: pd.DataFrame, factors: Sequence[str]) -> dict[Term, Array]:
    """Columns of sum contrasts of every term, main effects first."""
    main = {factor: _contrasts(used[factor]) for factor in factors}
    return {
        term: _product([main[factor] for factor in term])
        for order in range(1, len(factors) + 1)
        for term in combinations(factors, order)
    }


def _contrasts(column: pd.Series[Any]) -> Array:
    """1 at its own level, -1 at the last, else 0: [n, levels - 1]."""
    *first, last = levels(column)
    values = column.to_numpy()
    return np.column_stack([(values == one).astype(float) - (values == last) for one in first])


def _product(parts: Sequence[Array]) -> Array:
    found = parts[0]
    for part in parts[1:]:
        found = (found[:, :, None] * part[:, None, :]).reshape(len(part), -1)
    return found


def _tests(terms: Terms, values: Array, kind: int, level: float) -> pd.DataFrame:
    shifted, names = centred(values)[0], list(terms.columns)
    shifted = shifted - shifted.mean()
    design = terms.design(names)
    orthogonal = np.linalg.qr(design)[0]
    residual = float(((shifted - orthogonal @ (orthogonal.T @ shifted)) ** 2).sum())
    df2 = values.size - design.shape[1]
    note = "no spread within the cells" if rounding_only(residual, values) else ""
    rows = []
    for term in names:
        others = [name for name in names if name != term and not (kind == 2 and set(term) <= set(name))]
        df1, square = terms.columns[term].shape[1], _reduction(terms, others, term, shifted)
        f = math.nan if note else (square / df1) / (residual / df2)
        sizes = effects(f, df1, df2, values.size, level=level)
        p = float(stats.f.sf(f, df1, df2))
        rows.append(
            {"term": ":".join(term), "df": df1, "sum_sq": square, "mean_sq": square / df1, "F": f, "p": p, **sizes}
        )
    rows.append({"term": "residual", "df": df2, "sum_sq": residual, "mean_sq": residual / df2})
    return pd.DataFrame(rows).assign(note=note)


def _reduction(terms: Terms, others: Sequence[Term], term: Term, values: Array) -> float:
    """By how much the term lowers the sum of squares that the others leave."""
    own = terms.columns[term]
    orthogonal = np.linalg.qr(np.hstack([terms.design(others), own]))[0]
    return float(((orthogonal[:, -own.shape[1] :].T @ values) ** 2).sum())
