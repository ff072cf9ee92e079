"""Analysis of variance where the same seeds are in every cell: a seed's runs resemble each other.

    found = blocked(frame, "accuracy", ["n", "architecture"], "seed")
    found.table     a row a term: df, df2, sum_sq, F, p, p_uncorrected, epsilon, effect sizes, note
    found.method    "repeated measures", "mixed model" or "cluster-robust"; "independent" with one seed, "none"

Every seed in every cell: repeated measures. Holes: a mixed model with a random intercept a seed (REML, Wald's F with
the within-seed degrees of freedom, sum contrasts, type III). Where its variance between seeds is zero or it does not
converge: least squares with cluster-robust errors.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats

from datavolume.statistics.tidy import levels, tidy
from datavolume.statistics.variance.clusters import clustered
from datavolume.statistics.variance.effects import EFFECTS, effects
from datavolume.statistics.variance.factorial import Terms, factorial, terms_of
from datavolume.statistics.variance.moments import Array, rounding_only
from datavolume.statistics.variance.repeated import Repeated, repeated

__all__ = ["BLOCKED", "Blocked", "blocked"]

BLOCKED = ("term", "df", "df2", "sum_sq", "mean_sq", "F", "p", "p_uncorrected", "epsilon", *EFFECTS, "note")
_TINY = 1e-6  # of the residual variance: a variance between seeds below it is none


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
    terms = terms_of(used, factors)
    mixed = _mixed(terms, values, used[block].to_numpy(), level)
    if mixed is not None:
        return Blocked(mixed, "mixed model", _joined(note, terms.note, "not every seed is in every cell"))
    why = "the mixed model is singular: no variance between seeds"
    return Blocked(
        _clustered(terms, values, used[block].to_numpy(), level), "cluster-robust", _joined(note, terms.note, why)
    )


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
        "note": "seeds differ by nothing but their level: no spread" if math.isnan(found.f) else "",
    }


def _mixed(terms: Terms, values: Array, blocks: Any, level: float) -> pd.DataFrame | None:
    """None where the model is singular or does not converge."""
    names = list(terms.columns)
    design = terms.design(names)
    scale = float(values.std()) or 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what they warn of is asked for below
        try:
            fit = sm.MixedLM((values - values.mean()) / scale, design, blocks).fit(reml=True)
        except (np.linalg.LinAlgError, ValueError):
            return None
        singular = not fit.converged or float(fit.cov_re[0, 0]) <= _TINY * float(fit.scale)
    covariance = np.asarray(fit.cov_params())[: design.shape[1], : design.shape[1]]
    if singular or not np.isfinite(covariance).all() or float(np.linalg.eigvalsh(covariance)[0]) <= 0:
        return None
    dummies = (blocks[:, None] == np.unique(blocks)).astype(float)
    df2 = values.size - int(np.linalg.matrix_rank(np.hstack([design, dummies])))
    if df2 < 1:
        return None
    return _wald(terms, np.asarray(fit.fe_params), covariance, df2, values.size, level)


def _wald(terms: Terms, b: Array, covariance: Array, df2: int, total: int, level: float) -> pd.DataFrame:
    rows = []
    for term, places in _places(terms):
        own = covariance[np.ix_(places, places)]
        f = float(b[places] @ np.linalg.solve(own, b[places])) / len(places)
        p = float(stats.f.sf(f, len(places), df2))
        rows.append(_plain(term, f, len(places), df2, p, total, level))
    return pd.DataFrame(rows, columns=list(BLOCKED))


def _clustered(terms: Terms, values: Array, blocks: Any, level: float) -> pd.DataFrame:
    robust = clustered(terms.design(list(terms.columns)), values - values.mean(), blocks)
    rows = []
    for term, places in _places(terms):
        f, df1, df2, p = robust.wald(np.eye(len(robust.coefficients))[places])
        row = _plain(term, f, df1, df2, p, values.size, level)
        rows.append(
            row if math.isfinite(f) else row | {"note": f"{robust.clusters} seeds are too few for {df1} contrasts"}
        )
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
