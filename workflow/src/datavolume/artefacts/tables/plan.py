"""What a study plans for each volume: epochs and schedule, as they scale with the data."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from datavolume.analysis.select import select
from datavolume.analysis.shown.lengths import lengths
from datavolume.analysis.words import count, share
from datavolume.artefacts.results import Results
from datavolume.artefacts.setting import Table
from datavolume.artefacts.tables.cells import NOTHING, Printed, checked, printed

__all__ = ["plan_table"]


def _length(value: float) -> str:
    """12, 6.67; a dash where there is none."""
    if not value:
        return NOTHING
    near = abs(value - round(value)) < 0.005 * max(1.0, value / 100)
    return count(value) if near and round(value) else f"{value:.2f}"


@dataclass(frozen=True)
class _Column:
    """`frame`: its name in the frame; `metric`: in a published file, where it may be printed."""

    head: str
    frame: str
    text: Callable[[Any], str]
    metric: str = ""


_COLUMNS = {
    "volume": _Column("Data volume", "volume", str),
    "images": _Column("Training images", "images", count, "n"),
    "batch_size": _Column("Batch size", "batch_size", count),
    "learning_rate": _Column("Learning rate", "learning_rate", lambda value: f"{value:.3g}"),
    "updates": _Column("Updates", "updates", count),
    "samples": _Column("Images passed", "samples", count),
    "epochs": _Column("Epochs", "epochs", _length, "epochs"),
    "evaluated_every": _Column("Evaluated every … epochs", "evaluated_every", _length, "evaluated_every"),
    "warmup": _Column("Warm-up (epochs)", "warmup_epochs", _length, "warmup_epochs"),
    "decay_every": _Column("Rate decays every … epochs", "decay_epochs", _length, "decay_epochs"),
}
_DEFAULT = ("volume", "images", "epochs", "decay_every", "warmup")
_KEYS = ["experiment", "title", "stage", "value", "network", "fraction", "n", "phase"]


def plan_table(
    results: Results,
    *,
    experiments: str | Sequence[str] | None = None,
    networks: str | Sequence[str] | None = None,
    columns: Sequence[str] = _DEFAULT,
    published: str = "",
) -> Table:
    """A row a volume (a phase of it, where runs have several), a group an experiment and network; epochs are those of
    the volume's own images."""
    checked("columns", list(columns), list(_COLUMNS))
    runs = select(results.summary, results.points, experiments=experiments, architectures=networks)
    planned = lengths(results.plan, runs.drop_duplicates("run"), results.metrics)
    data = runs[[*_KEYS[:-1], "run"]].merge(planned, on="run").drop_duplicates(_KEYS)
    data["volume"] = [_volume(row) for row in data.to_dict("records")]
    data = data[[*_KEYS, *(_COLUMNS[name].frame for name in _COLUMNS)]]
    beside = printed(results, published)
    named = data["title"].nunique() > 1 or (data["value"] != "").any()
    head = [*(["Experiment"] if named else []), *(["Network"] if not named or data["network"].nunique() > 1 else [])]
    for column in (_COLUMNS[name] for name in columns):
        head += [column.head, *(["printed"] if beside.has(column.metric) else [])]
    groups = [group for _, group in data.groupby(["experiment", "value", "network"], sort=False)]
    lines = [[_line(row, head, columns, beside) for row in _rising(group).to_dict("records")] for group in groups]
    return Table(data.reset_index(drop=True), head, lines)


def _rising(group: pd.DataFrame) -> pd.DataFrame:
    return group.sort_values(["n", "phase"], kind="stable")


def _volume(row: Mapping[Any, Any]) -> str:
    """As the study gives it: 12.5 %, or 750 images."""
    return count(row["n"]) if math.isnan(row["fraction"]) else share(row["fraction"])


def _line(row: Mapping[Any, Any], head: Sequence[str], columns: Sequence[str], beside: Printed) -> list[str]:
    cells = [", ".join(filter(None, (row["title"], row["value"])))] if "Experiment" in head else []
    cells += [str(row["network"])] if "Network" in head else []
    for column in (_COLUMNS[name] for name in columns):
        value = row[column.frame]
        cells.append(column.text(value) if pd.notna(value) else NOTHING)
        if beside.has(column.metric):
            place = {name: row[name] for name in ("experiment", "stage", "value", "network", "fraction")}
            cells.append(beside.cell(column.metric, size=row["n"], **place))
    return cells
