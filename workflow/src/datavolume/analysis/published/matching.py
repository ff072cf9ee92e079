"""Which of our runs a printed number is about, and what they say: one value a run, in stored units.

    runs = runs_of(row, ours)           rows of the summary; none where the study (or its smoke scale) has no such run
    values = values_of(row, runs, ours) column value, a row a run, with n, seed

`row` is one of read_published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from datavolume.analysis.published.quantities import quantity
from datavolume.analysis.shown.lengths import lengths

__all__ = ["Ours", "runs_of", "values_of"]

_REPLICATES = ("subset_seed", "seed")
_PLANNED = ("decay_epochs", "warmup_epochs", "evaluated_every")


def _empty() -> pd.DataFrame:
    return pd.DataFrame()


@dataclass(frozen=True)
class Ours:
    """A study's collected frames and plan.csv; the last three only where a printed number is about them (`needed`)."""

    summary: pd.DataFrame
    metrics: pd.DataFrame
    points: pd.DataFrame
    timing: pd.DataFrame = field(default_factory=_empty)
    overlap: pd.DataFrame = field(default_factory=_empty)
    votes: pd.DataFrame = field(default_factory=_empty)
    plan: pd.DataFrame = field(default_factory=_empty)


def runs_of(row: Mapping[str, Any], ours: Ours) -> pd.DataFrame:
    """The summary's rows of all runs that stand where `row` says; each once."""
    points, runs = ours.points, ours.summary
    if row["experiment"]:
        points = points[points["experiment"].isin(row["experiment"].split())]
    replicate = row["stage"] in _REPLICATES
    for column in ("stage", "value"):
        if row[column] and not replicate:
            points = points[points[column] == row[column]]
    kept = runs["run"].isin(points["run"])
    if replicate:
        kept &= runs[row["stage"]].astype(str) == row["value"]
    if row["network"]:
        kept &= runs["network"] == row["network"]
    if pd.notna(row["fraction"]):
        kept &= np.isclose(runs["fraction"].astype(float), row["fraction"])
    if pd.notna(row["size"]):
        kept &= (runs["n"] == row["size"]) | (runs["size"] == row["size"]).fillna(False)
    found: pd.DataFrame = runs[kept]
    return found


def values_of(row: Mapping[str, Any], runs: pd.DataFrame, ours: Ours) -> pd.DataFrame:
    """Columns run, network, n, seed, value, of runs that have a value."""
    found = _per_run(row, runs, ours)
    values = runs[["run", "network", "n", "seed"]].assign(value=runs["run"].map(found).astype(float))
    known: pd.DataFrame = values[np.isfinite(values["value"])]
    return known


def _per_run(row: Mapping[str, Any], runs: pd.DataFrame, ours: Ours) -> pd.Series[float]:
    """By run."""
    asked, summary = quantity(row["metric"]), runs.set_index("run")
    if asked.metric:
        return _measured(row, runs, ours.metrics)
    if asked.name == "parameters":
        return summary["parameters"]
    if asked.name == "parameter_mb":
        return summary["parameters"] * 4 / 1e6
    if asked.name == "n":
        return summary["n"]
    if asked.name == "images_passed":
        passed = _spent("samples", row, runs, ours.metrics)
        return passed / summary["n"] if row["unit"] == "M" else passed
    if asked.name == "best_epoch":
        return _best(row, runs, ours.metrics)["epoch"]
    if asked.name in _PLANNED:
        return _planned(asked.name, row, runs, ours)
    if asked.name == "epochs":
        return _spent("epoch", row, runs, ours.metrics)
    seconds = _seconds(row, runs, ours)
    return seconds / _spent("epoch", row, runs, ours.metrics) if asked.name == "seconds_per_epoch" else seconds


def _planned(name: str, row: Mapping[str, Any], runs: pd.DataFrame, ours: Ours) -> pd.Series[float]:
    """Of the phase that the row names, or the last."""
    if runs.empty or ours.plan.empty:
        return pd.Series(dtype=float)
    table = lengths(ours.plan, ours.summary, ours.metrics)
    if pd.notna(row["phase"]):
        table = table[table["phase"] == row["phase"]]
    found: pd.Series[float] = table.groupby("run")[name].last()
    return found


def _measured(row: Mapping[str, Any], runs: pd.DataFrame, metrics: pd.DataFrame) -> pd.Series[float]:
    asked = quantity(row["metric"])
    if asked.metric not in metrics:  # a result of before that metric was logged
        return pd.Series(dtype=float)
    evaluations = _evaluations(row, runs, metrics)
    if row["statistic"].startswith("epoch:"):
        evaluations = _at_epoch(evaluations, float(row["statistic"].partition(":")[2]))
    rows = evaluations.groupby("run", sort=False)[asked.metric]
    if row["statistic"] == "best":
        return rows.max() if asked.higher_is_better else rows.min()
    return rows.first() if row["statistic"] == "first" else rows.last()


def _at_epoch(evaluations: pd.DataFrame, epoch: float) -> pd.DataFrame:
    """The evaluation next to that epoch, if one lies within half an epoch of it."""
    away = (evaluations["epoch"] - epoch).abs()
    near: pd.DataFrame = evaluations[(away < 0.5) & (away == away.groupby(evaluations["run"]).transform("min"))]
    return near


def _best(row: Mapping[str, Any], runs: pd.DataFrame, metrics: pd.DataFrame) -> pd.DataFrame:
    """The first evaluation with the best top-1 accuracy."""
    rows = _evaluations(row, runs, metrics)
    found: pd.DataFrame = rows.loc[rows.groupby("run", sort=False)["top1"].idxmax()].set_index("run")
    return found


def _evaluations(row: Mapping[str, Any], runs: pd.DataFrame, metrics: pd.DataFrame) -> pd.DataFrame:
    """Of one phase where the row names one; rows are in the order of updates."""
    rows = metrics[metrics["run"].isin(runs["run"]) & (metrics["split"] == row["split"])]
    if pd.notna(row["phase"]):
        rows = rows[_phase(rows) == row["phase"]]
    found: pd.DataFrame = rows
    return found


def _phase(rows: pd.DataFrame) -> pd.Series[int]:
    """Results of before phases have no such column."""
    return rows["phase"].fillna(0) if "phase" in rows else pd.Series(0, index=rows.index)


def _spent(column: str, row: Mapping[str, Any], runs: pd.DataFrame, metrics: pd.DataFrame) -> pd.Series[float]:
    """What `column`, which adds up over a run, came to: in all, or in the phase that the row names."""
    end = _evaluations(row, runs, metrics).groupby("run", sort=False)[column].last()
    if pd.isna(row["phase"]) or not row["phase"]:
        return end
    before = _evaluations({**row, "phase": row["phase"] - 1}, runs, metrics).groupby("run", sort=False)[column].last()
    return end - before


def _seconds(row: Mapping[str, Any], runs: pd.DataFrame, ours: Ours) -> pd.Series[float]:
    if pd.isna(row["phase"]):
        return runs.set_index("run")["seconds"]
    times = ours.timing[["run", "update", "seconds"]]
    return _spent("seconds", row, runs, ours.metrics.merge(times, on=["run", "update"], how="left"))
