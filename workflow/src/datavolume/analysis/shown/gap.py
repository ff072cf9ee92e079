"""How much better a run does on the images it was trained on than on held-out ones.

gap(summary)   a row per architecture, metric and volume: the mean over seeds, above 0 where training is better
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from datavolume.analysis.intervals import grouped_intervals
from datavolume.analysis.metrics import METRICS

__all__ = ["gap"]


def gap(summary: pd.DataFrame, *, metrics: Sequence[str] = ("top1", "loss"), level: float = 0.95) -> pd.DataFrame:
    """Accuracy: training minus validation; loss: validation minus training; at the last evaluation, stored units."""
    frames = []
    for name in metrics:
        metric = METRICS[name]
        difference = metric.sign * (summary[metric.last_train] - summary[metric.last])
        keyed = summary[["architecture", "n"]].assign(gap=difference)
        means = grouped_intervals(keyed, ["architecture", "n"], "gap", level=level)
        frames.append(means.assign(metric=name))
    return pd.concat(frames, ignore_index=True)
