"""What a configuration costs beside what it reaches, and which ones nothing cheaper beats.

rows = cost_of(values, summary, "images", metric)     a row a configuration, with what a gained point costs
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from datavolume.analysis.intervals import grouped_intervals
from datavolume.analysis.metrics import Metric

__all__ = ["COSTS", "cost_of"]

# By option: the column of the summary and what one unit of it is divided by.
COSTS = {"images": ("samples", 1.0), "hours": ("seconds", 3600.0)}
_KEYS = ["series", "stage", "value", "n"]


def cost_of(values: pd.DataFrame, summary: pd.DataFrame, cost: str, metric: Metric) -> pd.DataFrame:
    """A row per series, stage, value and n of `values` (selected, with `series`; a run that stands in several places is
    taken at its first): cost of one run, mean, lower, upper and count over its seeds, frontier, price.

    `frontier`: nothing that costs as much or less is better. `price`: on the frontier, what one more unit of the metric
    as it is shown (a percentage point, a nat) cost from the cheaper neighbour; NaN elsewhere.
    """
    column, unit = COSTS[cost]
    runs = values.drop_duplicates("run")
    runs = runs.assign(cost=runs["run"].map(summary.set_index("run")[column]) / unit)
    means = grouped_intervals(runs, _KEYS, "measured", bounds=metric.bounds)
    costs = runs.groupby(_KEYS, sort=False, as_index=False)["cost"].mean()
    return _with_frontier(costs.merge(means, on=_KEYS, how="left", validate="one_to_one"), metric)


def _with_frontier(table: pd.DataFrame, metric: Metric) -> pd.DataFrame:
    score = metric.sign * metric.scale * table["mean"]
    order = table.assign(score=score).sort_values(["cost", "score"], ascending=[True, False], kind="stable")
    best_before = order["score"].cummax().shift(fill_value=-np.inf)
    order["frontier"] = order["score"] > best_before
    front = order[order["frontier"]]
    order.loc[front.index, "price"] = front["cost"].diff() / front["score"].diff()
    return order.drop(columns="score").loc[table.index]
