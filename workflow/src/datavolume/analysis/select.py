"""Rows of collected frames by their place in a study's designs.

points = points_of(designs(study, known))
select(summary, points, experiments="ablation", stage="recipe.batch_size")
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import pandas as pd

from datavolume.errors import UserError
from datavolume.study import LaidOut, Point, run_id

__all__ = ["POINT_COLUMNS", "points_of", "select"]

POINT_COLUMNS = ("experiment", "title", "stage", "value", "position", "values", "run")
_JOINED = ["run", "experiment", "title", "stage", "value", "position", "values"]
Names = str | Sequence[str] | None


def points_of(laid_out: Iterable[LaidOut]) -> pd.DataFrame:
    """A row per (experiment, stage, value, run), POINT_COLUMNS; `position` is the order of a value in its stage."""
    rows = [row for one in laid_out for row in _rows(one)]
    return pd.DataFrame(rows, columns=list(POINT_COLUMNS))


def _rows(one: LaidOut) -> list[tuple[object, ...]]:
    places: dict[tuple[str, str], int] = {}
    in_stage: dict[str, int] = {}
    title = one.experiment.title or one.experiment.name
    rows: list[tuple[object, ...]] = []
    for point in one.points:
        key = (point.stage, point.value)
        if key not in places:
            places[key] = in_stage.get(point.stage, 0)
            in_stage[point.stage] = places[key] + 1
        rows.append(_row(point, title, places[key]))
    return rows


def _row(point: Point, title: str, position: int) -> tuple[object, ...]:
    values = json.dumps(dict(point.values))
    return (point.experiment, title, point.stage, point.value, position, values, run_id(point.run))


def select(
    frame: pd.DataFrame,
    points: pd.DataFrame,
    *,
    experiments: Names = None,
    stage: str | None = None,
    values: Names = None,
    architectures: Names = None,
    fractions: float | Sequence[float] | None = None,
    sizes: int | Sequence[int] | None = None,
) -> pd.DataFrame:
    """Rows of `frame` (a row or more a run) with experiment, title, stage, value, position and values of each place.

    A run that stands in several places comes once for each. Raises UserError where nothing is left.
    """
    places: dict[str, object] = {"experiment": experiments, "stage": stage, "value": values}
    runs: dict[str, object] = {"network": architectures, "fraction": fractions, "size": sizes}
    kept = points
    for column, wanted in places.items():
        kept = _where(kept, column, wanted)
    rows = frame.merge(kept[_JOINED], on="run", how="inner", validate="many_to_many")
    for column, wanted in runs.items():
        rows = _where(rows, column, wanted)
    if rows.empty:
        asked = {**places, **runs}.items()
        words = ", ".join(f"{name} {_listed(wanted)}" for name, wanted in asked if wanted is not None)
        raise UserError(f"no run of {words or 'this study'}")
    return rows


def _where(frame: pd.DataFrame, column: str, wanted: object) -> pd.DataFrame:
    if wanted is None:
        return frame
    return frame[frame[column].isin(wanted if isinstance(wanted, list | tuple) else [wanted])]


def _listed(wanted: object) -> str:
    return ", ".join(map(str, wanted)) if isinstance(wanted, list | tuple) else str(wanted)
