"""Training time, by run, subset, experiment or network; and what it cost beside a baseline."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from datavolume.analysis.select import select
from datavolume.analysis.shown.cost import cost
from datavolume.analysis.words import count, share
from datavolume.artefacts.results import Results
from datavolume.artefacts.setting import Table
from datavolume.artefacts.tables.cells import NOTHING, Printed, checked, duration, printed

__all__ = ["cost_table", "time_table"]

_BY = {"run": ["run"], "subset": ["network", "n", "subset_seed"], "experiment": ["experiment"], "network": ["network"]}

_Part = tuple[str, dict[str, str], pd.DataFrame]  # what a row is called, where it stands in a published file, its runs


def time_table(
    results: Results,
    *,
    experiments: str | Sequence[str] | None = None,
    networks: str | Sequence[str] | None = None,
    by: str = "experiment",
    groups: Mapping[str, str | Sequence[str]] | None = None,
    published: str = "",
) -> Table:
    """Runs, mean and total training time (without evaluations), of what `by` says, or of `groups`: names for several
    experiments together. Each run counts once a row."""
    checked("by", by, list(_BY))
    runs = select(results.summary, results.points, experiments=experiments, architectures=networks)
    beside = printed(results, published)
    rows, lines = [], []
    for name, place, group in _groups(runs, groups) if groups else _parts(runs, by):
        once = group.drop_duplicates("run")
        row: dict[str, Any] = {"group": name, "runs": len(once)}
        row |= {"seconds_mean": once["seconds"].mean(), "seconds_total": once["seconds"].sum()}
        rows.append(row)
        line = [name, str(len(once)), duration(row["seconds_mean"]), duration(row["seconds_total"])]
        lines.append([*line, *([beside.cell("seconds", **place)] if beside.has("seconds") else [])])
    first = "" if groups else by.capitalize()
    head = [first, "Runs", "Mean training time", "Total", *(["printed"] if beside.has("seconds") else [])]
    return Table(pd.DataFrame(rows), head, [lines])


def _parts(runs: pd.DataFrame, by: str) -> Iterator[_Part]:
    for _, group in runs.groupby(_BY[by], sort=False):
        row = group.iloc[0]
        place = {"experiment": " ".join(group["experiment"].unique())}
        place |= {"network": row["network"]} if "network" in _BY[by] else {}
        name = str(row["title"] if by == "experiment" else row["run" if by == "run" else "network"])
        if by == "subset":
            name = f"Subset {int(row['subset_seed']) + 1} ({name}, {count(row['n'])} images)"
            place |= {"stage": "subset_seed", "value": str(row["subset_seed"])}
        yield name, place, group


def _groups(runs: pd.DataFrame, groups: Mapping[str, str | Sequence[str]]) -> Iterator[_Part]:
    """What a thinned study does not have of them is left out."""
    for name, chosen in groups.items():
        experiments = [chosen] if isinstance(chosen, str) else list(chosen)
        group = runs[runs["experiment"].isin(experiments)]
        if len(group):
            yield name, {"experiment": " ".join(experiments)}, group


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
        cells.append(beside.cell("images_passed", **place).removesuffix(" ×"))
    shares = [NOTHING if math.isnan(row[name]) else share(row[name]) for name in ("samples_share", "seconds_share")]
    return [*cells, shares[0], duration(row["seconds"]), shares[1], str(row["runs"])]
