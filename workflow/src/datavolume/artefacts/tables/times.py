"""Training time, by run, subset, experiment or network; and what it cost beside a baseline."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from datavolume.analysis.cost import cost
from datavolume.analysis.select import select
from datavolume.analysis.words import count, share
from datavolume.artefacts.results import Results
from datavolume.artefacts.setting import Table
from datavolume.artefacts.tables.cells import NOTHING, Printed, checked, duration, printed

__all__ = ["cost_table", "time_table"]

_BY = {"run": ["run"], "subset": ["network", "n", "subset_seed"], "experiment": ["experiment"], "network": ["network"]}


def time_table(
    results: Results,
    *,
    experiments: str | Sequence[str] | None = None,
    networks: str | Sequence[str] | None = None,
    by: str = "experiment",
    published: str = "",
) -> Table:
    """Runs, mean and total training time (without evaluations), of what `by` says; each run counts once a row."""
    checked("by", by, list(_BY))
    runs = select(results.summary, results.points, experiments=experiments, architectures=networks)
    beside = printed(results, published)
    rows, lines = [], []
    for _, group in runs.groupby(_BY[by], sort=False):
        once = group.drop_duplicates("run")
        row: dict[str, Any] = {name: once[name].iloc[0] for name in dict.fromkeys(["experiment", "title", *_BY[by]])}
        row |= {"runs": len(once), "seconds_mean": once["seconds"].mean(), "seconds_total": once["seconds"].sum()}
        rows.append(row)
        line = [_name(row, by), str(len(once)), duration(row["seconds_mean"]), duration(row["seconds_total"])]
        place = {"stage": "subset_seed", "value": row["subset_seed"]} if by == "subset" else {}
        place |= {name: row[name] for name in ("experiment", "network") if name in _BY[by]}
        lines.append([*line, *([beside.cell("seconds", **place)] if beside.has("seconds") else [])])
    head = [by.capitalize(), "Runs", "Mean training time", "Total", *(["printed"] if beside.has("seconds") else [])]
    return Table(pd.DataFrame(rows), head, [lines])


def _name(row: Mapping[str, Any], by: str) -> str:
    if by == "subset":
        return f"Subset {int(row['subset_seed']) + 1} ({row['network']}, {count(row['n'])} images)"
    return str(row["title"] if by == "experiment" else row[by])


def cost_table(
    results: Results,
    *,
    experiments: str | Sequence[str] | None = None,
    stage: str | None = None,
    values: str | Sequence[str] | None = None,
    networks: str | Sequence[str] | None = None,
    baseline: str = "",
    published: str = "",
) -> Table:
    """Images passed and measured training time of each set-up, with their share of the baseline's: a value or an
    experiment of that name (none: the first row), with the same network and its largest volume."""
    runs = select(
        results.summary, results.points, experiments=experiments, stage=stage, values=values, architectures=networks
    )
    data = cost(runs, baseline=baseline)
    beside = printed(results, published)
    sizes = bool(data.duplicated(["experiment", "stage", "value", "network"]).any())
    head = ["Training", "Network", *(["Training images"] if sizes else []), "Images passed", "× training set"]
    head += ["printed"] if beside.has("images_passed") else []
    head += ["Share", "Training time", "Share", "Runs"]
    groups = [
        [_cost_line(row, sizes, beside) for row in group.to_dict("records")]
        for _, group in data.groupby("network", sort=False)
    ]
    return Table(data, head, groups)


def _cost_line(row: Mapping[Any, Any], sizes: bool, beside: Printed) -> list[str]:
    cells = [str(row["value"] or row["title"]), str(row["network"]), *([count(row["n"])] if sizes else [])]
    cells += [count(row["samples"]), f"{row['passes']:.3g}"]
    if beside.has("images_passed"):
        place = {name: row[name] for name in ("experiment", "stage", "value", "network", "fraction")}
        cells.append(beside.cell("images_passed", **place).removesuffix(" M"))
    shares = [NOTHING if math.isnan(row[name]) else share(row[name]) for name in ("samples_share", "seconds_share")]
    return [*cells, shares[0], duration(row["seconds"]), shares[1], str(row["runs"])]
