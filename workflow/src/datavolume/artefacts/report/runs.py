"""Every run of a study as the data of a table that sorts and filters in the browser.

    table = run_table(summary, points, environments)
    table.payload        JSON text: columns of values, words that repeat as numbers of levels
    table.constant       what is the same for all runs, in words

Ten thousand runs are some 1.5 MB; the page renders the rows that are looked at.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from datavolume.analysis.metrics import METRICS
from datavolume.analysis.words import share

__all__ = ["RunTable", "run_table"]

Environment = Mapping[str, Any]


@dataclass(frozen=True)
class RunTable:
    """`constant` are (head, value) pairs of columns that were left out, as they are the same for all runs."""

    payload: str
    runs: int
    constant: list[tuple[str, str]]


@dataclass(frozen=True)
class _Column:
    """`digits` are decimals of a number; None says that the column holds words. `kept` columns are never left out."""

    head: str
    values: pd.Series[Any]
    digits: int | None = None
    kept: bool = False


def run_table(summary: pd.DataFrame, points: pd.DataFrame, environments: Sequence[Environment]) -> RunTable:
    """`points` may be empty; an environment tells of runs where it has `configuration` and `seeds`."""
    columns = [column for column in _columns(summary, points, environments) if not _empty(column.values)]
    constant = [column for column in columns if not column.kept and len(summary) > 1 and column.values.nunique() == 1]
    shown = [_packed(column) for column in columns if column not in constant]
    payload = json.dumps({"columns": shown}, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return RunTable(
        payload.replace("<", "\\u003c"), len(summary), [(column.head, _word(column)) for column in constant]
    )


def _empty(values: pd.Series[Any]) -> bool:
    return bool((values.isna() | (values.astype("str") == "")).all())


def _columns(summary: pd.DataFrame, points: pd.DataFrame, environments: Sequence[Environment]) -> Iterator[_Column]:
    yield _Column("Run", summary["run"], kept=True)
    places = _places(points)
    for head, name in (("Experiments", "experiment"), ("Value", "place")):
        yield _Column(head, pd.Series([places[name].get(run, "") for run in summary["run"]]))
    yield _Column("Network", summary["network" if "network" in summary else "architecture"], kept=True)
    yield _Column("Data", summary["dataset"])
    yield _Column("Share", pd.Series(["" if math.isnan(value) else share(value) for value in summary["fraction"]]))
    for head, name, kept in (("Images", "n", True), ("Seed", "seed", True), ("Subset seed", "subset_seed", False)):
        yield _Column(head, summary[name], 0, kept)
    yield from _results(summary)
    machines = _machines(summary, environments)
    for head, name in (("Device", "device"), ("Machine", "hostname")):
        yield _Column(head, machines[name])


def _results(summary: pd.DataFrame) -> Iterator[_Column]:
    top1, loss = METRICS["top1"], METRICS["loss"]
    yield _Column("Top-1 (%)", summary[top1.last] * top1.scale, 2, kept=True)
    yield _Column("Loss", summary[loss.last], 4, kept=True)
    yield _Column("Best top-1 (%)", summary["best_top1"] * top1.scale, 2, kept=True)
    yield _Column("Top-5 (%)", summary[METRICS["top5"].last] * top1.scale, 2, kept=True)
    yield _Column("Top-1, training (%)", summary[top1.last_train] * top1.scale, 2, kept=True)
    yield _Column("Parameters", summary["parameters"], 0)
    yield _Column("Updates", summary["updates"], 0)
    yield _Column("Seconds", summary["seconds"], 1, kept=True)


def _places(points: pd.DataFrame) -> pd.DataFrame:
    """Run -> the experiments that it belongs to, and `batch_size 32` for each factor that one varies."""
    if points.empty:
        return pd.DataFrame({"experiment": [], "place": []}, dtype="str")
    stage = points["stage"].fillna("").astype("str").str.rpartition(".")[2]
    words = (stage + " " + points["value"].fillna("").astype("str")).str.strip()
    return points.assign(place=words).groupby("run")[["experiment", "place"]].agg(_distinct)


def _distinct(values: pd.Series[Any]) -> str:
    return ", ".join(dict.fromkeys(str(value) for value in values if value))


def _machines(summary: pd.DataFrame, environments: Sequence[Environment]) -> pd.DataFrame:
    """`device` and `hostname` of each run; empty where nobody noted them."""
    found = {
        (environment["configuration"], seed): environment
        for environment in environments
        for seed in environment.get("seeds", ())
    }
    keys = list(zip(summary["configuration"], summary["seed"], strict=True))
    rows = [{name: str(found.get(key, {}).get(name, "")) for name in ("device", "hostname")} for key in keys]
    return pd.DataFrame(rows, columns=["device", "hostname"])


def _packed(column: _Column) -> dict[str, Any]:
    if column.digits is not None:
        numbers = [_rounded(value, column.digits) for value in column.values.astype("float64")]
        return {"head": column.head, "digits": column.digits, "values": numbers}
    codes, levels = pd.factorize(column.values.astype("str"))
    if len(levels) == len(column.values):  # a column of names: nothing repeats
        return {"head": column.head, "values": list(levels)}
    return {"head": column.head, "levels": list(levels), "values": codes.tolist()}


def _rounded(value: float, digits: int) -> float | int | None:
    if not math.isfinite(value):
        return None
    return round(value, digits) if digits else round(value)


def _word(column: _Column) -> str:
    value = column.values.iloc[0]
    return str(value) if column.digits is None else f"{float(value):,.{column.digits}f}"
