"""How much data is enough: the smallest volume whose accuracy is within a margin of the full data's.

    found = within(summary, margin=0.01)    of each architecture, where its curve comes within the margin
    requirement(summary, margin=0.01)   a row per architecture and volume; `required` marks the answer
    gains(summary)                      what one doubling brings between neighbouring volumes

The rule, and what the bounds are where every volume was trained once, is `statistics.requirement.within_margin`'s.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from datavolume.analysis.curves import volumes_of_curves
from datavolume.analysis.intervals import metric_intervals
from datavolume.analysis.replicates import curve_of, measured, resolution
from datavolume.statistics import requirement as rooms

__all__ = ["gains", "requirement", "within"]

_COLUMNS = [
    *("architecture", "metric", "n", "share", "mean", "lower", "upper", "pairs"),
    *("shortfall", "shortfall_lower", "shortfall_upper", "margin", "enough", "required", "note"),
]
_GAINS = ["architecture", "n_small", "n_large", "gain", "lower", "upper"]


def within(summary: pd.DataFrame, *, margin: float, metric: str = "top1") -> dict[str, rooms.Requirement]:
    """By architecture, in order of appearance; `margin` is in the metric's stored unit (0.01: one percentage point)."""
    found = {}
    for architecture, values in measured(summary, metric).groupby("architecture", sort=False):
        least = resolution(summary[summary["architecture"] == architecture], metric)
        found[str(architecture)] = rooms.within_margin(curve_of(values, metric), margin, resolution=least)
    return found


def requirement(
    summary: pd.DataFrame,
    *,
    margin: float,
    metric: str = "top1",
    found: Mapping[str, rooms.Requirement] | None = None,
) -> pd.DataFrame:
    """`margin` and shortfall are in the metric's stored unit; larger shortfall is worse. `found`: of `within`, where it
    was asked before.

    Bounds are NaN and the mean alone decides where nothing tells of the spread of trainings; `note` says so.
    """
    volumes, frames = volumes_of_curves(summary), [pd.DataFrame(columns=_COLUMNS)]
    for architecture, made in (found or within(summary, margin=margin, metric=metric)).items():
        runs = summary[summary["architecture"] == architecture]
        table = made.table.drop(columns="mean").astype({"n": int})
        table = table.merge(metric_intervals(runs, ["n"], metric)[["n", "mean", "lower", "upper"]], on="n")
        share = table["n"].map(volumes[architecture].share)
        frames.append(_noted(table.assign(architecture=architecture, metric=metric, share=share)))
    return pd.concat(frames[1:] or frames, ignore_index=True)[_COLUMNS]


def _noted(table: pd.DataFrame) -> pd.DataFrame:
    one = "one training: a point estimate"
    notes = [one if math.isnan(upper) else "" for upper in table["shortfall_upper"]]
    if len(table) > 1 and table["required"].iloc[-1]:
        notes[-1] = _largest_only(table.iloc[-2])
    return table.assign(note=notes)


def _largest_only(below: pd.Series[Any]) -> str:
    """What it means that only the largest volume is within the margin of itself; `below` is the next smaller one."""
    if math.isnan(below["shortfall_lower"]) or below["shortfall_lower"] > 0:
        return "more data still helps: no smaller volume is shown to be within the margin"
    return "undecided: the seeds are too few or too different to show that a smaller volume is within the margin"


def gains(summary: pd.DataFrame, *, metric: str = "top1", level: float = 0.95) -> pd.DataFrame:
    """Per architecture and step between neighbouring volumes: the gain of a doubling there (better is positive), with
    its interval over seeds."""
    frames = []
    for architecture, values in measured(summary, metric).groupby("architecture", sort=False):
        least = resolution(summary[summary["architecture"] == architecture], metric)
        found = rooms.gains(curve_of(values, metric), level=level, resolution=least)
        frames.append(found.assign(architecture=architecture))
    table = pd.concat([frame for frame in frames if len(frame)] or [pd.DataFrame(columns=_GAINS)], ignore_index=True)
    return table[_GAINS].astype({"n_small": "Int64", "n_large": "Int64"})
