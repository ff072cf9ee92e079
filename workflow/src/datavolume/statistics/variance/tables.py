"""Analyses of variance side by side, for several metrics; and pairs, by the test that fits.

    anova_table(frame, ["top1", "loss"], ["n", "architecture"], block="seed")     a row a metric, method and term
    found, test = pairs_table(frame, "top1", "n")       Tukey's, or Games and Howell's where Levene speaks against it

Methods: seeds as blocks (`blocked`), independent runs (`factorial`, with its residual) and, for one factor, Welch's and
Kruskal and Wallis's tests. `advised` marks the one to read: blocks where there are some, else what the checks of the
assumptions leave. p_holm is adjusted over the metrics, for each method and term.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from datavolume.statistics.tidy import samples_by, tidy
from datavolume.statistics.variance.blocks import blocked
from datavolume.statistics.variance.checks import checks_of
from datavolume.statistics.variance.factorial import factorial
from datavolume.statistics.variance.one_way import several
from datavolume.statistics.variance.pairs import holm, pairs_of

__all__ = ["ANOVA_TABLE", "INDEPENDENT", "anova_table", "pairs_table"]

ANOVA_TABLE = (
    *("metric", "method", "term", "sum_sq", "df", "mean_sq", "df2", "F", "p", "p_holm"),
    *("partial_eta2", "partial_omega2", "lower", "upper", "epsilon", "advised", "note"),
)
INDEPENDENT = "independent runs"
_TESTS = {"anova": INDEPENDENT, "welch": "Welch", "kruskal": "Kruskal-Wallis"}
_ALPHA = 0.05  # a check below it speaks against the assumption


def anova_table(
    frame: pd.DataFrame,
    metrics: Sequence[str],
    factors: Sequence[str],
    *,
    block: str | None = None,
    kind: int = 2,
    level: float = 0.95,
) -> pd.DataFrame:
    """Columns ANOVA_TABLE. `frame` has a row a run; `kind`: type II or III of the sums of squares of independent runs.

    lower and upper bound partial_omega2. Raises UserError where a column is missing.
    """
    parts = [_of_metric(frame, metric, factors, block, kind, level).assign(metric=metric) for metric in metrics]
    table = pd.concat(parts, ignore_index=True).assign(p_holm=math.nan)
    table["p_holm"] = table.groupby(["method", "term"])["p"].transform(lambda p: holm(p.to_numpy(dtype=float)))
    table["advised"] = table["advised"].astype(bool)
    return table[list(ANOVA_TABLE)]


def _of_metric(
    frame: pd.DataFrame, metric: str, factors: Sequence[str], block: str | None, kind: int, level: float
) -> pd.DataFrame:
    tests = several(frame, metric, factors[0]) if len(factors) == 1 else None
    tables = list(_methods(frame, metric, factors, block, kind, level))
    advised = tables[0]["method"].iloc[0]
    if tests is not None:
        tables.append(_other_tests(tests, factors[0]))
        if advised == INDEPENDENT:
            advised = _TESTS[str(tests.loc[tests["advised"], "test"].iloc[0])]
    table = pd.concat(tables, ignore_index=True).reindex(columns=list(ANOVA_TABLE))
    return table.assign(advised=table["method"] == advised)


def _methods(
    frame: pd.DataFrame, metric: str, factors: Sequence[str], block: str | None, kind: int, level: float
) -> Iterator[pd.DataFrame]:
    if block is not None and _recur(frame, factors, block):
        found = blocked(frame, metric, factors, block, level=level)
        if len(found.table) and found.method != "independent":
            yield found.table.assign(method=found.method, note=_joined(found.note, found.table["note"]))
    yield _independent(frame, metric, factors, kind, level)


def _recur(frame: pd.DataFrame, factors: Sequence[str], block: str) -> bool:
    """Whether some block stands in several cells; if not, runs are as independent as blocks are."""
    cells = frame[[block, *factors]].drop_duplicates()
    return bool(cells[block].duplicated().any())


def _independent(frame: pd.DataFrame, metric: str, factors: Sequence[str], kind: int, level: float) -> pd.DataFrame:
    table = factorial(frame, metric, factors, kind=kind, level=level)
    residual = table["term"] == "residual"
    rest = float(table.loc[residual, "df"].iloc[0]) if residual.any() else math.nan
    return table.assign(method=INDEPENDENT, df2=np.where(residual, math.nan, rest))


def _other_tests(tests: pd.DataFrame, factor: str) -> pd.DataFrame:
    """Of `several`; Kruskal and Wallis's H as the F that it is compared with (Iman and Davenport 1976)."""
    tests = tests[tests["test"] != "anova"]
    ranks = (tests["test"] == "kruskal").to_numpy()
    h, df1, df2 = (tests[name].to_numpy(dtype=float) for name in ("statistic", "df1", "df2"))
    room = df1 * (df1 + df2 - h)
    f = np.where(ranks, np.divide(df2 * h, room, out=np.full_like(h, np.inf), where=room > 0), h)
    f = np.where(np.isfinite(tests["p"]), f, np.nan)
    names = tests["test"].map(_TESTS)
    return tests.assign(method=names, term=factor, F=f, df=df1)[["method", "term", "F", "df", "df2", "p", "note"]]


def _joined(note: str, notes: pd.Series[Any]) -> list[str]:
    return ["; ".join(filter(None, (note, str(own)))) for own in notes]


def pairs_table(frame: pd.DataFrame, metric: str, factor: str, *, level: float = 0.95) -> tuple[pd.DataFrame, str]:
    """The rows of `pairs_of` for the levels of a factor, and the test: Tukey HSD or Games-Howell."""
    used, _ = tidy(frame, metric, [factor])
    samples = samples_by(used, metric, factor)
    levene = checks_of(list(samples.values())).set_index("check")["p"]["levene"]
    equal = not levene < _ALPHA
    return pairs_of(samples, level=level, equal=equal), "Tukey HSD" if equal else "Games-Howell"
