"""The table of results: per architecture and volume, validation metrics over seeds.

results_table(summary)   columns architecture, n, share, runs, then <metric>_mean, _lower, _upper each, seconds_mean
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from datavolume.analysis.intervals import metric_intervals
from datavolume.analysis.volumes import Volumes

__all__ = ["TABLE_METRICS", "results_table"]

TABLE_METRICS = ("top1", "macro_f1", "loss", "ece")
_KEYS = ["architecture", "n"]


def results_table(
    summary: pd.DataFrame, *, metrics: Sequence[str] = TABLE_METRICS, level: float = 0.95
) -> pd.DataFrame:
    """Stored units; `runs` counts seeds and subsets; `seconds_mean` is the training time of one run."""
    groups = summary.groupby(_KEYS, sort=False)
    table = groups.agg(runs=("run", "count"), seconds_mean=("seconds", "mean")).reset_index()
    for metric in metrics:
        means = metric_intervals(summary, _KEYS, metric, level=level)[[*_KEYS, "mean", "lower", "upper"]]
        means.columns = pd.Index([*_KEYS, *(f"{metric}_{part}" for part in ("mean", "lower", "upper"))])
        table = table.merge(means, on=_KEYS)
    table.insert(2, "share", table["n"].map(Volumes.of(summary).share))
    return table[[name for name in table if name != "seconds_mean"] + ["seconds_mean"]]
