"""Which candidate of a design's stage is best.

best, scores = choose(metrics, decision.candidates, Choice(metric="top1", split="tuning"))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from datavolume.analysis.metrics import METRICS
from datavolume.errors import UserError
from datavolume.study import Choice

__all__ = ["choose"]


def choose(metrics: pd.DataFrame, candidates: Mapping[str, Sequence[str]], choice: Choice) -> tuple[str, pd.DataFrame]:
    """The label with the best mean over its runs at their last evaluation; of equals, the first.

    `metrics` has a row per run, split and evaluation; the frame has a row a candidate: value, mean, sd, runs. A run
    without a number (it diverged) makes its candidate the worst. Raises UserError where the split was not evaluated.
    """
    rows = metrics[metrics["split"] == choice.split]
    if rows.empty:
        raise UserError(f"choose.split: nothing was evaluated on the {choice.split} split; set dataset.tuning, as 0.2")
    last = rows.sort_values("update", kind="stable").drop_duplicates("run", keep="last").set_index("run")[choice.metric]
    scores = pd.DataFrame([_score(label, last.reindex(list(runs))) for label, runs in candidates.items()])
    sign = METRICS[choice.metric].sign
    place = int((sign * scores["mean"]).fillna(-float("inf")).to_numpy().argmax())
    return str(scores["value"].iloc[place]), scores


def _score(label: str, values: pd.Series) -> dict[str, object]:
    return {"value": label, "mean": values.mean(skipna=False), "sd": values.std(), "runs": len(values)}
