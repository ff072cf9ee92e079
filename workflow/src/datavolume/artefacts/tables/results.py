"""The table of results."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from datavolume.analysis.metrics import METRICS
from datavolume.analysis.shown.results import TABLE_METRICS, results_table
from datavolume.analysis.volumes import Volumes
from datavolume.analysis.words import count, share
from datavolume.artefacts.results import Results
from datavolume.artefacts.setting import Table
from datavolume.artefacts.tables.cells import NOTHING, capital, estimate

__all__ = ["results"]


def results(results: Results) -> Table:
    """Validation metrics over seeds per architecture and volume, one group an architecture."""
    volumes, data = Volumes.of(results.summary), results_table(results.summary)
    head = ["Architecture", "Training images", *(["Share"] if volumes.known else []), "Runs"]
    head += [capital(METRICS[metric].axis) for metric in TABLE_METRICS] + ["Training time (s)"]
    groups = [list(_rows(rows, volumes)) for _, rows in data.groupby("architecture", sort=False)]
    return Table(data, head, groups)


def _rows(rows: pd.DataFrame, volumes: Volumes) -> Iterator[list[str]]:
    for row in rows.to_dict("records"):
        size = [count(row["n"]), *([share(row["share"])] if volumes.known else [])]
        metrics = [estimate(row, METRICS[metric]) for metric in TABLE_METRICS]
        yield [str(row["architecture"]), *size, str(row["runs"]), *metrics, _seconds(row["seconds_mean"])]


def _seconds(seconds: float) -> str:
    if math.isnan(seconds):
        return NOTHING
    return count(seconds) if seconds >= 100 else f"{seconds:.3g}"
