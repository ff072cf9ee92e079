"""The trainings behind a curve, as the statistics rooms want them.

    values = measured(runs, "top1")         columns architecture, n, seed, value: a row a training
    curve = curve_of(values, "top1")        of the rows of one architecture

A replicate is a seed on one subset draw: what runs at several volumes have in common, so what they are paired by.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from datavolume.analysis.metrics import METRICS
from datavolume.statistics.curves import Curve, Kind

__all__ = ["COLUMNS", "curve_of", "curves_of", "measured", "replicate", "resolution"]

COLUMNS = ["architecture", "n", "seed", "value"]
_LEAST_LOSS = 1e-12  # a loss of 0 has no logarithm


def measured(runs: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Columns COLUMNS: validation at the last evaluation, in stored units; values that are not finite are left out.

    `seed` also names the subset's draw where there were several.
    """
    values = runs[["architecture", "n"]].assign(seed=replicate(runs), value=runs[METRICS[metric].last].astype(float))
    finite: pd.DataFrame = values[np.isfinite(values["value"].to_numpy())]
    return finite.groupby(COLUMNS[:3], as_index=False, sort=False)[["value"]].mean()


def replicate(runs: pd.DataFrame) -> pd.Series[str]:
    """What a run has in common with those at other volumes."""
    seeds = runs["seed"].astype(str)
    return seeds if runs["subset_seed"].nunique() < 2 else seeds + "/" + runs["subset_seed"].astype(str)


def curve_of(values: pd.DataFrame, metric: str) -> Curve:
    """Of rows of `measured`; raises UserError where there are none."""
    value = values["value"].to_numpy(dtype=float)
    value = np.maximum(value, _LEAST_LOSS) if metric == "loss" else value
    return Curve(values["n"].to_numpy(dtype=float), value, values["seed"].to_numpy(), _kind(metric))


def _kind(metric: str) -> Kind:
    if metric == "loss":
        return "loss"
    return "accuracy" if METRICS[metric].higher_is_better else "error"


def curves_of(runs: pd.DataFrame, metric: str, *, sizes: int = 1) -> Iterator[tuple[str, Curve]]:
    """Architecture and its curve, in order of appearance; those of fewer `sizes` are left out."""
    for architecture, values in measured(runs, metric).groupby("architecture", sort=False):
        if values["n"].nunique() >= sizes:
            yield str(architecture), curve_of(values, metric)


def resolution(runs: pd.DataFrame, metric: str) -> float:
    """One held-out image: seeds that agree to the same image do not show that there is no spread."""
    counted = metric in ("top1", "top5") and "n_validation" in runs
    return 1 / float(runs["n_validation"].min()) if counted else 0.0
