"""A study's designs from its text, and a summary of its runs whose accuracy a test sets.

frames = designed(tmp_path, {"ablation": {...}}, lambda run: 0.9 + 0.01 * run.seed)
frames.summary, frames.points, frames.plan
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from datavolume.analysis.collect import plan_frame
from datavolume.analysis.metrics import METRICS
from datavolume.analysis.select import points_of
from datavolume.study import Run, designs, load_study, plan_of
from datavolume.study.designs import Known

FULL = 1000
IMAGES = 1000
COST = {"samples": 320, "seconds": 2.0}


@dataclass(frozen=True)
class Frames:
    summary: pd.DataFrame
    points: pd.DataFrame
    plan: pd.DataFrame


def designed(
    folder: Path, experiments: Mapping[str, Any], top1: Callable[[Run], float], known: Known | None = None
) -> Frames:
    text = {
        "title": "Test",
        "question": "What matters?",
        "dataset": {"name": "digits"},
        "recipe": {"budget": {"updates": 10}},
        "experiments": dict(experiments),
    }
    file = folder / "study.yaml"
    file.write_text(yaml.safe_dump(text, sort_keys=False))
    study = load_study(file)
    laid_out = list(designs(study, known))
    plan = plan_of(study, laid_out)
    rows = [_row(planned, planned.unpack(), top1) for planned in plan.runs]
    summary = pd.DataFrame(rows).astype({"fraction": "float64", "size": "Int64"})
    return Frames(summary, points_of(laid_out), plan_frame(plan))


def _row(planned: Any, run: Run, top1: Callable[[Run], float]) -> dict[str, Any]:
    value = top1(run)
    n = run.volume.size or round(FULL * (run.volume.fraction or 0))
    known = {name: getattr(planned, name) for name in ("run", "configuration", "seed", "dataset", "fraction", "size")}
    names = {"architecture": run.architecture, "network": run.architecture}
    metrics = {metric.last: value for metric in METRICS.values()} | {"last_loss": 1 - value}
    return {**known, **names, "n": n, "subset_seed": run.volume.seed, "n_validation": IMAGES, **metrics, **COST}
