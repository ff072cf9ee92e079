"""How far seeds scatter and how many are enough, and what analysis of variance says."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from datavolume.analysis.metrics import METRICS
from datavolume.analysis.tables import SEEDS
from datavolume.analysis.words import count, degrees, number, p_value, percent
from datavolume.artefacts.estimates import chance, short_points
from datavolume.artefacts.figures.asked import Names, asked_curves, of_curve
from datavolume.artefacts.results import Results
from datavolume.artefacts.setting import Table
from datavolume.artefacts.tables.cells import NOTHING, capital, checked, plain, remarked
from datavolume.errors import UserError

__all__ = ["anova_table", "seeds_table"]


def seeds_table(results: Results, *, architectures: Names = None) -> Table:
    """A row a curve: seeds.csv in shares of 1, with `parts`, the shares of the variance over all volumes."""
    names = list(asked_curves(results, architectures))
    table = results.seeds
    data = table[table["architecture"].isin(names)] if len(table) else pd.DataFrame(columns=list(SEEDS))
    data = data.reset_index(drop=True).assign(parts=[_parts(results.variance, name) for name in data["architecture"]])
    margin = short_points(float(data["margin"].iloc[0])) if len(data) else "the margin"
    head = ["Architecture", "Images", "Seeds", "SD (points)", "95 % interval (points)"]
    head += [f"Seeds for an interval of {margin}", f"Power to see {margin}", "Seeds for a power of 0.8"]
    parts = bool((data["parts"] != "").any())
    head += ["Parts of the variance"] * parts + ["Remarks"]
    rows = [_spread(row, parts) for row in _records(data)] or [_empty(head)]
    return remarked(data, head, [rows], ["Parts of the variance"])


def _empty(head: list[str]) -> list[str]:
    return ["no run has a finite accuracy", *[NOTHING] * (len(head) - 1)]


def _parts(variance: pd.DataFrame, name: str) -> str:
    """seed 60 %, subset 30 %: where several subsets were drawn, over all volumes together."""
    rows = of_curve(variance, name)
    rows = rows[(rows["n"] == 0) & (rows["source"] != "total") & rows["share"].notna()] if len(rows) else rows
    if len(rows) < 2:
        return ""
    words = {"seed:subset": "both together", "combination": "both together", "residual": "the rest"}
    return ", ".join(f"{words.get(row['source'], row['source'])} {percent(row['share'], 0)}" for row in _records(rows))


def _records(frame: pd.DataFrame) -> list[dict[Any, Any]]:
    return frame.to_dict("records")


def _spread(row: Mapping[Any, Any], parts: bool) -> list[str]:
    cells = [str(row["architecture"]), count(row["n"]), count(row["seeds"])]
    cells += [
        _points(row["sd"]),
        _points(row["width"]),
        _whole(row["seeds_for_width"]),
        NOTHING if math.isnan(row["power"]) else chance(row["power"]),
    ]
    cells += [_whole(row["seeds_for_power"]), *([row["parts"] or NOTHING] if parts else [])]
    return [*cells, row["note"] if isinstance(row["note"], str) else ""]


def _points(value: float) -> str:
    return NOTHING if math.isnan(value) else number(100 * value, 2)


def _whole(value: float) -> str:
    return NOTHING if math.isnan(value) else count(value)


def anova_table(results: Results, *, architectures: Names = None, metrics: Names = ("top1",)) -> Table:
    """The advised rows of anova.csv but for residuals; `architectures` may name "all", all of them together."""
    chosen = [metrics] if isinstance(metrics, str) else list(metrics or ())
    checked("metrics", chosen, list(METRICS))
    table = results.anova
    if table.empty:
        return Table(table, ["Architecture", "Remarks"], [[["all", "no run has a finite accuracy"]]], ["Remarks"])
    known = list(table["architecture"].unique())
    names = known if architectures is None else _names(architectures)
    checked("architectures", names, known)
    kept = table["advised"].astype(bool) & (table["term"] != "residual") & table["metric"].isin(chosen)
    data = table[kept & table["architecture"].isin(names)].reset_index(drop=True)
    if data.empty:
        there = ", ".join(table["metric"].unique())
        raise UserError(f"metrics: nothing was compared of {', '.join(chosen)}; there is {there}")
    metric = ["Metric"] if len(chosen) > 1 else []
    head = ["Architecture", *metric, "Depends on", "Method", "F", "p", "p, all metrics"]
    groups = data.groupby(["metric", "architecture"], sort=False)
    lines = [[_effect(row, bool(metric)) for row in _records(group)] for _, group in groups]
    head += ["Share of variance (95 % interval)", "Remarks"]
    return remarked(data, head, lines, ["Metric", "Depends on", "Method"])


def _names(architectures: Names) -> list[str]:
    return [architectures] if isinstance(architectures, str) else list(architectures or ())


def _effect(row: Mapping[Any, Any], several: bool) -> list[str]:
    name = str(row["architecture"])
    cells = ["all together" if name == "all" else name]
    cells += [capital(METRICS[row["metric"]].label)] if several else []
    size = plain(row["partial_omega2"], row["lower"], row["upper"], 2)
    words = [
        str(row[name]).replace(":", " × ") if isinstance(row[name], str) else NOTHING for name in ("term", "method")
    ]
    return [*cells, *words, _f(row), *_ps(row), size, row["note"] if isinstance(row["note"], str) else ""]


def _f(row: Mapping[Any, Any]) -> str:
    """F(5, 20) = 524.8."""
    if math.isnan(row["F"]):
        return NOTHING
    frees = ", ".join(degrees(df) for df in (row["df"], row["df2"]) if not math.isnan(df))
    return f"F({frees}) = {row['F']:,.1f}"


def _ps(row: Mapping[Any, Any]) -> Iterator[str]:
    for name in ("p", "p_holm"):
        yield NOTHING if math.isnan(row[name]) else p_value(row[name]).removeprefix("p ").removeprefix("= ")
