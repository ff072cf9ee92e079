"""Collected frames of made-up studies with designs: factors, phases, several subsets, restarts; every value by a rule.

    results = made_runs(Made("volume", n=72, fraction=0.05), Made("volume", n=1437, fraction=1.0, seed=1))

Top-1 of the validation images at update u of U is final x u / U (training: 0.1 more), top-5 is half way from there to
1, the loss 1 - top-1; each run is evaluated `evaluations` times, at equal shares of its phases.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pandas as pd

from datavolume.analysis.metrics import METRICS
from datavolume.artefacts.results import Results

BATCH = 10


@dataclass(frozen=True)
class Made:
    """A run in one place of a design. `phases`: (images, batch size, epochs) each; none: one of `updates`."""

    experiment: str
    n: int = 200
    fraction: float | None = 1.0
    seed: int = 0
    subset_seed: int = 0
    network: str = "resnet18"
    stage: str = ""
    value: str = ""
    position: int = 0
    values: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    final: float = 0.8
    evaluations: int = 4
    first_update: int = 0
    updates: int = 100
    phases: tuple[tuple[int, int, int], ...] = ()
    splits: tuple[str, ...] = ("train", "validation")
    run: str = ""

    @property
    def id(self) -> str:
        parts = (self.experiment, self.network, self.n, self.value, self.subset_seed, self.seed)
        return self.run or "-".join(map(str, parts))

    @property
    def stretches(self) -> Iterator[tuple[int, int, int]]:
        """(images, batch size, updates) of each phase."""
        for images, batch, epochs in self.phases:
            yield images, batch, epochs * images // batch
        if not self.phases:
            yield self.n, BATCH, self.updates


def made_runs(*runs: Made, **frames: pd.DataFrame) -> Results:
    """`frames`: others of Results, by name."""
    once = {run.id: run for run in runs}
    metrics = pd.DataFrame([row for run in once.values() for row in _metrics(run)])
    summary = metrics[metrics["split"] == "validation"].drop_duplicates("run", keep="last")
    return Results(metrics, summary, points=pd.DataFrame([_point(run) for run in runs]), **frames)


def _point(run: Made) -> dict[str, object]:
    values = dict(run.values) or ({run.stage: run.value} if run.stage else {})
    return {
        "experiment": run.experiment,
        "title": run.title or run.experiment,
        "stage": run.stage,
        "value": run.value,
        "position": run.position,
        "values": json.dumps(values),
        "run": run.id,
    }


def _metrics(run: Made) -> Iterator[dict[str, object]]:
    total = sum(updates for _, _, updates in run.stretches)
    before, epochs, samples = 0, 0.0, 0
    for phase, (images, batch, updates) in enumerate(run.stretches):
        for point in range(1, run.evaluations + 1):
            done = updates * point // run.evaluations
            if before + done <= run.first_update:
                continue
            for split in run.splits:
                yield {
                    "run": run.id, "configuration": run.id.rpartition("-")[0], "seed": run.seed, "split": split,
                    "phase": phase, "update": before + done, "epoch": epochs + done * batch / images,
                    "samples": samples + done * batch, "learning_rate": 0.1,
                    **_values(run.final * (before + done) / total + (0.1 if split == "train" else 0.0)),
                    "network": run.network, "architecture": run.network, "n": run.n, "fraction": run.fraction,
                    "size": None if run.fraction else run.n, "dataset": "made", "subset": f"s{run.subset_seed}",
                    "subset_seed": run.subset_seed, "experiments": run.experiment,
                }  # fmt: skip
        before, epochs, samples = before + updates, epochs + updates * batch / images, samples + updates * batch


def _values(top1: float) -> dict[str, float]:
    told = {"top1": top1, "top5": (1 + top1) / 2, "loss": 1 - top1, "margin_correct": 0.5 + top1 / 2, "ece": 0.1}
    return {name: told.get(name, top1 / 2) for name in METRICS}
