"""The curve that each run is a point of: when runs are collected, and of the runs that an answer is about.

    names = curve_names(networks, specs, points)
    runs = curves(summary, named(points, ["volume", "long"]), plan)

A curve is a network at one setting: everything that influences a run but its data volume, its seed and its subset's. It
is called by its network; where that was trained at several settings, by its places in the designs too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

import pandas as pd

from datavolume.analysis.volumes import Volumes
from datavolume.errors import UserError
from datavolume.study.identity import run_from_spec, spec

__all__ = ["curve_names", "curves", "named", "several_volumes", "volumes_of_curves"]


def named(points: pd.DataFrame, experiments: Sequence[str]) -> pd.DataFrame:
    """The points of these experiments; of all, where none is named. Raises UserError where there is none."""
    kept: pd.DataFrame = points[points["experiment"].isin(list(experiments))] if experiments else points
    if kept.empty:
        raise UserError(f"answer.experiments: there is no run of {', '.join(experiments) or 'this study'}")
    return kept


def curve_names(networks: Mapping[str, str], specs: Mapping[str, str], points: pd.DataFrame) -> dict[str, str]:
    """Run -> curve, for the runs of `networks` (run -> network), which stand in `points`; `specs` are the plan's."""
    settings = {run: _setting(specs[run]) for run in networks}
    of_setting = {settings[run]: network for run, network in networks.items()}
    rows = points[points["run"].isin(list(networks))]
    placed = rows.assign(setting=rows["run"].map(settings)).groupby("setting", sort=False)
    many = points["experiment"].nunique() > 1
    labels = {str(setting): _label(places, many=many) for setting, places in placed}
    unique = _apart({setting: f"{of_setting[setting]} ({label})" for setting, label in labels.items()})
    settings_of = Counter(of_setting.values())
    names = {one: unique[one] if settings_of[network] > 1 else network for one, network in of_setting.items()}
    return {run: names[setting] for run, setting in settings.items()}


def curves(summary: pd.DataFrame, points: pd.DataFrame, plan: pd.DataFrame) -> pd.DataFrame:
    """Rows of `summary` that stand in `points`, each once, in its order; `architecture` names the curve.

    `plan` has a row a run with `spec`.
    """
    runs: pd.DataFrame = summary[summary["run"].isin(points["run"])]
    networks = dict(zip(runs["run"], runs["network"], strict=True))
    names = curve_names(networks, dict(zip(plan["run"], plan["spec"], strict=True)), points)
    return runs.assign(architecture=runs["run"].map(names)).reset_index(drop=True)


def several_volumes(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs of curves that have two volumes or more."""
    kept: pd.DataFrame = runs[runs.groupby("architecture")["n"].transform("nunique") > 1]
    return kept


def volumes_of_curves(summary: pd.DataFrame) -> dict[str, Volumes]:
    """By curve: the volumes of its data set, which other curves may share."""
    if "dataset" not in summary:
        return dict.fromkeys(summary["architecture"].unique(), Volumes.of(summary)) if len(summary) else {}
    datasets = {str(name): Volumes.of(rows) for name, rows in summary.groupby("dataset")}
    firsts = summary.groupby("architecture", sort=False)["dataset"].first()
    return {str(curve): datasets[str(dataset)] for curve, dataset in firsts.items()}


@cache
def _setting(text: str) -> str:
    """The spec of a run without its volume and seeds."""
    run = run_from_spec(text)
    volume = replace(run.volume, fraction=None, size=None, seed=0)
    start = replace(run.start, run="", configuration="") if run.start else None
    return spec(replace(run, volume=volume, seed=0, start=start))


def _label(places: pd.DataFrame, *, many: bool) -> str:
    """`ablation: batch_size 32, weight_decay 0.001; long`; experiments are named where there are `many`."""
    varied: dict[str, dict[str, None]] = {}
    for experiment, stage, value in places[["experiment", "stage", "value"]].itertuples(index=False):
        words = " ".join(filter(None, (stage.rpartition(".")[2], value)))
        varied.setdefault(experiment, {})[words] = None
    parts = [(name, ", ".join(filter(None, words))) for name, words in varied.items()]
    return "; ".join(": ".join(filter(None, (name if many or not words else "", words))) for name, words in parts)


def _apart(labels: Mapping[str, str]) -> dict[str, str]:
    """Settings that designs give one place, as the data sets of one experiment, get a number."""
    seen: dict[str, int] = {}
    found = {}
    for setting, label in labels.items():
        seen[label] = seen.get(label, 0) + 1
        found[setting] = label if seen[label] == 1 else f"{label}, {seen[label]}"
    return found
