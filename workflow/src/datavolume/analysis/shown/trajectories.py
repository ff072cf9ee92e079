"""Metrics through training: means over seeds at every evaluation, where phases end, where a restarted run begins.

rows = select(metrics, points, experiments="volume")
check_alike(rows, ["n"])                                     no line mixes what is not alike
trajectories(rows, ["n", "split"], ["top1"], every=20)       a row a line, metric and evaluation
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from datavolume.analysis.metrics import METRICS
from datavolume.errors import UserError

__all__ = ["PLACES", "check_alike", "extremes", "phase_ends", "restart", "trajectories"]

# Where an evaluation stands in its run
PLACES = ("update", "epoch", "samples")
# What makes two runs more than repetitions of one another, and what a study calls it
_APART = {"network": "architecture", "n": "fraction", "experiment": "experiment", "stage": "stage", "value": "value"}


def check_alike(rows: pd.DataFrame, by: Sequence[str]) -> None:
    """Raises UserError where runs of a group of `by` differ in more than their seeds: none shares a mean with others.

    `rows` are selected ones (analysis.select). A group is well when one value of one experiment, at one volume of one
    architecture, has all of its runs, whatever other experiments share some of them.
    """
    runs = rows[list(dict.fromkeys([*by, "run", *_APART]))].drop_duplicates()
    for _, group in runs.groupby(list(by), sort=False, dropna=False) if by else [((), runs)]:
        together = group.groupby(list(_APART), dropna=False)["run"].nunique()
        if together.max() < group["run"].nunique():
            raise UserError(_mixture(group))


def _mixture(group: pd.DataFrame) -> str:
    column = next(column for column in _APART if group[column].nunique() > 1)
    found = [f"{name} images" if column == "n" else str(name) for name in group[column].drop_duplicates()]
    named = ", ".join(found[:4]) + (", …" if len(found) > 4 else "")
    word = _APART[column]
    return f"a line would mix runs that differ in {word} ({named}); choose among them, or put {word} in lines or panels"


def trajectories(rows: pd.DataFrame, by: Sequence[str], metrics: Sequence[str], *, every: int = 1) -> pd.DataFrame:
    """Means over the runs of each group of `by` at their first, second, ... evaluation, with Student's t intervals.

    Columns: `by`, metric, update, epoch, samples (means of the runs' own), seeds (runs counted), mean, lower, upper
    (stored units; NaN with one run). `every`: each k-th evaluation of a run, and its last. A run that `rows` have
    several times counts once; evaluations where no run has a value are left out.
    """
    single = rows.drop_duplicates([*by, "run", "split", "update"]).sort_values("update", kind="stable")
    own = single.groupby([*by, "run", "split"], sort=False, dropna=False)
    single = single.assign(evaluation=own.cumcount() + 1)
    kept = single[(single["evaluation"] % every == 0) | (own.cumcount(ascending=False) == 0)]
    order = rows[list(by)].drop_duplicates()
    frames = [_means(kept, order, [*by, "evaluation"], metric) for metric in metrics]
    return pd.concat(frames, ignore_index=True)


def _means(rows: pd.DataFrame, order: pd.DataFrame, keys: list[str], metric: str) -> pd.DataFrame:
    valued = rows.dropna(subset=[metric])
    of = valued.groupby(keys, dropna=False)
    table = of[list(PLACES)].mean().join(of[metric].agg(["count", "mean", "std"])).reset_index()
    low, high = METRICS[metric].bounds
    half = stdtrit(np.maximum(table["count"] - 1, 1), 0.975) * table["std"] / np.sqrt(table["count"])
    table["lower"] = (table["mean"] - half).clip(lower=low).where(table["count"] > 1)
    table["upper"] = (table["mean"] + half).clip(upper=high).where(table["count"] > 1)
    table = table.rename(columns={"count": "seeds"}).assign(metric=metric)
    columns = [*keys[:-1], "metric", *PLACES, "seeds", "mean", "lower", "upper"]
    return order.merge(table.loc[:, columns], on=keys[:-1], how="inner")


def extremes(rows: pd.DataFrame, metrics: Sequence[str], statistics: Sequence[str]) -> pd.DataFrame:
    """`rows` of each run's last evaluation, once for every metric and statistic: columns metric, statistic and score.

    best: the largest over all evaluations of the run where higher is better, else the smallest; last: at its end.
    """
    keys = ["run", "split", "experiment", "stage", "value"]
    ordered = rows.sort_values("update", kind="stable")
    last = ordered.drop_duplicates(keys, keep="last").sort_index()
    frames = []
    for metric in metrics:
        of = ordered.groupby(keys, dropna=False)[metric]
        best = of.transform("max" if METRICS[metric].higher_is_better else "min")
        scores = {"best": best, "last": ordered[metric]}
        frames += [last.assign(metric=metric, statistic=name, score=scores[name]) for name in statistics]
    return pd.concat(frames, ignore_index=True)


def phase_ends(rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Where each phase but the last ends, a row a group of `by` and phase: update, epoch, samples, of its first run."""
    columns = [*by, "phase", *PLACES]
    if "phase" not in rows:
        return pd.DataFrame(columns=columns)
    ends: list[pd.DataFrame] = []
    for _, group in rows.groupby(list(by), sort=False, dropna=False) if by else [((), rows)]:
        first = group[group["run"] == group["run"].iloc[0]]
        ends.append(first.sort_values("update").drop_duplicates([*by, "phase"], keep="last")[columns].iloc[:-1])
    return pd.concat(ends, ignore_index=True).drop_duplicates(ignore_index=True)


def restart(rows: pd.DataFrame, experiment: str, place: str) -> float:
    """Where the runs of `experiment` begin, at `place` (of PLACES): the last evaluation of others before their first.

    Where they evaluate what they start from, another run has the same values there: that is where they begin. Without
    either, their own first evaluation. Raises UserError where `rows` have no run of it.
    """
    own = rows[rows["experiment"] == experiment]
    if own.empty:
        known = ", ".join(rows["experiment"].drop_duplicates())
        raise UserError(f"restarted: no run of experiment '{experiment}' is drawn; drawn are {known}")
    first = own[own["update"] == own["update"].min()]
    others = rows[~rows["run"].isin(own["run"])]
    before = others[others["update"] < first["update"].iloc[0]]
    values = [name for name in METRICS if name in rows]
    evaluated_again = first[["update", "split", *values]].merge(others, on=["update", "split", *values])
    if before.empty or not evaluated_again.empty:
        return float(first[place].iloc[0])
    return float(before[before["update"] == before["update"].max()][place].iloc[0])
