"""How far trainings scatter, what that comes from, and how many seeds are enough.

    variance(summary)                   per curve: of seed, subset and their combination, or of all together
    seeds_needed(summary, margin=0.01)  per curve, at its largest volume: for an interval, and for a difference

Of top-1 accuracy, pooled over the volumes of a curve (`n` 0), as `statistics.variance.components` splits it where every
seed was trained on every subset; and at each volume as it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from datavolume.analysis.metrics import METRICS
from datavolume.analysis.outlook.ahead import METRIC
from datavolume.analysis.replicates import measured, resolution
from datavolume.analysis.tables import SEEDS
from datavolume.errors import UserError
from datavolume.statistics.variance import (
    components,
    power_of_seeds,
    seeds_for_power,
    seeds_for_width,
    width_of_seeds,
)

__all__ = ["VARIANCE", "seeds_needed", "variance"]

VARIANCE = ["architecture", "n", "source", "variance", "lower", "upper", "sd", "df", "share", "note"]
POOLED = 0


def variance(summary: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """In the square of stored units; lower and upper bound the variance. Curves of one training a volume are left out.

    `source`: seed, subset, combination; "seed" alone where all share one subset; "seed and subset" where both change.
    """
    rows = [row for _, runs in summary.groupby("architecture", sort=False) for row in _variances(runs, level)]
    return pd.DataFrame(rows, columns=VARIANCE)


def _variances(runs: pd.DataFrame, level: float) -> Iterator[dict[str, Any]]:
    head = {"architecture": runs["architecture"].iloc[0]}
    both = runs["subset_seed"].nunique() > 1
    split = _split(runs, level) if both else pd.DataFrame()
    for row in split.to_dict("records"):
        yield {**head, "n": POOLED, **{str(key): value for key, value in row.items()}}
    source = "seed and subset" if both else "seed"
    values = measured(runs, METRIC)
    parts = {int(n): values.loc[values["n"] == n, "value"].to_numpy() for n in sorted(values["n"].unique())}
    several = {n: values for n, values in parts.items() if values.size > 1}
    groups = {POOLED: list(several.values())} if several and split.empty else {}
    for n, samples in {**groups, **{n: [sample] for n, sample in several.items()}}.items():
        yield {**head, "n": n, "source": source, **_pooled(samples, level), "share": 1.0, "note": ""}


def _split(runs: pd.DataFrame, level: float) -> pd.DataFrame:
    """Empty where seeds and subsets were not crossed."""
    values = runs[["n", "seed", "subset_seed"]].assign(value=runs[METRICS[METRIC].last])
    found = components(values, "value", seed="seed", subset="subset_seed", within=["n"], level=level)
    return found.table.assign(note=found.note)


def _pooled(samples: list[Any], level: float) -> dict[str, float]:
    """Of several means: the spread of single trainings about them."""
    df = sum(values.size - 1 for values in samples)
    squares = sum(float(((values - values.mean()) ** 2).sum()) for values in samples)
    high, low = (float(stats.chi2.ppf(tail, df)) for tail in ((1 + level) / 2, (1 - level) / 2))
    return {
        "variance": squares / df,
        "lower": squares / high,
        "upper": squares / low,
        "sd": math.sqrt(squares / df),
        "df": df,
    }


def seeds_needed(summary: pd.DataFrame, *, margin: float) -> pd.DataFrame:
    """A row a curve. `width` of the 95 % interval of the mean with the `seeds` trained; `seeds_for_width`: for one of
    `margin`; `power` to see a difference of `margin` between two means with these seeds; `seeds_for_power`: for 0.8.

    Two seeds that agree to the image are taken to differ by one (`replicates.resolution`).
    """
    rows = [_needed(str(name), runs, margin) for name, runs in summary.groupby("architecture", sort=False)]
    return pd.DataFrame(rows, columns=list(SEEDS))


def _needed(name: str, runs: pd.DataFrame, margin: float) -> dict[str, Any]:
    values = measured(runs, METRIC)
    full = values.loc[values["n"] == values["n"].max(), "value"].to_numpy()
    head = {"architecture": name, "n": runs["n"].max(), "seeds": full.size, "margin": margin}
    if full.size < 2:
        return {**head, "note": "one training of the largest volume: nothing tells how far others would scatter"}
    sd = max(float(np.std(full, ddof=1)), resolution(runs, METRIC))
    if not sd:
        return {**head, "sd": 0.0, "df": full.size - 1, "note": "all seeds agree exactly"}
    numbers = {
        "sd": sd,
        "df": full.size - 1,
        "width": width_of_seeds(sd, full.size),
        "power": power_of_seeds(margin, sd, full.size),
    }
    try:
        return {
            **head,
            **numbers,
            "seeds_for_width": seeds_for_width(sd, margin),
            "seeds_for_power": seeds_for_power(margin, sd),
            "note": "",
        }
    except UserError as error:  # a million seeds would be too few
        return {**head, **numbers, "note": str(error)}
