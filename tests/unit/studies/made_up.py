"""What a whole study would collect, made up: every run of its full plan, without a training and without an image.

results = results_of(load_study(path))      whatever artefacts of the study may ask for
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from unit.analysis.test_calibration import made_up as probabilities_of

from datavolume.analysis.answering.analyse import analyse
from datavolume.analysis.calibration import calibrated
from datavolume.analysis.choose import choose
from datavolume.analysis.collect import Collected, collect, plan_frame
from datavolume.analysis.curves import curves, named, several_volumes
from datavolume.analysis.metrics import LAST_BATCH, METRICS
from datavolume.analysis.published.comparison import Ours, compare, read_published
from datavolume.analysis.select import points_of
from datavolume.analysis.tables import CONFIDENCE
from datavolume.artefacts import chosen, find
from datavolume.artefacts.results import Results
from datavolume.data.sizes import Sizes, sizes_of
from datavolume.study import Decided, LaidOut, Plan, PlannedRun, Run, Study, designs, phases_of, plan_of
from datavolume.training.timeline import Stretch, stretches

CLASSES = 10
Known = dict[tuple[str, str], Decided]


def results_of(study: Study, file: Path) -> Results:
    laid_out = decided(study)
    plan, points = plan_of(study, laid_out), points_of(laid_out)
    collected = collected_of(plan, points)
    frames = {"metrics": collected.metrics, "timing": collected.timing, "summary": collected.summary}
    analyses = {"overlap": overlap_of(plan), "votes": votes_of(collected.summary)}
    planned = plan_frame(plan)
    comparison = pd.DataFrame()
    if study.published:
        ours = Ours(**frames, **analyses, points=points, plan=planned)
        comparison = compare(read_published(file.parent / study.published), ours, comparable=True)
    return Results(
        **frames,
        **analyses,
        points=points,
        plan=planned,
        comparison=comparison,
        **analysed(study, collected.summary, points, planned),
        **confident(study, collected.summary),
        overlap_by_class=by_class(analyses["overlap"]),
        class_counts=class_counts_of(plan),
    )


def analysed(study: Study, summary: pd.DataFrame, points: pd.DataFrame, plan: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """As workflow/scripts/analyse.py; the frames that artefacts may ask for."""
    runs = curves(summary, named(points, study.answer.experiments), plan)
    told = several_volumes(runs) if study.answer.about == "factors" else runs
    frames = analyse(told, plan, margin=study.margin, asked=study.answer).frames()
    return {field.name: frames[field.name] for field in fields(Results) if field.name in frames}


def confident(study: Study, summary: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """As workflow/scripts/calibration.py, of made-up predictions; nothing where no artefact asks."""
    if not {*CONFIDENCE} & {need for artefact in chosen(study.artefacts) for need in find(artefact.draw).needs}:
        return {}
    with TemporaryDirectory() as folder:
        files = list(predictions_of(summary, Path(folder)))
        found = calibrated(summary, files)
        return {name: getattr(found, name) for name in CONFIDENCE}


def predictions_of(summary: pd.DataFrame, folder: Path) -> Iterator[Path]:
    for configuration, runs in summary.groupby("configuration", sort=False):
        file = folder / str(configuration) / "seeds~0" / "predictions.npz"
        file.parent.mkdir(parents=True)
        made = [probabilities_of(place) for place in runs.index]
        stacked = np.stack([probabilities for probabilities, _ in made])
        np.savez(file, seeds=runs["seed"], samples=np.arange(5), labels=made[0][1], probabilities=stacked)
        yield file


def decided(study: Study) -> list[LaidOut]:
    """Every stage decided, as its checkpoint would."""
    known: Known = {}
    while True:
        laid_out = list(designs(study, known))
        waiting = [decision for one in laid_out for decision in one.decisions if decision.value is None]
        ready = [decision for decision in waiting if decision.candidates]
        if not ready:
            assert not waiting
            return laid_out
        metrics = collected_of(plan_of(study, laid_out), points_of(laid_out)).metrics
        choices = {one.name: one.choose for one in study.experiments}
        for decision in ready:
            best, _ = choose(metrics, decision.candidates, choices[decision.experiment])
            known[decision.experiment, decision.stage] = Decided(best, decision.digest)


def collected_of(plan: Plan, points: pd.DataFrame) -> Collected:
    parts = [made_up(run) for run in plan.runs]
    return collect(plan, points, **{kind: [part[kind] for part in parts] for kind in ("metrics", "timing", "summary")})


def made_up(planned: PlannedRun) -> dict[str, pd.DataFrame]:
    run = planned.unpack()
    sizes = sizes_of(run.dataset, Path("nowhere")) or Sizes(train=4000, validation=500, classes=CLASSES, side=32)
    found = stretches(run, [size_of(phase.volume, sizes.train) for phase in phases_of(run)], sizes.train)
    rows = pd.DataFrame(rows_of(planned, run, found))
    last = rows[rows["split"] == "validation"].iloc[-1]
    train = rows[rows["split"] == "train"].iloc[-1]
    ids = {"run": planned.run, "configuration": planned.configuration, "seed": planned.seed}
    summary = {
        **ids,
        "n_train": size_of(run.volume, sizes.train),
        "n_validation": sizes.validation,
        "classes": sizes.classes,
        "parameters": 1_000_000 + 1000 * len(run.architecture),
        "updates": found[-1].end,
        "samples": found[-1].samples_at(found[-1].end),
        "best_update": last["update"],
        "best_top1": last["top1"],
        **{metric.last: last[name] for name, metric in METRICS.items()},
        **{metric.last_train: train[name] for name, metric in METRICS.items()},
    }
    timing = rows[rows["split"] == "train"][["run", "configuration", "seed", "update", "samples"]]
    timing = timing.assign(seconds=timing["samples"] / 1000.0, images_per_second=1000.0, peak_memory_mb=500.0)
    return {"metrics": rows, "timing": timing, "summary": pd.DataFrame([summary])}


def size_of(volume: object, full: int) -> int:
    size = getattr(volume, "size")  # noqa: B009
    return size if size is not None else max(1, round(getattr(volume, "fraction") * full))  # noqa: B009


def rows_of(planned: PlannedRun, run: Run, found: tuple[Stretch, ...]) -> Iterator[dict[str, object]]:
    noise = np.random.default_rng([run.seed, len(planned.run), ord(planned.run[-1])])
    end = 0.9 - 2.0 / math.sqrt(found[-1].size) + noise.normal(0, 0.005)
    splits = {"train": 0.03, "validation": 0.0, **({"tuning": 0.005} if run.dataset.tuning else {})}
    for stretch in found:
        for update in sorted(stretch.points):
            for split, more in splits.items():
                top1 = float(np.clip((end + more) * (1 - math.exp(-4 * update / found[-1].end)), 0.01, 0.999))
                metrics = dict.fromkeys(METRICS, top1) | {"loss": 1.2 - top1, "top5": min(1.0, top1 + 0.1)}
                yield {
                    "run": planned.run,
                    "configuration": planned.configuration,
                    "seed": planned.seed,
                    "split": split,
                    "phase": stretch.number,
                    "update": update,
                    "epoch": stretch.epochs_at(update),
                    "samples": stretch.samples_at(update),
                    "learning_rate": stretch.rate(update - 1),
                    **metrics,
                    **dict(zip(LAST_BATCH, (1.2 - top1, top1), strict=True)),
                }


def overlap_of(plan: Plan) -> pd.DataFrame:
    """Every pair of subsets of one volume."""
    groups: dict[tuple[str, object], dict[str, None]] = {}
    for run in plan.runs:
        groups.setdefault((run.dataset, run.fraction or run.size), {})[run.subset] = None
    rows = [
        {"dataset": dataset, "first": first, "second": second, "first_images": 800, "second_images": 800,
         "common": 40, "overlap": 0.05}
        for (dataset, _), names in groups.items()
        for first, second in combinations(names, 2)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def by_class(overlap: pd.DataFrame) -> pd.DataFrame:
    parts = [
        overlap.assign(**{"class": f"class {rank}", "rank": rank, "overlap": 0.1 / rank})
        for rank in range(1, CLASSES + 1)
    ]
    return pd.concat(parts, ignore_index=True)


def class_counts_of(plan: Plan) -> pd.DataFrame:
    rows = [
        {"dataset": dataset, "split": split, "label": label, "name": f"class {label}", "n": 100 - label}
        for dataset in dict.fromkeys(run.dataset for run in plan.runs)
        for split in ("train", "validation")
        for label in range(CLASSES)
    ]
    return pd.DataFrame(rows)


def votes_of(summary: pd.DataFrame) -> pd.DataFrame:
    rows = [
        {"experiments": "", "share": share, "models": round(share * len(summary)), "voting": voting, "top1": 0.9,
         "lower": 0.89, "upper": 0.91, "best_single": 0.89, "gain": 0.01, "gain_lower": 0.0, "gain_upper": 0.02,
         "ranked_by": "validation"}
        for share in (0.1, 0.2, 0.3, 0.4, 0.5, 1.0)
        for voting in ("soft", "hard")
    ]  # fmt: skip
    return pd.DataFrame(rows)
