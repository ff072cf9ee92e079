"""How long each phase of each run was, in images, updates and epochs of its subset, and the schedule in those epochs.

    table = lengths(plan, summary, metrics, timing)      `plan` as pd.read_csv reads plan.csv; timing may be left out

A run without phases is one phase. Where a study scales epochs with the data, this is what they came to.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from datavolume.analysis.volumes import Volumes
from datavolume.study import Run
from datavolume.study.identity import run_from_spec
from datavolume.study.phases import phases_of
from datavolume.training.updating.schedule import updates_per_unit

__all__ = ["LENGTHS", "lengths"]

LENGTHS = (
    *("run", "phase", "phases", "images", "batch_size", "learning_rate", "updates", "samples", "passes", "epochs"),
    *("evaluated_every", "warmup_epochs", "decay_epochs", "seconds"),
)
_ADDED_UP = ["update", "samples", "epoch", "seconds"]


def lengths(
    plan: pd.DataFrame, summary: pd.DataFrame, metrics: pd.DataFrame, timing: pd.DataFrame | None = None
) -> pd.DataFrame:
    """A row a (run of `summary`, phase), LENGTHS: `passes` are images passed, in those of the run's own subset; epochs,
    evaluated_every, warmup_epochs and decay_epochs (NaN without steps) are epochs of the phase's subset."""
    specs = dict(zip(plan["run"], plan["spec"], strict=True))
    spent = _spent(metrics[metrics["run"].isin(summary["run"])], timing)
    full = Volumes.of(summary).full
    rows: list[dict[str, Any]] = []
    for run, n in zip(summary["run"], summary["n"], strict=True):
        planned: Run = run_from_spec(specs[run])
        phases = phases_of(planned)
        for number, phase in enumerate(phases):
            if (run, number) in spent.index:
                recorded = spent.loc[(run, number)].to_dict()
                rows.append(
                    {"run": run, "phase": number, "phases": len(phases), **_phase(phase, recorded, int(n), full)}
                )
    return pd.DataFrame(rows, columns=list(LENGTHS))


def _spent(metrics: pd.DataFrame, timing: pd.DataFrame | None) -> pd.DataFrame:
    """What each phase of a run took of what adds up over the run, by (run, phase)."""
    rows = metrics[metrics["split"] == "validation"]
    phase = rows["phase"].fillna(0).astype(int) if "phase" in rows else 0
    rows = rows.assign(phase=phase)[["run", "phase", "update", "samples", "epoch"]]
    if timing is None or timing.empty:
        rows = rows.assign(seconds=math.nan)
    else:
        rows = rows.merge(timing[["run", "update", "seconds"]], on=["run", "update"], how="left")
    ends = rows.groupby(["run", "phase"])[_ADDED_UP].last()
    before = ends.groupby("run").shift(1, fill_value=0.0)
    spent: pd.DataFrame = ends - before
    return spent


def _phase(phase: Any, spent: Mapping[str, float], n: int, full: int) -> dict[str, Any]:
    recipe = phase.recipe
    images = max(1, round(spent["samples"] / spent["epoch"]))
    epochs_of_unit = updates_per_unit(recipe, images, full) * recipe.batch_size / images
    return {
        "images": images,
        "batch_size": recipe.batch_size,
        "learning_rate": recipe.learning_rate,
        "updates": round(spent["update"]),
        "samples": round(spent["samples"]),
        "passes": spent["samples"] / n,
        "epochs": spent["epoch"],
        "evaluated_every": spent["epoch"] / recipe.evaluations,
        "warmup_epochs": recipe.warmup * epochs_of_unit,
        "decay_epochs": math.nan if recipe.decay_every is None else recipe.decay_every * epochs_of_unit,
        "seconds": spent["seconds"],
    }
