"""Which value of a varied factor a design went on with, or would.

chosen_values(metrics, rows, points, stage, Choice(metric="top1", split="tuning"))     a row an experiment and network
"""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd

from datavolume.analysis.choose import choose
from datavolume.study import Choice

__all__ = ["chosen_values"]


def chosen_values(
    metrics: pd.DataFrame, rows: pd.DataFrame, points: pd.DataFrame, stage: str, choice: Choice
) -> pd.DataFrame:
    """Columns experiment, series, value: of each series of `rows` (selected at that stage, with `series`).

    A later stage of a design says what was chosen; elsewhere it is the best by `choice`, on the validation split where
    there is no tuning split.
    """
    if choice.split == "tuning" and not (metrics["split"] == "tuning").any():
        choice = replace(choice, split="validation")
    found = []
    for (experiment, series), group in rows.groupby(["experiment", "series"], sort=False):
        value = _taken_over(points, str(experiment), stage)
        if value is None:
            ordered = group.sort_values("position", kind="stable")
            candidates = {str(label): list(runs) for label, runs in ordered.groupby("value", sort=False)["run"]}
            value, _ = choose(metrics, candidates, choice)
        found.append((experiment, series, value))
    return pd.DataFrame(found, columns=["experiment", "series", "value"])


def _taken_over(points: pd.DataFrame, experiment: str, stage: str) -> str | None:
    """The value that the experiment's later stages were trained at."""
    later = points[(points["experiment"] == experiment) & (points["stage"] != stage) & (points["stage"] != "")]
    labels = {json.loads(values).get(stage) for values in later["values"].unique()} - {None}
    return str(labels.pop()) if len(labels) == 1 else None
