"""Does it matter, how much, and which differ? Analysis of variance and pairs, of a table with a row a run.

    found = compare(frame)                      columns n, architecture, seed, accuracy, loss
    found.tables["anova"]                       frames: means, anova, checks, tests, pairs
    found.lines()                               to be read
    found.json()                                to be computed with

With a column of seeds, seeds are blocks (`statistics.variance.blocked`), and the tests that take runs as independent
are shown as well; of one factor Welch's and Kruskal and Wallis's, too. `advised` is the one to read. p_holm is adjusted
over the metrics, for each method and term.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from datavolume.errors import UserError
from datavolume.statistics.tidy import tidy
from datavolume.statistics.variance import anova_table, checks, pairs_table, several

__all__ = ["FACTORS", "Comparison", "compare"]

FACTORS = ("n", "size", "architecture", "network", "model")
_ANOVA = (
    *("metric", "method", "advised", "term", "sum_sq", "F", "df", "df2", "p", "p_holm"),
    *("partial_eta2", "partial_omega2", "lower", "upper", "note"),
)
_ALPHA = 0.05  # a check below it speaks against the assumption


@dataclass(frozen=True)
class Comparison:
    """`tables` by name; in all but `means`, `where` says at which levels of the other factors."""

    metrics: tuple[str, ...]
    factors: tuple[str, ...]
    seed: str | None
    level: float
    tables: dict[str, pd.DataFrame]
    warnings: tuple[str, ...]

    def lines(self) -> list[str]:
        """Sentences and small tables, for a terminal."""
        found = [line for metric in self.metrics for line in _told(self, metric)]
        return [*found, *(f"note: {warning}" for warning in self.warnings)]

    def json(self) -> dict[str, Any]:
        """Plain values; what is not known is null."""
        tables = {name: [_plain(row) for row in table.to_dict("records")] for name, table in self.tables.items()}
        asked = {"metrics": list(self.metrics), "factors": list(self.factors), "seed": self.seed, "level": self.level}
        return {**asked, **tables, "warnings": list(self.warnings)}


def compare(
    frame: pd.DataFrame,
    *,
    metrics: Sequence[str] | None = None,
    factors: Sequence[str] | None = None,
    seed: str | None = None,
    level: float = 0.95,
) -> Comparison:
    """Columns that are not named are found: factors among FACTORS (else columns of words), the seed as `seed`, metrics
    as `value` (else the other columns of numbers). Raises UserError where there is nothing to compare.
    """
    if not 0 < level < 1:
        raise UserError(f"level {level}: it is to be between 0 and 1, such as 0.95")
    block = seed or ("seed" if "seed" in frame.columns else None)
    asked = tuple(factors or _factors(frame, block))
    measures = tuple(metrics or _metrics(frame, asked, block))
    if both := [name for name in measures if name in (*asked, block)]:
        raise UserError(f"column '{both[0]}' cannot be what is compared and what it is compared by; leave out one")
    for name in (*asked, *measures, *([block] if block else [])):
        tidy(frame, measures[0], [name])  # says which column is missing
    varied = tuple(name for name in asked if frame[name].nunique() > 1)
    if not varied:
        raise UserError(f"{' and '.join(asked)}: one level in the whole table, so there is nothing to compare")
    warnings = [f"{name} has one level and was left out" for name in asked if name not in varied]
    tables = _tables(frame, measures, varied, block, level)
    warnings += sorted({note for note in tables["anova"]["note"] if note})
    return Comparison(measures, varied, block, level, tables, tuple(warnings))


def _factors(frame: pd.DataFrame, block: str | None) -> list[str]:
    known = [name for name in FACTORS if name in frame.columns]
    words = [str(n) for n in frame.columns if n != block and not pd.api.types.is_numeric_dtype(frame[n])]
    if not (known or words):
        raise UserError(f"no column says what is compared: name it, or call it one of {', '.join(FACTORS)}")
    return known or words


def _metrics(frame: pd.DataFrame, factors: Sequence[str], block: str | None) -> list[str]:
    if "value" in frame.columns:
        return ["value"]
    taken = {*factors, *FACTORS, block, "seed", "subset", "run"}
    found = [str(n) for n in frame.columns if n not in taken and pd.api.types.is_numeric_dtype(frame[n])]
    if not found:
        raise UserError("no column of numbers is left to compare: name the metric, or call it value")
    return found


def _tables(
    frame: pd.DataFrame, metrics: Sequence[str], factors: Sequence[str], block: str | None, level: float
) -> dict[str, pd.DataFrame]:
    anova = anova_table(frame, metrics, factors, block=block, level=level)
    anova = anova[anova["term"] != "residual"].reset_index(drop=True)
    found = {"means": _each(metrics, lambda m: _means(frame, m, factors, level)), "anova": anova[list(_ANOVA)]}
    found["checks"] = _each(metrics, lambda m: checks(frame, m, factors))
    parts = {m: list(_parts(tidy(frame, m, factors)[0], factors)) for m in metrics}
    found["tests"] = _each(metrics, lambda m: _joined(_tests(parts[m], m)))
    found["pairs"] = _each(metrics, lambda m: _joined(_pairs(parts[m], m, level)))
    return found


def _each(metrics: Sequence[str], table: Callable[[str], pd.DataFrame]) -> pd.DataFrame:
    """One table, with the metric in front."""
    named = []
    for metric in metrics:
        own = table(metric)
        own.insert(0, "metric", metric)
        named.append(own)
    return pd.concat(named, ignore_index=True)


def _joined(tables: Iterator[pd.DataFrame]) -> pd.DataFrame:
    every = list(tables)
    return pd.concat(every, ignore_index=True) if every else pd.DataFrame()


def _means(frame: pd.DataFrame, metric: str, factors: Sequence[str], level: float) -> pd.DataFrame:
    used, _ = tidy(frame, metric, factors)
    table = used.groupby(list(factors), sort=False)[metric].agg(runs="count", mean="mean", sd="std").reset_index()
    several_runs = table["runs"].where(table["runs"] > 1)
    half = special.stdtrit(several_runs - 1, (1 + level) / 2) * table["sd"] / np.sqrt(several_runs)
    return table.assign(lower=table["mean"] - half, upper=table["mean"] + half)


def _parts(used: pd.DataFrame, factors: Sequence[str]) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Each factor at every combination of the others, in words."""
    for factor in factors:
        others = [name for name in factors if name != factor]
        groups = used.groupby(others, sort=False) if others else [((), used)]
        for keys, part in groups:
            where = ", ".join(f"{name} = {_name(key)}" for name, key in zip(others, keys, strict=True))
            if part[factor].nunique() > 1:
                yield factor, where, part


