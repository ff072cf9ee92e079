"""Accuracy by the values of a factor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from datavolume.analysis.metrics import Metric
from datavolume.analysis.select import select
from datavolume.analysis.shown.tabulated import by_value as by_value_frame
from datavolume.analysis.words import count
from datavolume.artefacts.results import Results
from datavolume.artefacts.setting import Table
from datavolume.artefacts.tables.cells import (
    Printed,
    capital,
    checked,
    duration,
    estimate,
    factor,
    known_metrics,
    printed,
)

__all__ = ["by_value"]


def by_value(
    results: Results,
    *,
    experiments: str | Sequence[str] | None = None,
    stage: str | None = None,
    values: str | Sequence[str] | None = None,
    networks: str | Sequence[str] | None = None,
    fractions: float | Sequence[float] | None = None,
    metrics: str | Sequence[str] = ("top1",),
    statistic: str = "last",
    parameters: bool = False,
    seconds: bool = False,
    published: str = "",
) -> Table:
    """A row a value, network and volume, a group a stage; validation, mean over seeds with its 95 % interval.

    `published`: artefact of the published file whose numbers stand beside ours.
    """
    checked("statistic", statistic, ("last", "best"))
    names = known_metrics(metrics)
    runs = select(
        results.summary,
        results.points,
        experiments=experiments,
        stage=stage,
        values=values,
        architectures=networks,
        fractions=fractions,
    )
    data = by_value_frame(runs, results.metrics, [metric.name for metric in names], statistic=statistic)
    beside = printed(results, published)
    columns = _Columns(data, names, beside, statistic, parameters, seconds)
    stages = [columns.rows(group) for _, group in data.groupby(["experiment", "stage"], sort=False)]
    return Table(data, columns.head(), [list(rows) for rows in stages])


class _Columns:
    """Which columns there are, decided once for all rows."""

    def __init__(
        self,
        data: pd.DataFrame,
        metrics: Sequence[Metric],
        beside: Printed,
        statistic: str,
        parameters: bool,
        seconds: bool,
    ) -> None:
        self._metrics, self._beside = metrics, beside
        self._best = ", best" if statistic == "best" else ""
        self._first = _first(data)
        self._networks = data["network"].nunique() > 1 and not (data["stage"] == "architecture").all()
        self._sizes = data["n"].nunique() > 1
        self._parameters, self._seconds = parameters, seconds

    def head(self) -> list[str]:
        head = [self._first, *(["Network"] if self._networks else []), *(["Training images"] if self._sizes else [])]
        for metric in self._metrics:
            head += [f"{capital(metric.label)}{self._best}" + (f" ({metric.unit})" if metric.unit else "")]
            head += self._printed(metric.name)
        if self._parameters:
            head += ["Parameters (million)", "Size (MB)", *self._printed("parameter_mb")]
        head += ["Training time", *self._printed("seconds")] if self._seconds else []
        return [*head, "Runs"]

    def rows(self, group: pd.DataFrame) -> Iterator[list[str]]:
        for row in group.to_dict("records"):
            yield self._row(row)

    def _row(self, row: Mapping[Any, Any]) -> list[str]:
        cells = [str(row["value"] or row["title"])]
        cells += [str(row["network"])] if self._networks else []
        cells += [count(row["n"])] if self._sizes else []
        for metric in self._metrics:
            cells += [
                estimate(row, metric, digits=2 if metric.unit == "%" else None),
                *self._beside_ours(metric.name, row),
            ]
        if self._parameters:
            million = row["parameters"] / 1e6
            cells += [f"{million:.3g}", f"{4 * million:.3g}", *self._beside_ours("parameter_mb", row)]
        cells += [duration(row["seconds"]), *self._beside_ours("seconds", row)] if self._seconds else []
        return [*cells, str(row["runs"])]

    def _printed(self, metric: str) -> list[str]:
        return ["printed"] if self._beside.has(metric) else []

    def _beside_ours(self, metric: str, row: Mapping[Any, Any]) -> list[str]:
        if not self._beside.has(metric):
            return []
        place = {name: row[name] for name in ("experiment", "stage", "value", "network", "fraction")}
        return [self._beside.cell(metric, **place)]


def _first(data: pd.DataFrame) -> str:
    stages = data["stage"].unique()
    return factor(str(stages[0])) if len(stages) == 1 else "Set-up"
