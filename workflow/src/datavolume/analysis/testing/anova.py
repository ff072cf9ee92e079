"""Does data volume matter, does architecture, and do they work together? Analysis of variance, seeds as blocks.

    anova(summary)          per metric: all curves together (volume and architecture), then each (volume)
    assumptions(summary)    Levene's and Shapiro and Wilk's checks of each of those
    pairs(summary)          which volumes of a curve differ from which

A volume's level is its number of training images `n`. The methods stand beside each other and one is advised
(`statistics.variance.anova_table`). Effects: partial_eta2 is the share of this sample's variance, partial_omega2 the
estimate for other seeds, with its interval.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from datavolume.analysis.replicates import measured
from datavolume.statistics.variance import anova_table, checks, pairs_table
from datavolume.statistics.variance.tables import ANOVA_TABLE

__all__ = ["ALL", "ANOVA_METRICS", "anova", "assumptions", "no_anova", "pairs"]

ANOVA_METRICS = ("top1", "macro_f1", "loss")
ALL = "all"  # stands for the architecture where they are compared
_NAMES = {"n": "volume", "architecture": "architecture"}
_CHECKS = {"levene": "Levene", "shapiro": "Shapiro-Wilk"}
_ANOVA = ["architecture", *ANOVA_TABLE[:-1], "runs", "note"]
_ASSUMPTIONS = ["architecture", "metric", "check", "statistic", "p", "holds", "note"]
_PAIRS = [
    *("architecture", "metric", "test", "n_small", "n_large"),
    *("difference", "lower", "upper", "p", "significant", "note"),
]


@dataclass(frozen=True, eq=False)
class _Part:
    """Runs that are analysed together: wide (architecture, n, seed and the metrics), by `factors`."""

    name: str
    runs: pd.DataFrame
    factors: list[str]
    note: str = ""


def _parts(summary: pd.DataFrame, metrics: Sequence[str]) -> Iterator[_Part]:
    wide = _wide(summary, metrics)
    if wide["architecture"].nunique() > 1:
        shared, note = _shared_sizes(wide)
        yield _Part(ALL, shared, ["n", "architecture"], note)
    for architecture, runs in wide.groupby("architecture", sort=False):
        yield _Part(str(architecture), runs, ["n"])


def _wide(summary: pd.DataFrame, metrics: Sequence[str]) -> pd.DataFrame:
    keys = ["architecture", "n", "seed"]
    columns = [measured(summary, metric).set_index(keys)["value"].rename(metric) for metric in metrics]
    order = {name: place for place, name in enumerate(summary["architecture"].unique())}
    wide = pd.concat(columns, axis=1).reset_index()
    return wide.sort_values("architecture", key=lambda names: names.map(order), kind="stable", ignore_index=True)


def _shared_sizes(runs: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The runs at sizes that all architectures have, and a note of what was left out."""
    held = runs.groupby("n")["architecture"].nunique()
    left_out = sorted(int(n) for n in held.index[held < runs["architecture"].nunique()])
    note = f"without n = {', '.join(map(str, left_out))}: not trained with every architecture" if left_out else ""
    return runs[~runs["n"].isin(left_out)], note


def anova(summary: pd.DataFrame, *, metrics: Sequence[str] = ANOVA_METRICS, kind: int = 2) -> pd.DataFrame:
    """A row per part (`architecture`: ALL or one), metric, method and term; NaN and a note where there is none.

    `kind` is the type of the sums of squares of independent runs, 2 or 3.
    """
    tables = [_anova(part, metrics, kind) for part in _parts(summary, metrics)]
    return pd.concat(tables, ignore_index=True)[_ANOVA] if tables else pd.DataFrame(columns=_ANOVA)


def _anova(part: _Part, metrics: Sequence[str], kind: int) -> pd.DataFrame:
    why = {metric: no_anova(part.runs, part.factors, metric) for metric in metrics}
    possible = [metric for metric in metrics if not why[metric]]
    empty = [{"metric": metric, "term": "", "advised": True, "note": note} for metric, note in why.items() if note]
    none = pd.DataFrame(empty, columns=list(ANOVA_TABLE)).astype({"p_holm": float})
    found = anova_table(part.runs, possible, part.factors, block="seed", kind=kind) if possible else none.iloc[:0]
    table = pd.concat([table for table in (found, none) if len(table)], ignore_index=True)
    runs = table["metric"].map({metric: int(part.runs[metric].notna().sum()) for metric in metrics})
    notes = [_both(part.note, note) for note in table["note"]]
    terms = table["term"].map(_term)
    return table.assign(architecture=part.name, term=terms, runs=runs, note=notes)


def _both(first: str, second: str) -> str:
    return "; ".join(filter(None, (first, second)))


def _term(term: str) -> str:
    return ":".join(_NAMES.get(name, name) for name in term.split(":"))


def no_anova(runs: pd.DataFrame, factors: list[str], metric: str) -> str:
    """Why these runs allow no analysis of variance; empty where they do."""
    used = runs[runs[metric].notna()]
    for factor in factors:
        if used[factor].nunique() < 2:
            return f"one {'data volume' if factor == 'n' else factor}: nothing to compare" if len(used) else "no values"
    values = used[metric]
    within = values - used.groupby(factors)[metric].transform("mean")
    if len(used) <= used.groupby(factors).ngroups:
        return "one seed: no spread between seeds to compare the effects with"
    if float(within.abs().max()) <= 1e-12 * float(values.abs().max()):
        return "all seeds agree exactly: no spread to compare the effects with"
    return ""


def assumptions(summary: pd.DataFrame, *, metrics: Sequence[str] = ANOVA_METRICS) -> pd.DataFrame:
    """A row per part, metric and check; `holds` where p is 0.05 or more."""
    frames = [
        checks(part.runs, metric, part.factors).assign(architecture=part.name, metric=metric)
        for part in _parts(summary, metrics)
        for metric in metrics
    ]
    if not frames:
        return pd.DataFrame(columns=_ASSUMPTIONS)
    table = pd.concat(frames, ignore_index=True)
    return table.assign(check=table["check"].map(_CHECKS))[_ASSUMPTIONS]


def pairs(summary: pd.DataFrame, *, metrics: Sequence[str] = ANOVA_METRICS, level: float = 0.95) -> pd.DataFrame:
    """A row per curve, metric and pair of volumes: metric at n_large minus n_small. p and interval hold for all pairs
    of one curve and metric together; `significant` says p < 1 - level; `test` is Tukey HSD or Games-Howell."""
    frames = []
    for part in _parts(summary, metrics):
        for metric in metrics if part.name != ALL else ():
            table, test = pairs_table(part.runs, metric, "n", level=level)
            note = no_anova(part.runs, ["n"], metric)
            table = table.assign(note=[own or note for own in table["note"]]) if len(table) else table
            frames.append(table.assign(architecture=part.name, metric=metric, test=test))
    table = pd.concat([frame for frame in frames if len(frame)] or [pd.DataFrame()], ignore_index=True)
    named = table.rename(columns={"first": "n_small", "second": "n_large"}).reindex(columns=_PAIRS)
    return named.astype({"n_small": "Int64", "n_large": "Int64"})
