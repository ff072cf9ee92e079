"""The options that several of this room's kinds share: which metrics, splits and rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from datavolume.analysis.metrics import METRICS
from datavolume.analysis.select import select
from datavolume.analysis.shown.ends import SPLITS
from datavolume.artefacts.figures.asked import Names, one_of
from datavolume.artefacts.figures.layout import listed
from datavolume.errors import UserError
from datavolume.study.validate import nearest

__all__ = ["asked_metrics", "asked_splits", "numbered", "rows_of", "several_of"]


def several_of(option: str, names: Names, allowed: Mapping[str, Any] | Sequence[str]) -> list[str]:
    """At least one of these, each once. Raises UserError."""
    asked = list(dict.fromkeys(one_of(option, name, allowed) for name in listed(names)))
    if not asked:
        raise UserError(f"{option}: none is named; it is one or more of {', '.join(allowed)}")
    return asked


def asked_metrics(names: Names) -> list[str]:
    return several_of("metrics", names, METRICS)


def asked_splits(names: Names) -> list[str]:
    return several_of("splits", names, SPLITS)


def numbered(option: str, value: object) -> int:
    """A whole number from 1 on. Raises UserError."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise UserError(f"{option}: '{value}' is no whole number from 1 on")


def _labels(values: Any) -> list[str] | None:
    """As designs name values: a YAML file may give numbers."""
    if values is None:
        return None
    several = values if isinstance(values, list | tuple) else [values]
    return [f"{value:g}" if isinstance(value, float) else str(value) for value in several]


def rows_of(
    metrics: pd.DataFrame, points: pd.DataFrame, given: Mapping[str, Sequence[str]], chosen: Mapping[str, Any]
) -> pd.DataFrame:
    """Selected rows of these splits, where these metrics are logged; of several experiments, those that there are, as
    optional ones may be left out. Raises UserError."""
    known = list(points["experiment"].drop_duplicates())
    asked = listed(chosen["experiments"])
    if (unknown := [name for name in asked if name not in known]) and len(unknown) == len(asked):
        raise UserError(f"experiments: '{unknown[0]}' is unknown, or has no run yet{nearest(str(unknown[0]), known)}")
    rows = select(metrics, points, **{**chosen, "values": _labels(chosen["values"])})
    there = list(rows["split"].drop_duplicates())
    if absent := [split for split in given["split"] if split not in there]:
        raise UserError(f"splits: nothing was evaluated on {absent[0]} images; there is {', '.join(there)}")
    rows = rows[rows["split"].isin(given["split"])]
    for metric in given["metric"]:
        if metric not in rows or rows[metric].isna().all():
            raise UserError(f"metrics: no run of these logged {metric}; trained by an older version, they lack it")
    return rows
