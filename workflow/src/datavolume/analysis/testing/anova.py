"""Does data volume matter, does architecture, and do they work together? Analysis of variance over seeds.

one_way(summary)   per architecture and metric: does the metric differ between volumes?
two_way(summary)   per metric: volume, architecture and their interaction (type II, sum contrasts)

A volume's level is its number of training images `n`. Effects: eta2 is the share of the variance in this sample, omega2
the estimate for other seeds (below 0: none). Each run counts as one independent value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from datavolume.analysis.metrics import METRICS
from datavolume.statistics.variance import factorial
from datavolume.statistics.variance import one_way as one_way_of

__all__ = ["ANOVA_METRICS", "no_anova", "one_way", "two_way", "values_of"]

ANOVA_METRICS = ("top1", "macro_f1", "loss")
_ONE_WAY = ("sum_sq_between", "sum_sq_within", "df_between", "df_within", "F", "p", "eta2", "omega2")
_TERMS = {"n": "volume", "n:architecture": "volume:architecture"}
_TWO_WAY = ("sum_sq", "df", "mean_sq", "F", "p", "partial_eta2", "omega2")


def values_of(summary: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Columns architecture, n, value: validation at the last evaluation, without missing values."""
    columns = ["architecture", "n", METRICS[metric].last]
    values: pd.DataFrame = summary[columns].set_axis(["architecture", "n", "value"], axis=1)
    finite: pd.DataFrame = values[np.isfinite(values["value"].to_numpy(dtype=float))]
    return finite


def one_way(summary: pd.DataFrame, *, metrics: Sequence[str] = ANOVA_METRICS) -> pd.DataFrame:
    """A row per architecture and metric: F over volumes with eta2 and omega2; NaN and a note where there is none."""
    rows = []
    for architecture in summary["architecture"].unique():
        for metric in metrics:
            values = values_of(summary[summary["architecture"] == architecture], metric)
            head = {"architecture": architecture, "metric": metric, "runs": len(values), "sizes": values["n"].nunique()}
            note = no_anova(values, ["n"])
            found = dict.fromkeys(_ONE_WAY, math.nan) if note else _one_way(values)
            rows.append({**head, **found, "note": note})
    return pd.DataFrame(rows, columns=["architecture", "metric", "runs", "sizes", *_ONE_WAY, "note"])


def _one_way(values: pd.DataFrame) -> dict[str, float]:
    between, within = one_way_of(values, "value", "n").table.to_dict("records")
    squares = (between["sum_sq"], within["sum_sq"], int(between["df"]), int(within["df"]))
    effects = (between["partial_eta2"], between["partial_omega2"])  # one factor: partial and whole are the same
    return dict(zip(_ONE_WAY, (*squares, between["F"], between["p"], *effects), strict=True))


def two_way(summary: pd.DataFrame, *, metrics: Sequence[str] = ANOVA_METRICS, kind: int = 2) -> pd.DataFrame:
    """A row per metric and term. `kind` is the type of the sums of squares, 2 or 3.

    Only volumes that every architecture was trained at take part; partial_eta2 = SS / (SS + SS_residual),
    omega2 = (SS - df MS_residual) / (SS_total + MS_residual).
    """
    columns = ["metric", "term", *_TWO_WAY, "type", "runs", "note"]
    if summary.empty:
        return pd.DataFrame(columns=columns)
    frames = [_two_way(values_of(summary, metric), kind).assign(metric=metric) for metric in metrics]
    return pd.concat(frames, ignore_index=True)[columns]


def _two_way(values: pd.DataFrame, kind: int) -> pd.DataFrame:
    shared, note = _shared_sizes(values)
    if reason := no_anova(shared, ["n", "architecture"]):
        return pd.DataFrame(
            [{"term": "", **dict.fromkeys(_TWO_WAY, math.nan), "runs": len(shared), "note": reason}]
        ).assign(type=kind)
    table = factorial(shared, "value", ["n", "architecture"], kind=kind)
    error, total = table["mean_sq"].iloc[-1], float(((shared["value"] - shared["value"].mean()) ** 2).sum())
    table["omega2"] = ((table["sum_sq"] - table["df"] * error) / (total + error)).where(table["term"] != "residual")
    found: pd.DataFrame = table.assign(term=table["term"].replace(_TERMS), type=kind, runs=len(shared))
    return found.assign(note=note)


def _shared_sizes(values: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The values at sizes that all architectures have, and a note of what was left out."""
    held = values.groupby("n")["architecture"].nunique()
    left_out = sorted(int(n) for n in held.index[held < values["architecture"].nunique()])
    note = f"without n = {', '.join(map(str, left_out))}: not trained with every architecture" if left_out else ""
    return values[~values["n"].isin(left_out)], note


def no_anova(values: pd.DataFrame, factors: Sequence[str]) -> str:
    """Why these values allow no analysis of variance; empty where they do."""
    names: dict[str, Any] = {"n": "data volume", "architecture": "architecture"}
    for factor in factors:
        if values[factor].nunique() < 2:
            return f"one {names[factor]}: nothing to compare" if len(values) else "no values"
    within = values["value"] - values.groupby(list(factors))["value"].transform("mean")
    if len(values) <= values.groupby(list(factors)).ngroups:
        return "one seed: no spread between seeds to compare the effects with"
    if float(within.abs().max()) <= 1e-12 * float(values["value"].abs().max()):
        return "all seeds agree exactly: no spread to compare the effects with"
    return ""
