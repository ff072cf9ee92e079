"""Runs in phases, a row a phase, beside runs of one phase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from datavolume.analysis.metrics import Metric
from datavolume.analysis.select import select
from datavolume.analysis.shown.lengths import lengths
from datavolume.analysis.shown.tabulated import by_phase
from datavolume.analysis.words import count, share
from datavolume.artefacts.results import Results
from datavolume.artefacts.setting import Table
from datavolume.artefacts.tables.cells import Printed, capital, checked, duration, estimate, known_metrics, printed

__all__ = ["steps_table"]

_PLACE = ("experiment", "stage", "value", "network", "fraction", "phase")


def steps_table(
    results: Results,
    *,
    experiments: str | Sequence[str] | None = None,
    stage: str | None = None,
    values: str | Sequence[str] | None = None,
    networks: str | Sequence[str] | None = None,
    metrics: str | Sequence[str] = ("top1", "top5"),
    statistic: str = "last",
    cost: bool = True,
    published: str = "",
) -> Table:
    """A row a set-up; of runs with several phases a row a phase, then their sum. Validation at the phase's end.

    `cost` adds image passes, in passes over the largest training set of the network, and measured training time.
    """
    checked("statistic", statistic, ("last", "best"))
    names = known_metrics(metrics)
    runs = select(
        results.summary, results.points, experiments=experiments, stage=stage, values=values, architectures=networks
    )
    spent = lengths(results.plan, runs.drop_duplicates("run"), results.metrics, results.timing)
    data = by_phase(runs, results.metrics, [metric.name for metric in names], spent, statistic=statistic)
    beside = printed(results, published)
    head = ["Training", *(["Network"] if data["network"].nunique() > 1 else [])]
    head += ["Images", "Batch", "Learning rate", "Epochs", *_metric_heads(names, beside)]
    head += ["Image passes (× all images)", "Training time"] if cost else []
    groups = []
    several = data["experiment"].nunique() > 1
    for _, group in data.assign(setup=_setups(data, several)).groupby(["experiment", "network"], sort=False):
        setups = group.groupby(["stage", "value", "n"], sort=False)
        groups.append([line for _, phases in setups for line in _setup(phases, names, beside, cost, "Network" in head)])
    return Table(data, [*head, "Runs"], groups)


def _metric_heads(metrics: Sequence[Metric], beside: Printed) -> list[str]:
    heads = []
    for metric in metrics:
        heads += [capital(metric.axis), *(["printed"] if beside.has(metric.name) else [])]
    return heads


def _setup(
    phases: pd.DataFrame, metrics: Sequence[Metric], beside: Printed, cost: bool, networks: bool
) -> list[list[str]]:
    rows = phases.to_dict("records")
    lines = [_line(row, len(rows), metrics, beside, cost, networks) for row in rows]
    if len(rows) > 1 and cost:
        blank = [""] * (len(lines[0]) - 4)
        lines.append(["all steps", *blank, *_cost(phases["passes"].sum(), phases["seconds"].sum(skipna=False)), ""])
    return lines


def _line(
    row: Mapping[Any, Any], phases: int, metrics: Sequence[Metric], beside: Printed, cost: bool, networks: bool
) -> list[str]:
    cells = [_name(row, phases), *([str(row["network"])] if networks else [])]
    cells += [count(row["images"]), f"{row['batch_size']:g}", f"{row['learning_rate']:.3g}", f"{row['epochs']:.3g}"]
    for metric in metrics:
        cells += [estimate(row, metric, digits=2 if metric.unit == "%" else None)]
        cells += [_beside(metric.name, row, phases, beside)] if beside.has(metric.name) else []
    return [*cells, *(_cost(row["passes"], row["seconds"]) if cost else []), str(row["runs"])]


def _setups(data: pd.DataFrame, several: bool) -> list[str]:
    """What each row's set-up is called: its value, after the experiment's title where there are several; and its share
    of the data, where it is not all or the experiment has other shares too."""
    volumes = data.groupby(["experiment", "network"])["n"].transform("nunique") > 1
    names = []
    for row, varied in zip(data.to_dict("records"), volumes, strict=True):
        words = [row["title"]] if several or not row["value"] else []
        name = ": ".join([*words, *([row["value"]] if row["value"] else [])])
        shown = pd.notna(row["fraction"]) and (varied or row["fraction"] != 1)
        names.append(f"{name}, {share(row['fraction'])}" if shown else name)
    return names


def _name(row: Mapping[Any, Any], phases: int) -> str:
    """The set-up; of a phase its number, and the share of the run's own images that it sees."""
    part = share(round(row["images"] / row["n"], 3))
    if phases == 1:
        return str(row["setup"])
    return f"{row['setup']}, step 1: {part}" if row["phase"] == 0 else f"→ step {row['phase'] + 1}: {part}"


def _beside(metric: str, row: Mapping[Any, Any], phases: int, beside: Printed) -> str:
    """A number that is printed of no phase is that of the last."""
    place = {name: row[name] for name in _PLACE}
    return beside.cell(metric, given=() if row["phase"] == phases - 1 else ("phase",), **place)


def _cost(passes: float, seconds: float) -> list[str]:
    return [f"{passes:.3g}", duration(seconds)]
