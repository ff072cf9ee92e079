"""Early stopping: whether a run has stopped getting better, from its metrics so far and from nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from datavolume.study.model import EarlyStopping

__all__ = ["has_stopped"]


def has_stopped(rule: EarlyStopping | None, rows: Sequence[Mapping[str, Any]], phase: int = 0) -> bool:
    """After `patience` evaluations in a row that were no better than the best before by `min_delta` (as Keras counts).

    `rows` are the run's metrics; those of the tuning split in this phase count.
    """
    if rule is None:
        return False
    best, waited = math.inf, 0
    for row in rows:
        if row["split"] != "tuning" or row["phase"] != phase:
            continue
        value = row["loss"] if rule.metric == "loss" else -row["top1"]
        if value < best - rule.min_delta:
            best, waited = value, 0
        else:
            waited += 1
        if waited >= rule.patience:
            return True
    return False
