"""What training costs: images passed and seconds of each set-up, beside a baseline.

cost(runs, baseline="baseline")     `runs` of the summary with their places in the designs (analysis.select)
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from datavolume.errors import UserError
from datavolume.study.validate import nearest

__all__ = ["cost"]

_KEYS = ["experiment", "title", "stage", "value", "network", "n"]


def cost(runs: pd.DataFrame, *, baseline: str = "") -> pd.DataFrame:
    """Experiment, title, stage, value, network, n, fraction, runs, then means over seeds: samples (images passed),
    passes (over `full`, the largest training set here of that network), seconds; and samples_share, seconds_share of
    the baseline of the same network, at its largest volume.

    `baseline` is a value's label or an experiment; none: each network's first row. Raises UserError for no such row.
    """
    table = runs.groupby(_KEYS, sort=False, as_index=False).agg(
        fraction=("fraction", "first"),
        runs=("run", "nunique"),
        samples=("samples", "mean"),
        seconds=("seconds", "mean"),
    )
    table["full"] = table.groupby("network")["n"].transform("max")
    table["passes"] = table["samples"] / table["full"]
    known = [*table["value"], *table["experiment"]]
    if baseline and baseline not in known:
        raise UserError(f"baseline '{baseline}' is not allowed{nearest(baseline, {name for name in known if name})}")
    parts = [_shares(group, baseline) for _, group in table.groupby("network", sort=False)]
    return pd.concat(parts).loc[table.index]


def _shares(group: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """NaN for a network that the baseline was not trained with."""
    found = group if not baseline else group[(group["value"] == baseline) | (group["experiment"] == baseline)]
    whole = found.nlargest(1, "n") if baseline else found.head(1)
    shares: dict[str, Any] = {
        f"{name}_share": group[name] / (float(whole[name].iloc[0]) if len(whole) else float("nan"))
        for name in ("samples", "seconds")
    }
    return group.assign(**shares)
