"""A made-up study in the files of a real one: accuracy saturates with the data, seeds scatter around it.

plan = make_plan(architectures=("small_cnn",), fractions=(0.1, 1), seeds=2)
write_runs(tmp_path, plan)       plan.csv and every file that training writes, except predictions
collected = collected_of(plan)   the frames, without a disk
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from datavolume.analysis.collect import Collected, collect
from datavolume.analysis.metrics import METRICS
from datavolume.files import write_csv, write_json
from datavolume.study import (
    Dataset,
    Experiment,
    Paths,
    Plan,
    PlannedRun,
    Recipe,
    Resources,
    Study,
    Volume,
    expand,
    write_plan,
)

FULL = 1437
VALIDATION = 360
UPDATES = 1350
EVALUATIONS = 10
# top-1 accuracy at the end = ceiling - drop x n^-rate
CURVES = {"mlp": (0.985, 1.6, 0.55), "small_cnn": (0.995, 3.0, 0.7)}


def make_plan(
    *,
    architectures: Sequence[str] = ("mlp", "small_cnn"),
    fractions: Sequence[float] = (0.05, 0.125, 0.25, 0.5, 0.75, 1.0),
    sizes: Sequence[int] = (),
    seeds: int = 5,
    subset_seeds: Sequence[int] = (0,),
    seeds_per_job: int = 5,
    recipes: Mapping[str, Recipe] = {"volume": Recipe()},
) -> Plan:
    """`recipes` has an experiment of the same grid for each of its names."""
    volumes = [Volume(fraction=fraction, seed=seed) for fraction in fractions for seed in subset_seeds]
    volumes += [Volume(size=size, seed=seed) for size in sizes for seed in subset_seeds]
    experiments = [
        Experiment(
            name=name,
            dataset=Dataset(name="digits"),
            architectures=tuple(architectures),
            volumes=tuple(volumes),
            seeds=tuple(range(seeds)),
            recipe=recipe,
            resources=Resources(),
        )
        for name, recipe in recipes.items()
    ]
    study = Study(
        name="made_up",
        scale="full",
        title="Made up",
        question="How many are enough?",
        margin=0.01,
        seeds_per_job=seeds_per_job,
        experiments=tuple(experiments),
        text={},
    )
    return expand(study)


def size_of(run: PlannedRun) -> int:
    return run.size if run.size is not None else round(FULL * (run.fraction or 0))


def metrics_of(run: PlannedRun) -> Iterator[dict[str, object]]:
    """Two rows an evaluation point, as training writes them."""
    n, rng = size_of(run), np.random.default_rng([run.seed, size_of(run), len(run.architecture)])
    ceiling, drop, rate = CURVES.get(run.architecture, CURVES["mlp"])
    end = ceiling - drop * n**-rate + rng.normal(0, 0.004)
    for point in range(1, EVALUATIONS + 1):
        progress = 1 - np.exp(-4.0 * point / EVALUATIONS)
        for split, top in (("train", 1 - (1 - end) * 0.1), ("validation", end)):
            top1 = float(np.clip(round((0.1 + (top - 0.1) * progress) * VALIDATION) / VALIDATION, 0, 1))
            update = UPDATES * point // EVALUATIONS
            yield {
                "run": run.run,
                "configuration": run.configuration,
                "seed": run.seed,
                "split": split,
                "update": update,
                "epoch": update * 32 / n,
                "samples": update * 32,
                "learning_rate": 0.001,
                "loss": -float(np.log(max(top1, 0.01))) * 1.3 + 0.02,
                "top1": top1,
                "top5": min(1.0, top1 + 0.05),
                "macro_f1": top1 - 0.003,
                "margin_correct": 0.5 + 0.4 * top1,
                "margin_wrong": 0.3 if top1 < 1 else float("nan"),
                "ece": 0.02 + 0.1 * (1 - top1),
            }


def timing_of(run: PlannedRun) -> Iterator[dict[str, object]]:
    for point in range(1, EVALUATIONS + 1):
        update = UPDATES * point // EVALUATIONS
        yield {
            "run": run.run,
            "configuration": run.configuration,
            "seed": run.seed,
            "update": update,
            "seconds": update * (0.001 if run.architecture == "mlp" else 0.004),
            "images_per_second": 8000.0,
            "peak_memory_mb": 600.0,
        }


def summary_of(run: PlannedRun, rows: pd.DataFrame) -> dict[str, object]:
    splits = {split: rows[rows["split"] == split] for split in ("train", "validation")}
    best = splits["validation"]["top1"].idxmax()
    return {
        "run": run.run,
        "configuration": run.configuration,
        "seed": run.seed,
        "n_train": size_of(run),
        "n_validation": VALIDATION,
        "classes": 10,
        "parameters": 9000,
        "updates": UPDATES,
        "samples": UPDATES * 32,
        "best_update": rows.loc[best, "update"],
        "best_top1": rows.loc[best, "top1"],
        **{metric.last: splits["validation"][name].iloc[-1] for name, metric in METRICS.items()},
        **{metric.last_train: splits["train"][name].iloc[-1] for name, metric in METRICS.items()},
    }


def block_frames(runs: Sequence[PlannedRun]) -> dict[str, pd.DataFrame]:
    """metrics, timing and summary of one seed block."""
    metrics = [pd.DataFrame(metrics_of(run)) for run in runs]
    return {
        "metrics": pd.concat(metrics, ignore_index=True),
        "timing": pd.DataFrame([row for run in runs for row in timing_of(run)]),
        "summary": pd.DataFrame([summary_of(run, rows) for run, rows in zip(runs, metrics, strict=True)]),
    }


def collected_of(plan: Plan) -> Collected:
    blocks = [block_frames(runs) for runs in plan.blocks.values()]
    return collect(plan, **{name: [block[name] for block in blocks] for name in ("metrics", "timing", "summary")})


def write_runs(root: Path, plan: Plan) -> Paths:
    paths = Paths(root)
    write_plan(plan, paths.plan)
    for (configuration, block), runs in plan.blocks.items():
        for name, frame in block_frames(runs).items():
            write_csv(paths.run_file(configuration, block, f"{name}.csv"), frame)
        write_json(paths.run_file(configuration, block, "environment.json"), ENVIRONMENT)
    return paths


def files_of(paths: Paths, plan: Plan, name: str) -> list[Path]:
    return [paths.run_file(configuration, block, name) for configuration, block in plan.blocks]


def relabel(plan: Plan, **changes: object) -> Plan:
    """The same plan with other values in the named columns."""
    return Plan(tuple(replace(run, **changes) for run in plan.runs))  # type: ignore[arg-type]


ENVIRONMENT = {
    "command": "python -m datavolume.training --results results/made_up --configuration c --block 0-4",
    "commit": "0123abc",
    "hostname": "node1",
    "device": "cpu",
    "torch": "2.15.0",
    "torchvision": "0.29.2",
    "python": "3.11.2",
    "numpy": "2.4.6",
    "processes": 1,
    "threads": 1,
    "started": "2026-11-21T01:00:00Z",
    "finished": "2026-11-21T01:00:20Z",
}
