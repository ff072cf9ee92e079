from __future__ import annotations

import math

import pandas as pd
import pytest

from datavolume.analysis.choose import choose
from datavolume.errors import UserError
from datavolume.study import Choice

CANDIDATES = {"small": ("a", "b"), "large": ("c", "d")}


def metrics_of(**last: float) -> pd.DataFrame:
    """Each run first at 0.99 of everything, then at its own value: only the last evaluation counts."""
    rows = [
        {"run": run, "split": split, "update": update, "top1": top1, "loss": top1}
        for run, value in last.items()
        for split in ("tuning", "validation")
        for update, top1 in ((1, 0.99), (2, value if split == "tuning" else 1 - value))
    ]
    return pd.DataFrame(rows)


def test_the_best_mean_at_the_end_wins() -> None:
    best, scores = choose(metrics_of(a=0.5, b=0.7, c=0.6, d=0.9), CANDIDATES, Choice())
    assert best == "large"
    assert scores["mean"].tolist() == pytest.approx([0.6, 0.75])
    assert scores["runs"].tolist() == [2, 2]


def test_the_split_and_the_sense_of_a_metric_count() -> None:
    metrics = metrics_of(a=0.5, b=0.7, c=0.6, d=0.9)
    assert choose(metrics, CANDIDATES, Choice(split="validation"))[0] == "small"
    assert choose(metrics, CANDIDATES, Choice(metric="loss"))[0] == "small"


def test_of_equals_the_first_and_a_diverged_run_never() -> None:
    assert choose(metrics_of(a=0.5, b=0.5, c=0.5, d=0.5), CANDIDATES, Choice())[0] == "small"
    assert choose(metrics_of(a=0.9, b=math.nan, c=0.1, d=0.1), CANDIDATES, Choice())[0] == "large"


def test_a_split_that_nobody_evaluated_is_one_line() -> None:
    metrics = metrics_of(a=0.5, b=0.5, c=0.5, d=0.5)
    with pytest.raises(UserError, match="nothing was evaluated on the tuning split"):
        choose(metrics[metrics["split"] == "validation"], CANDIDATES, Choice())
