"""Every figure and table by name: its function, its title, and its caption in plain words.

    figure_names()            ("accuracy_by_volume", ...)
    FIGURES["learning_curves"].load()(results)    imports matplotlib only now

A new artefact is a function of Results in a module of this room and an entry here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from datavolume.errors import UserError
from datavolume.study.validate import nearest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FIGURES", "TABLES", "Artefact", "Results", "caption", "figure_names", "find", "table_names"]


@dataclass(frozen=True)
class Results:
    """What artefacts are drawn from: metrics and summary as collected, and the analysis' log_linear (tables: None)."""

    metrics: pd.DataFrame
    summary: pd.DataFrame
    log_linear: pd.DataFrame | None = None


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """`function` of module `datavolume.artefacts.<module>` takes Results."""

    name: str
    module: str
    title: str
    caption: str

    def load(self) -> Callable[[Results], Any]:
        function: Callable[[Results], Any] = getattr(import_module(f"datavolume.artefacts.{self.module}"), self.name)
        return function


def _by_name(*artefacts: Artefact) -> dict[str, Artefact]:
    return {artefact.name: artefact for artefact in artefacts}


FIGURES = _by_name(
    Artefact(
        name="accuracy_by_volume",
        module="accuracy",
        title="Accuracy against data volume",
        caption=(
            "Top-1 accuracy on the held-out images against the number of training images (logarithmic axis). "
            "Lines join the means over seeds, bands are their 95 % confidence intervals, small points are single "
            "runs. Dotted lines are the least-squares fits over log10 of the images."
        ),
    ),
    Artefact(
        name="accuracy_boxes",
        module="accuracy",
        title="Spread over seeds",
        caption=(
            "Top-1 accuracy on the held-out images at each data volume. Boxes span the middle half of the seeds, "
            "the line in the box is the median, whiskers reach to the farthest run within 1.5 box heights, points "
            "are the runs."
        ),
    ),
    Artefact(
        name="learning_curves",
        module="curves",
        title="Learning curves",
        caption=(
            "Top-1 accuracy through training, on the training images of each run (left) and on the held-out "
            "images (right), one line a data volume. Lines are means over seeds, bands their 95 % confidence "
            "intervals."
        ),
    ),
    Artefact(
        name="generalisation_gap",
        module="gap",
        title="Gap between training and validation",
        caption=(
            "What a run does better on the images it was trained on than on held-out ones, against the number of "
            "training images: accuracy on training minus validation images (left), loss on validation minus "
            "training images (right). Means over seeds with 95 % confidence intervals; at 0 there is no gap."
        ),
    ),
)

TABLES = _by_name(
    Artefact(
        name="results",
        module="tables",
        title="Results",
        caption=(
            "Held-out images at the last evaluation: means over seeds with 95 % confidence intervals, per "
            "architecture and data volume, and the mean training time of one run."
        ),
    ),
)


def figure_names() -> tuple[str, ...]:
    """In the report's order."""
    return tuple(FIGURES)


def table_names() -> tuple[str, ...]:
    """In the report's order."""
    return tuple(TABLES)


def caption(name: str) -> str:
    """What the figure or table of that name shows. Raises UserError where there is none."""
    return find({**FIGURES, **TABLES}, name).caption


def find(artefacts: dict[str, Artefact], name: str) -> Artefact:
    """Raises UserError with the valid names."""
    if name in artefacts:
        return artefacts[name]
    raise UserError(f"no figure or table is called '{name}'{nearest(name, artefacts)}")
