"""What a recipe can ask for, in whole runs: stopped and resumed, each has the same bytes; and it does what it says."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from unit.training.studies import StopAtLook, deterministic_bytes, make_experiments, make_study, train_all

from datavolume.errors import UserError
from datavolume.study import (
    Augmentation,
    Budget,
    Dataset,
    EarlyStopping,
    Experiment,
    Network,
    Paths,
    Phase,
    Plan,
    Recipe,
    Resources,
    Volume,
)
from datavolume.study.model import Origin
from datavolume.training.surviving.signals import Interrupted

TUNED = Dataset(name="digits", tuning=0.2)
PHASES = (
    Phase(fraction=0.05, batch_size=16, budget=Budget(epochs=2)),
    Phase(fraction=0.08, learning_rate=0.002, budget=Budget(updates=9)),
    Phase(fraction=0.1, batch_size=24, budget=Budget(epochs=1), weights="fresh"),
)
RECIPES: dict[str, dict[str, Any]] = {
    "augmented": {"augmentation": Augmentation(crop="padded", padding=1, flip=0.5, shift=0.2, erasing=0.5, repeated=2)},
    "mixed": {"augmentation": Augmentation(mixup=0.4, cutmix=1.0), "shards": 2, "label_smoothing": 0.1},
    "appended": {"augmentation": Augmentation(shift=0.2, contrast=2.0, cutmix=1.0, border=0.2, appended=0.5)},
    "averaged": {"ema_decay": 0.8, "ema_every": 2, "clip_norm": 0.5, "no_decay": ("bias", "norm")},
    "scheduled": {"optimizer": "rmsprop", "schedule": "step", "decay_every": 7, "warmup": 4, "gamma": 0.5},
    "head": {"network": Network(hidden=(16,), dropout=0.3, l2=0.01, input_size=12)},
    "fast": {"tier": "fast"},
    "phases": {"phases": PHASES},
    "tuned": {"dataset": TUNED, "early_stopping": EarlyStopping(patience=4, min_delta=5.0), "evaluations": 10},
}


def rows_of(paths: Paths, plan: Plan, name: str = "metrics.csv") -> list[dict[str, str]]:
    configuration, block = next(iter(plan.blocks))
    with paths.run_file(configuration, block, name).open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", RECIPES)
def test_stopped_and_resumed_has_the_same_bytes(tmp_path: Path, name: str) -> None:
    study = {"architecture": "small_cnn", **RECIPES[name]}
    straight, stopped = (make_study(tmp_path / part, **study) for part in ("straight", "stopped"))
    train_all(*straight)
    for step in (5, 4, 3):
        with pytest.raises(Interrupted):
            train_all(*stopped, stop=StopAtLook(step + 1))
    train_all(*stopped)
    assert deterministic_bytes(*stopped) == deterministic_bytes(*straight)


@pytest.mark.parametrize("name", ["averaged", "phases"])
def test_checkpoints_after_every_update_change_nothing(tmp_path: Path, name: str) -> None:
    study = {"architecture": "small_cnn", **RECIPES[name]}
    straight, often = (make_study(tmp_path / part, **study) for part in ("straight", "often"))
    train_all(*straight)
    train_all(*often, checkpoint_seconds=0)
    assert deterministic_bytes(*often) == deterministic_bytes(*straight)


def test_each_recipe_is_a_run_of_its_own(tmp_path: Path) -> None:
    plans = [make_study(tmp_path / name, architecture="small_cnn", **recipe)[1] for name, recipe in RECIPES.items()]
    assert len({plan.runs[0].run for plan in plans}) == len(RECIPES)


def test_phases_follow_each_other(tmp_path: Path) -> None:
    """Of 1437 training images, class by class: 70 and 116; so 9, 9 and 6 updates."""
    paths, plan = make_study(tmp_path, evaluations=1, phases=PHASES)
    train_all(paths, plan)
    rows = [row for row in rows_of(paths, plan) if row["split"] == "train"]
    assert [(row["phase"], row["update"], row["samples"]) for row in rows] == [
        ("0", "9", "144"),
        ("1", "18", str(144 + 9 * 32)),
        ("2", "24", str(144 + 9 * 32 + 6 * 24)),
    ]
    assert float(rows[1]["epoch"]) == pytest.approx(144 / 70 + 288 / 116)


def test_a_phase_carries_weights_over(tmp_path: Path) -> None:
    """With a learning rate of next to nothing, the second phase ends where the first did; fresh weights do not."""
    ends = []
    for weights in ("carried", "fresh"):
        first = Phase(fraction=0.1, budget=Budget(updates=20))
        still = Phase(fraction=0.1, learning_rate=1e-12, budget=Budget(updates=1), weights=weights)
        paths, plan = make_study(tmp_path / weights, evaluations=1, schedule="constant", phases=(first, still))
        train_all(paths, plan)
        before, after = (float(row["loss"]) for row in rows_of(paths, plan) if row["split"] == "validation")
        ends.append(abs(after - before))
    assert ends[0] < 1e-5 < 0.1 < ends[1]


def test_early_stopping_watches_the_tuning_split(tmp_path: Path) -> None:
    """A loss that must fall by 5 nats at once: never after the first evaluation, so patience 2 ends at the third."""
    rule = EarlyStopping(patience=2, min_delta=5.0)
    paths, plan = make_study(tmp_path, dataset=TUNED, early_stopping=rule, evaluations=10)
    train_all(paths, plan)
    rows = rows_of(paths, plan)
    assert [row["update"] for row in rows if row["split"] == "tuning"] == ["3", "6", "9"]
    assert {row["split"] for row in rows} == {"train", "tuning", "validation"}


def test_only_some_training_images_are_evaluated(tmp_path: Path) -> None:
    paths, plan = make_study(tmp_path, evaluated_training_images=20)
    train_all(paths, plan)
    shares = [float(row["top1"]) * 20 for row in rows_of(paths, plan) if row["split"] == "train"]
    assert shares == pytest.approx([round(share) for share in shares])


def grid(name: str, start: Origin | None = None, **recipe: Any) -> Experiment:
    values: dict[str, Any] = {"budget": Budget(updates=30), "evaluations": 3, "schedule": "cosine", **recipe}
    return Experiment(
        name=name,
        dataset=Dataset(name="digits"),
        architectures=("mlp",),
        volumes=(Volume(fraction=0.1),),
        seeds=(0,),
        recipe=Recipe(**values),
        resources=Resources(),
        start=start,
    )


def test_a_run_goes_on_from_halfway_of_another(tmp_path: Path) -> None:
    """The same recipe and seed from the state at half of the updates: the very same end (the thesis' figure 9)."""
    paths, plan = make_experiments(tmp_path, grid("restarted", Origin(experiment="first", at=0.5)), grid("first"))
    first, restarted = plan.runs
    assert (first.kept, restarted.kept) == ("0.5", "")
    train_all(paths, plan)
    ends = []
    for run in (first, restarted):
        with paths.run_file(run.configuration, run.block, "metrics.csv").open(newline="") as file:
            ends.append([row["loss"] for row in csv.DictReader(file) if int(row["update"]) >= 20])
    assert ends[0] == ends[1]
    assert (paths.checkpoints(first.run) / "kept-0.5.pt").is_file()


def test_weights_alone_start_a_new_schedule(tmp_path: Path) -> None:
    again = grid("again", Origin(experiment="first", carry="weights"), learning_rate=1e-12, schedule="constant")
    paths, plan = make_experiments(tmp_path, grid("first"), again)
    train_all(paths, plan)
    ends = []
    for run in plan.runs:
        with paths.run_file(run.configuration, run.block, "summary.csv").open(newline="") as file:
            ends.append(next(csv.DictReader(file)))
    assert float(ends[0]["last_loss"]) == pytest.approx(float(ends[1]["last_loss"]), abs=1e-5)
    assert [end["updates"] for end in ends] == ["30", "30"]


def test_a_missing_start_is_one_line(tmp_path: Path) -> None:
    first = grid("first")
    paths, plan = make_experiments(tmp_path, first)
    train_all(paths, plan)  # finished before anyone asked for its half
    paths, plan = make_experiments(tmp_path, first, grid("restarted", Origin(experiment="first", at=0.5)))
    with pytest.raises(UserError, match=r"kept-0.5.pt: is missing, so no run can start there; .* to train it again"):
        train_all(paths, plan)


def test_a_finished_run_has_the_averaged_weights(tmp_path: Path) -> None:
    paths, plan = make_study(tmp_path, architecture="mlp", ema_decay=0.9)
    train_all(paths, plan)
    folder = paths.checkpoints(plan.runs[0].run)
    last = torch.load(max(folder.glob("update-*.pt")), weights_only=True)
    weights = list(last["model"].values())
    assert all(torch.equal(*pair) for pair in zip(weights, last["average"]["averages"], strict=True))


def test_replace_keeps_the_recipe(tmp_path: Path) -> None:
    """A plan is read back with every nested value."""
    _, plan = make_study(tmp_path, phases=PHASES, augmentation=Augmentation(cutmix=1.0))
    assert replace(plan.runs[0].unpack().recipe, phases=PHASES).phases == PHASES
