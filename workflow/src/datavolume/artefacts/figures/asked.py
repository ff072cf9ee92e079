"""What a study asks of a figure, checked: a wrong value is one line that says what is allowed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import pandas as pd

from datavolume.analysis.last_batch import KNOWN
from datavolume.analysis.metrics import Metric
from datavolume.analysis.select import select
from datavolume.analysis.shown.ends import SPLITS, last_values
from datavolume.analysis.shown.series import with_series
from datavolume.artefacts.results import Results
from datavolume.artefacts.style import Mark, mark
from datavolume.errors import UserError
from datavolume.study.validate import nearest

__all__ = [
    "Names",
    "asked_curves",
    "asked_metric",
    "asked_split",
    "each",
    "last_selected",
    "of_curve",
    "one_of",
    "split_words",
]

Names = str | Sequence[str] | None


def one_of(option: str, value: object, allowed: Collection[str]) -> str:
    """`value`, which is one of those. Raises UserError."""
    if value in allowed:
        return str(value)
    raise UserError(f"{option}: '{value}' is not known; it is one of {', '.join(allowed)}")


def asked_metric(name: str, *, option: str = "metric") -> Metric:
    return KNOWN[one_of(option, name, KNOWN)]


def asked_split(name: str) -> str:
    return one_of("split", name, SPLITS)


def split_words(split: str) -> str:
    """In front of a metric: `validation top-1 accuracy (%)`."""
    return {"train": "training"}.get(split, split)


def each(frame: pd.DataFrame) -> Iterator[Any]:
    """The rows, their columns as attributes."""
    return iter(frame.itertuples(index=False))


def asked_curves(results: Results, architectures: Names) -> dict[str, Mark]:
    """The study's curves, or those of these names or networks, each with the look that it has in every figure.

    Raises UserError for a name that no curve has."""
    known = {str(name): mark(place) for place, name in enumerate(results.summary["architecture"].unique())}
    if architectures is None:
        return known
    asked = [architectures] if isinstance(architectures, str) else list(architectures)
    found = {name: look for name, look in known.items() if {name, name.partition(" (")[0]} & {*asked}}
    every = {*known, *(name.partition(" (")[0] for name in known)}
    if unknown := [name for name in asked if name not in every]:
        raise UserError(f"architectures: '{unknown[0]}' is unknown, or has no run yet{nearest(unknown[0], known)}")
    if not found:
        raise UserError(f"architectures: none is named; it is one or more of {', '.join(known)}")
    return found


def of_curve(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """A curve's rows of an analysis file; none where the file is empty."""
    return frame[frame["architecture"] == name] if "architecture" in frame else frame


def last_selected(
    results: Results, metric: str, split: str, *, apart: Collection[str] = (), **selection: Any
) -> pd.DataFrame:
    """A row a run and place: `measured`, the metric at the last evaluation, and `series`. Raises UserError."""
    values = last_values(results.metrics, metric, split)
    return with_series(select(values, results.points, **selection), apart=apart)
