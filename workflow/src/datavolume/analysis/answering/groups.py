"""What a study varies, as groups of values that are compared with one another.

for group in groups(summary, points):
    group.factor        "batch size"
    group.values        {label: rows of the summary}, in the study's order

A group is a factor of one experiment, on one network, data set and volume (unless that is what it varies). Experiments
that vary nothing are values of one group: the factor is the experiment.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from datavolume.analysis.words import factor_words

__all__ = ["Group", "groups"]

EXPERIMENT = "experiment"
# What of a run a factor may change, and so what does not tell groups apart: first words of its path.
_CHANGED = {"architecture": "network", "dataset": "data", "fractions": "volume", "sizes": "volume"}


@dataclass(frozen=True, eq=False)
class Group:
    """`stage` is the factor's path in the study, or `experiment`; `name` says which group it is, in words.

    `settings`: value -> {factor path: label} of all factors that were set there; `chosen`: the value that later stages
    of the design were trained at, empty where there is none.
    """

    experiment: str
    title: str
    stage: str
    factor: str
    name: str
    network: str
    n: int
    values: Mapping[str, pd.DataFrame]
    settings: Mapping[str, Mapping[str, str]]
    chosen: str = ""


def groups(summary: pd.DataFrame, points: pd.DataFrame, *, between: bool = True) -> Iterator[Group]:
    """In the study's order; those with one value alone are left out. `summary`: runs with network, n, dataset, ...

    `between`: whether experiments that vary nothing are compared with each other.
    """
    rows = points.merge(_keyed(summary), on="run", how="inner")
    varied = rows[rows["value"] != ""]
    for (experiment, stage), stage_rows in varied.groupby(["experiment", "stage"], sort=False):
        yield from _of_stage(str(experiment), str(stage), stage_rows, varied)
    if between:
        yield from _of_experiments(rows[rows["value"] == ""])


def _keyed(summary: pd.DataFrame) -> pd.DataFrame:
    volume = [f"{fraction}/{size}" for fraction, size in zip(summary["fraction"], summary["size"], strict=True)]
    return summary.assign(data=summary["dataset"].str.rpartition("-")[0], volume=volume)


def _of_stage(experiment: str, stage: str, rows: pd.DataFrame, varied: pd.DataFrame) -> Iterator[Group]:
    paths = list(json.loads(rows["values"].iloc[0])) if not stage else [stage]
    same = {_CHANGED.get(path.partition(".")[0], "") for path in paths}
    series = list(_series(rows, [key for key in ("data", "network", "volume") if key not in same]))
    title = str(rows["title"].iloc[0])
    factor = factor_words(stage) if stage else " × ".join(map(factor_words, paths))
    for one in series:
        name = ", ".join([title, *_told_apart(one, [other for other in series if other is not one])])
        chosen = _taken_over(varied[varied["experiment"] == experiment], stage, set(one["network"]))
        yield _group(one, experiment, title, stage, factor, name, chosen)


def _of_experiments(rows: pd.DataFrame) -> Iterator[Group]:
    """Experiments side by side, on one network where that leaves something to compare."""
    rows = rows.assign(value=rows["title"], stage=EXPERIMENT)
    rows = rows.assign(position=rows["experiment"].map({e: i for i, e in enumerate(rows["experiment"].unique())}))
    series = list(_series(rows, ["data", "network", "volume"])) or list(_series(rows, ["data", "volume"]))
    for one in series:
        name = ", ".join(["experiments", *_told_apart(one, [other for other in series if other is not one])])
        yield _group(one, "", "experiments", EXPERIMENT, EXPERIMENT, name, "")


def _series(rows: pd.DataFrame, keys: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Rows that differ in the value (and seeds) alone, where there are two values or more."""
    for _, one in rows.groupby(list(keys), sort=False):
        if one["value"].nunique() > 1:
            yield one


def _told_apart(one: pd.DataFrame, others: Sequence[pd.DataFrame]) -> Iterator[str]:
    """Network, volume or data set: what this series has alone."""
    for key, words in (("network", str), ("n", "{:,} images".format), ("data", str)):
        own = one[key].unique()
        if len(own) == 1 and any(set(other[key]) != set(own) for other in others):
            yield words(own[0])


def _group(rows: pd.DataFrame, experiment: str, title: str, stage: str, factor: str, name: str, chosen: str) -> Group:
    ordered = rows.sort_values("position", kind="stable")
    by_value = {str(value): part.drop_duplicates("run") for value, part in ordered.groupby("value", sort=False)}
    networks = rows["network"].unique()
    return Group(
        experiment=experiment,
        title=title,
        stage=stage,
        factor=factor,
        name=name,
        network=str(networks[0]) if len(networks) == 1 else "",
        n=int(rows["n"].max()),
        values=by_value,
        settings={value: json.loads(part["values"].iloc[0]) for value, part in by_value.items()},
        chosen=chosen,
    )


def _taken_over(rows: pd.DataFrame, stage: str, networks: set[str]) -> str:
    """The one value that the experiment's later stages were trained at."""
    later = rows[(rows["stage"] != stage) & rows["network"].isin(networks)]
    labels = {json.loads(values).get(stage) for values in later["values"].unique()} - {None}
    return str(labels.pop()) if len(labels) == 1 else ""
