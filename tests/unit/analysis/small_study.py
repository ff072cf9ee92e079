"""Collected frames of a few runs, written down by hand: every number of a test can be read off here.

frames = collected(Trained("a", seed=0, accuracies=(0.5, 0.6)), ...)     metrics, summary, points, timing, plan
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from datavolume.study import Budget, Dataset, Phase, Recipe, Run, Volume
from datavolume.study.identity import spec

VALIDATION = 100
PARAMETERS = 250_000


@dataclass(frozen=True)
class Trained:
    """A run: 10 updates of 20 images and 4 s between evaluations, `accuracies` at each, of one phase after another
    where `phases` says how many evaluations each has."""

    run: str
    seed: int = 0
    subset_seed: int = 0
    n: int = 100
    fraction: float | None = 1.0
    network: str = "mlp"
    experiment: str = "base"
    stage: str = ""
    value: str = ""
    position: int = 0
    accuracies: Sequence[float] = (0.8,)
    phases: Sequence[int] = ()
    recipe: Recipe = field(default_factory=lambda: Recipe(batch_size=20, budget=Budget(updates=10)))


def collected(*runs: Trained) -> Mapping[str, pd.DataFrame]:
    once = list({run.run: run for run in runs}.values())
    return {
        "metrics": pd.DataFrame([row for run in once for row in _metrics(run)]),
        "timing": pd.DataFrame([row for run in once for row in _timing(run)]),
        "summary": pd.DataFrame([_summary(run) for run in once]),
        "points": pd.DataFrame([_point(run) for run in runs]),
        "plan": pd.DataFrame([{"run": run.run, "spec": _spec(run)} for run in once]),
    }


def _metrics(run: Trained) -> list[dict[str, object]]:
    ends = run.phases or (len(run.accuracies),)
    phases = [phase for phase, evaluations in enumerate(ends) for _ in range(evaluations)]
    rows = []
    for place, (phase, top1) in enumerate(zip(phases, run.accuracies, strict=True), 1):
        point = {"run": run.run, "phase": phase, "update": 10 * place, "epoch": 200 * place / run.n}
        point |= {"samples": 200 * place}
        rows.append({**point, "split": "train", "top1": min(1.0, top1 + 0.1), "top5": 1.0, "loss": 0.5})
        rows.append({**point, "split": "validation", "top1": top1, "top5": top1 + 0.05, "loss": 1 - top1})
    return rows


def _timing(run: Trained) -> list[dict[str, object]]:
    return [
        {"run": run.run, "update": 10 * place, "seconds": 4.0 * place} for place in range(1, len(run.accuracies) + 1)
    ]


def _summary(run: Trained) -> dict[str, object]:
    last = run.accuracies[-1]
    return {
        "run": run.run,
        "seed": run.seed,
        "subset_seed": run.subset_seed,
        "network": run.network,
        "architecture": run.network,
        "n": run.n,
        "fraction": float("nan") if run.fraction is None else run.fraction,
        "size": pd.NA if run.fraction is not None else run.n,
        "n_validation": VALIDATION,
        "parameters": PARAMETERS,
        "samples": 200 * len(run.accuracies),
        "seconds": 4.0 * len(run.accuracies),
        "last_top1": last,
        "last_top5": last + 0.05,
        "last_loss": 1 - last,
    }


def _point(run: Trained) -> dict[str, object]:
    names = {name: getattr(run, name) for name in ("experiment", "stage", "value", "position", "run")}
    return {**names, "title": f"experiment {run.experiment}", "values": "{}"}


def _spec(run: Trained) -> str:
    volume = Volume(size=run.n) if run.fraction is None else Volume(fraction=run.fraction)
    return spec(
        Run(dataset=Dataset(name="digits"), architecture=run.network, volume=volume, recipe=run.recipe, seed=run.seed)
    )


STEPS = Recipe(
    batch_size=20,
    learning_rate=0.1,
    budget=Budget(epochs=1),
    phases=(
        Phase(fraction=0.5, batch_size=10, learning_rate=0.2, budget=Budget(epochs=1)),
        Phase(fraction=1.0, budget=Budget(epochs=1)),
    ),
)