def _name(level: Any) -> str:
    """A size stays whole where a missing one made floats of all."""
    return f"{level:g}" if isinstance(level, float) else str(level)


def _tests(parts: Sequence[tuple[str, str, pd.DataFrame]], metric: str) -> Iterator[pd.DataFrame]:
    for factor, where, part in parts:
        table = several(part, metric, factor)
        table.insert(0, "factor", factor)
        table.insert(1, "where", where)
        yield table


def _pairs(parts: Sequence[tuple[str, str, pd.DataFrame]], metric: str, level: float) -> Iterator[pd.DataFrame]:
    for factor, where, part in parts:
        table, method = pairs_table(part, metric, factor, level=level)
        table.insert(0, "factor", factor)
        table.insert(1, "where", where)
        table.insert(2, "method", method)
        yield table


def _told(found: Comparison, metric: str) -> Iterator[str]:
    yield f"{metric}: does it depend on {' and '.join(found.factors)}?"
    anova = found.tables["anova"][found.tables["anova"]["metric"] == metric]
    for method, rows in anova.groupby("method", sort=False):
        yield f"  {method}{' (advised)' if rows['advised'].any() and anova['method'].nunique() > 1 else ''}"
        yield from (f"    {_test(row, len(found.metrics) > 1)}" for row in rows.to_dict("records"))
    checked = found.tables["checks"][found.tables["checks"]["metric"] == metric].set_index("check")["p"]
    yield f"  same spread everywhere: {_doubt(checked['levene'], 'Levene')}"
    yield f"  normal residuals: {_doubt(checked['shapiro'], 'Shapiro-Wilk')}"
    pairs = found.tables["pairs"]
    of_metric = pairs[pairs["metric"] == metric]
    if of_metric.empty:
        return
    for names, rows in of_metric.groupby(["factor", "where", "method"], sort=False):
        yield f"  {_counted([str(name) for name in names], rows)}"


def _test(row: dict[Any, Any], several_metrics: bool) -> str:
    if not math.isfinite(row["F"]):
        return f"{row['term'] or 'no test'}: {row['note']}"
    found = [f"F({row['df']:g}, {row['df2']:.4g}) = {row['F']:.4g}, {_p(row['p'])}"]
    if math.isfinite(row["partial_omega2"]):
        interval = f"({row['lower']:.2f} to {row['upper']:.2f})"
        found.append(f"share of variance {max(row['partial_omega2'], 0.0):.2f} {interval}")
    if several_metrics:
        found.append(f"over all metrics {_p(row['p_holm'])}")
    return f"{row['term']}: {', '.join(found)}"


def _p(p: float) -> str:
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.4f}"


def _doubt(p: float, name: str) -> str:
    if math.isnan(p):
        return f"too few runs for {name}"
    return f"{'doubtful' if p < _ALPHA else 'nothing speaks against it'} ({name}, {_p(p)})"


def _counted(names: Sequence[str], rows: pd.DataFrame) -> str:
    factor, where, method = names
    differ = rows[rows["significant"].astype(bool)]
    place = f" at {where}" if where else ""
    if rows["p"].isna().all():
        return f"{factor}{place}: no test ({rows['note'].iloc[0]})"
    alike = [
        f"{_name(a)} and {_name(b)}"
        for a, b in rows.loc[~rows["significant"].astype(bool), ["first", "second"]].to_numpy()
    ]
    rest = f"; not told apart: {', '.join(alike[:6])}{' …' if len(alike) > 6 else ''}" if alike else ""
    return f"{factor}{place}: {len(differ)} of {len(rows)} pairs differ ({method}){rest}"


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    return {str(name): _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return str(value)
