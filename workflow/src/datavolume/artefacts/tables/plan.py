"""What a study plans for each volume: epochs and schedule, as they scale with the data."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from datavolume.analysis.lengths import lengths
from datavolume.analysis.select import select
from datavolume.analysis.volumes import Volumes
from datavolume.analysis.words import count, share
from datavolume.artefacts.results import Results
from datavolume.artefacts.setting import Table
from datavolume.artefacts.tables.cells import NOTHING, checked

__all__ = ["plan_table"]


def _length(value: float) -> str:
    """12, 6.67; a dash where there is none."""
    if math.isnan(value) or not value:
        return NOTHING
    return f"{value:.0f}" if abs(value - round(value)) < 0.005 * max(1.0, value / 100) else f"{value:.2f}"


_COLUMNS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "volume": ("Share of the data", share),
    "images": ("Training images", count),
    "batch_size": ("Batch size", count),
    "learning_rate": ("Learning rate", lambda value: f"{value:.3g}"),
    "updates": ("Updates", count),
    "samples": ("Images passed", count),
    "epochs": ("Epochs", _length),
    "evaluated_every": ("Evaluated every … epochs", _length),
    "warmup_epochs": ("Warm-up (epochs)", _length),
    "decay_epochs": ("Learning rate decays every … epochs", _length),
}
_DEFAULT = ("volume", "images", "epochs", "decay_epochs", "warmup_epochs")


def plan_table(
    results: Results,
    *,
    experiments: str | Sequence[str] | None = None,
    networks: str | Sequence[str] | None = None,
    columns: Sequence[str] = _DEFAULT,
) -> Table:
    """A row a volume (a phase of it, where runs have several), a group an experiment and network; epochs are those of
    the volume's own images."""
    checked("columns", list(columns), list(_COLUMNS))
    runs = select(results.summary, results.points, experiments=experiments, architectures=networks)
    once = runs.drop_duplicates("run")
    data = runs.merge(lengths(results.plan, once, results.metrics), on="run", suffixes=("", "_of_run"))
    volumes = Volumes.of(results.summary)
    data["volume"] = [
        volumes.share(n) if math.isnan(f) else f for n, f in zip(data["n"], data["fraction"], strict=True)
    ]
    keys = ["experiment", "title", "value", "network", "n", "phase"]
    planned = [name for name in _COLUMNS if name in data]
    data = data.drop_duplicates(keys)[[*keys, *planned]].sort_values(["n", "phase"], kind="stable")
    first = "Network" if data["title"].nunique() == 1 else "Experiment"
    order = {name: place for place, name in enumerate(runs["experiment"].unique())}
    groups = sorted(data.groupby(["experiment", "value", "network"], sort=False), key=lambda one: order[one[0][0]])
    head = [first, *(_COLUMNS[name][0] for name in columns)]
    lines = [[_line(row, first, columns) for row in group.to_dict("records")] for _, group in groups]
    return Table(data.reset_index(drop=True), head, lines)


def _line(row: Mapping[Any, Any], first: str, columns: Sequence[str]) -> list[str]:
    name = str(row["network"]) if first == "Network" else ", ".join(filter(None, (row["title"], row["value"])))
    return [name, *(_COLUMNS[column][1](row[column]) if pd.notna(row[column]) else NOTHING for column in columns)]
