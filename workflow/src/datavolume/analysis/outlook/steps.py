"""What the next step buys: more images, another network, or both, with gain and cost beside each other.

next_steps(summary, plan, forecasts(summary, ["2x"]).of, more=1000, price_per_label=0.05, price_per_gpu_hour=2.0)

Told from the cheapest curve at its largest volume, and from the best one: the two places where one may stand. GPU hours
are a run's training time times its GPUs; a run without a GPU counts the time of its job.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from datavolume.analysis.metrics import METRICS
from datavolume.analysis.outlook.ahead import LEVEL, METRIC
from datavolume.analysis.replicates import replicate
from datavolume.analysis.tables import NEXT_STEPS
from datavolume.statistics import requirement as rooms
from datavolume.statistics.curves import Forecast

__all__ = ["next_steps"]


def next_steps(
    summary: pd.DataFrame,
    plan: pd.DataFrame,
    predicted: Mapping[str, Forecast],
    *,
    more: int,
    price_per_label: float | None = None,
    price_per_gpu_hour: float | None = None,
) -> pd.DataFrame:
    """A row per place and option; `labels`: how many more images; prices in the unit that the study gives them in.

    `summary` has the columns samples and seconds; `plan` a row a run with gpus. Curves of one volume take no part.
    """
    frame = _frame(summary, plan)
    tables = [
        rooms.next_steps(
            frame,
            kind="accuracy",
            more=more,
            at=place,
            price_per_label=price_per_label,
            price_per_gpu_hour=price_per_gpu_hour,
            level=LEVEL,
            predicted=predicted,
        ).assign(from_architecture=place[0], from_n=place[1])
        for place in _places(frame)
    ]
    if not tables:
        return pd.DataFrame(columns=list(NEXT_STEPS))
    return pd.concat(tables, ignore_index=True).assign(level=LEVEL)[list(NEXT_STEPS)]


def _frame(summary: pd.DataFrame, plan: pd.DataFrame) -> pd.DataFrame:
    """A row a training: architecture, n, seed, value, gpu_hours, images; curves of two volumes or more."""
    gpus = summary["run"].map(plan.set_index("run")["gpus"]).astype(float).clip(lower=1)
    runs = summary[["architecture", "n"]].assign(
        seed=replicate(summary),
        value=summary[METRICS[METRIC].last],
        gpu_hours=summary["seconds"] / 3600 * gpus,
        images=summary["samples"],
    )
    volumes = runs.groupby("architecture")["n"].transform("nunique")
    return runs[(volumes > 1) & runs["value"].notna()].reset_index(drop=True)


def _places(frame: pd.DataFrame) -> list[tuple[str, float]]:
    """The best and the cheapest curve, each at its largest volume; once where they are the same."""
    if frame.empty:
        return []
    full = frame[frame["n"] == frame.groupby("architecture")["n"].transform("max")]
    means = full.groupby("architecture", sort=False, as_index=False)[["n", "value", "gpu_hours"]].mean()
    best, cheapest = means.nlargest(1, "value"), means.nsmallest(1, "gpu_hours")
    rows = pd.concat([best, cheapest]).drop_duplicates("architecture")
    return [(str(name), float(n)) for name, n in zip(rows["architecture"], rows["n"], strict=True)]
