"""Means over seeds by a design's values, and by the phases of runs: what tables of accuracies show.

    by_value(runs, metrics, ["top1"], statistic="best")       a row per (experiment, stage, value, network, size)
    by_phase(runs, metrics, ["top1", "top5"], lengths(...))   a row per phase of these

`runs` are rows of the summary with their places in the designs (analysis.select); frames come and go in stored units.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from datavolume.analysis.intervals import mean_interval
from datavolume.analysis.metrics import METRICS
from datavolume.analysis.published.matching import Ours, values_of

__all__ = ["KEYS", "by_phase", "by_value"]

KEYS = ["experiment", "title", "stage", "value", "position", "network", "n"]
_PARTS = ("mean", "lower", "upper")
_LENGTHS = ["phases", "images", "batch_size", "learning_rate", "epochs", "samples", "passes", "seconds"]


def by_value(
    runs: pd.DataFrame,
    metrics: pd.DataFrame,
    names: Sequence[str],
    *,
    statistic: str = "last",
    split: str = "validation",
) -> pd.DataFrame:
    """KEYS, fraction, runs, <metric>_mean, _lower, _upper (95 % over seeds and subsets), parameters, seconds (mean).

    In the order of experiments, stages and values. `statistic`: last or best over the evaluations of `split`.
    """
    columns = {name: _values(runs, metrics, name, statistic, split, None) for name in names}
    rows = []
    for keys, group in runs.groupby(KEYS, sort=False):
        row: dict[str, Any] = dict(zip(KEYS, keys, strict=True))
        row |= {"fraction": group["fraction"].iloc[0], "runs": group["run"].nunique()}
        for name in names:
            row |= _interval(name, group["run"].map(columns[name]))
        row |= {"parameters": int(group["parameters"].iloc[0]), "seconds": float(group["seconds"].mean())}
        rows.append(row)
    return _in_order(pd.DataFrame(rows))


def by_phase(
    runs: pd.DataFrame,
    metrics: pd.DataFrame,
    names: Sequence[str],
    lengths: pd.DataFrame,
    *,
    statistic: str = "last",
    split: str = "validation",
) -> pd.DataFrame:
    """KEYS, fraction, phase, runs, metrics as `by_value`, and means of what lengths says: phases, images, batch_size,
    learning_rate, epochs, samples, passes, seconds. A phase's metrics are those of its own evaluations; `passes` are
    over the largest training set here of its network."""
    placed = runs[[*KEYS, "fraction", "run"]].merge(lengths, on="run")
    placed["passes"] = placed["samples"] / placed.groupby("network")["n"].transform("max")
    columns = {
        (name, phase): _values(runs, metrics, name, statistic, split, int(phase))
        for name in names
        for phase in sorted(set(placed["phase"]))
    }
    rows = []
    for keys, group in placed.groupby([*KEYS, "phase"], sort=False):
        row: dict[str, Any] = dict(zip([*KEYS, "phase"], keys, strict=True))
        phase = int(row["phase"])
        row |= {"fraction": group["fraction"].iloc[0], "runs": group["run"].nunique()}
        for name in names:
            row |= _interval(name, group["run"].map(columns[name, phase]))
        row |= {name: float(group[name].mean()) for name in _LENGTHS}
        rows.append(row)
    return _in_order(pd.DataFrame(rows))


def _values(
    runs: pd.DataFrame, metrics: pd.DataFrame, name: str, statistic: str, split: str, phase: int | None
) -> pd.Series[float]:
    """By run."""
    asked = {"metric": name, "statistic": statistic, "split": split, "phase": phase, "unit": ""}
    once = runs.drop_duplicates("run")
    values: pd.Series[float] = values_of(asked, once, Ours(once, metrics, pd.DataFrame())).set_index("run")["value"]
    return values


def _interval(name: str, values: pd.Series[float]) -> dict[str, float]:
    bounds = METRICS[name].bounds if name in METRICS else (-np.inf, np.inf)
    found = mean_interval(values, bounds=bounds)
    return {f"{name}_{part}": getattr(found, part) for part in _PARTS}


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Experiments and stages as they come in the study, values by their position there, volumes rising."""
    places = {
        name: {key: i for i, key in enumerate(table[name].unique())} for name in ("experiment", "stage", "network")
    }
    order = table.assign(**{f"_{name}": table[name].map(place) for name, place in places.items()})
    by = ["_experiment", "_stage", "position", "_network", "n", *(["phase"] if "phase" in table else [])]
    return table.loc[order.sort_values(by, kind="stable").index].reset_index(drop=True)
