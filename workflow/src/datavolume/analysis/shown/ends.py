"""What a metric is where runs end, and on the way there, on any split.

last_values(metrics, "top1", "validation")      a row a run, its last evaluation; column `measured`
histories(metrics, "loss", "train")             a row an evaluation; columns `evaluation` (1, 2, ...) and `measured`
"""

from __future__ import annotations

import pandas as pd

from datavolume.analysis.last_batch import KNOWN
from datavolume.errors import UserError

__all__ = ["SPLITS", "histories", "last_values", "seed_mean_history"]

SPLITS = ("train", "tuning", "validation")


def histories(metrics: pd.DataFrame, metric: str, split: str) -> pd.DataFrame:
    """Rows of `metrics` (one a run, split and evaluation) of one split, in each run's order, other metrics left out.

    Values are in stored units. Raises UserError where nothing was evaluated on the split, or the metric not logged.
    """
    rows = metrics[metrics["split"] == split]
    if rows.empty:
        raise UserError(f"split: nothing was evaluated on {split}; there is {', '.join(sorted(set(metrics['split'])))}")
    if metric not in rows or rows[metric].isna().all():
        raise UserError(f"metric: no run logged {metric} on {split}; runs of an older version have to be trained again")
    rows = rows.sort_values("update", kind="stable").assign(measured=lambda frame: frame[metric])
    rows = rows.assign(evaluation=rows.groupby("run").cumcount() + 1).sort_index(kind="stable")
    return rows.drop(columns=[name for name in KNOWN if name in rows])


def last_values(metrics: pd.DataFrame, metric: str, split: str) -> pd.DataFrame:
    """The rows of `histories` at each run's last evaluation."""
    rows = histories(metrics, metric, split)
    return rows[rows["evaluation"] == rows.groupby("run")["evaluation"].transform("max")].reset_index(drop=True)


def seed_mean_history(rows: pd.DataFrame) -> pd.DataFrame:
    """Means over the runs of each series, n and evaluation: update, samples, epoch, mean, count; in that order.

    `rows` are histories with `series`. A run that stopped early counts as far as it came.
    """
    groups = rows.groupby(["series", "n", "evaluation"], sort=False)
    means = groups.agg(
        update=("update", "mean"),
        samples=("samples", "mean"),
        epoch=("epoch", "mean"),
        mean=("measured", "mean"),
        count=("measured", "count"),
    ).reset_index()
    order = {name: place for place, name in enumerate(rows["series"].unique())}
    return means.sort_values(
        ["series", "n", "evaluation"],
        key=lambda key: key.map(order) if key.name == "series" else key,
        ignore_index=True,
    )
