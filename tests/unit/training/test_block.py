"""Whole blocks, in this process: however they are cut, stopped and resumed, the files are the same bytes."""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from unit.training.studies import StopAtLook, deterministic_bytes, make_study, train_all, updates_in

from datavolume.errors import UserError
from datavolume.study import Budget, Paths, Plan, Resources
from datavolume.training import learner
from datavolume.training.measuring import recording
from datavolume.training.measuring.outputs import METRICS_COLUMNS, SUMMARY_COLUMNS, TIMING_COLUMNS
from datavolume.training.measuring.recording import TrainingDiverged
from datavolume.training.surviving.signals import Interrupted
from datavolume.training.updating.optimisation import Optimizer


def rows_of(paths: Paths, plan: Plan, name: str) -> list[dict[str, str]]:
    rows = []
    for configuration, block in plan.blocks:
        with paths.run_file(configuration, block, name).open(newline="") as file:
            rows += list(csv.DictReader(file))
    return rows


def straight_through(root: Path, **study: object) -> list[bytes]:
    paths, plan = make_study(root, **study)  # type: ignore[arg-type]
    train_all(paths, plan)
    return deterministic_bytes(paths, plan)


def stopped_and_resumed(root: Path, steps: Sequence[int], **study: object) -> list[bytes]:
    """Stopped after so many steps each time (whatever the time between checkpoints), then run to the end."""
    paths, plan = make_study(root, **study)  # type: ignore[arg-type]
    for step in steps:
        with pytest.raises(Interrupted):
            train_all(paths, plan, stop=StopAtLook(step + 1))
    train_all(paths, plan)
    return deterministic_bytes(paths, plan)


# 30 updates, evaluations after 10, 20, 30; the subset of 143 images makes epochs of 4.5 updates.
@pytest.mark.parametrize("steps", [[1], [10], [13], [30], [3, 6, 1, 1, 9]])
def test_stopped_and_resumed_has_the_same_bytes(tmp_path: Path, steps: list[int]) -> None:
    study = {"architecture": "small_cnn", "label_smoothing": 0.1}
    assert stopped_and_resumed(tmp_path / "a", steps, **study) == straight_through(tmp_path / "b", **study)


def test_sgd_in_shards_resumes_to_the_same_bytes(tmp_path: Path) -> None:
    study = {"architecture": "small_cnn", "optimizer": "sgd", "shards": 4, "learning_rate": 0.1}
    assert stopped_and_resumed(tmp_path / "a", [13], **study) == straight_through(tmp_path / "b", **study)


def test_dropout_resumes_to_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(*_: object, **__: object) -> torch.nn.Module:
        drop = torch.nn.Dropout(0.5)
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 32), drop, torch.nn.Linear(32, 10))

    monkeypatch.setattr(learner, "build_model", build)
    assert stopped_and_resumed(tmp_path / "a", [13]) == straight_through(tmp_path / "b")


def test_shards_change_the_bits_but_not_the_result(tmp_path: Path) -> None:
    values = []
    for shards in (1, 2):
        paths, plan = make_study(tmp_path / str(shards), shards=shards)
        train_all(paths, plan)
        values.append([float(row["loss"]) for row in rows_of(paths, plan, "metrics.csv")])
    assert values[0] == pytest.approx(values[1], rel=1e-3)


def test_seeds_in_a_block_equal_seeds_alone(tmp_path: Path) -> None:
    together, alone = (make_study(tmp_path / str(n), seeds=(0, 1, 2), seeds_per_job=n) for n in (3, 1))
    for paths, plan in (together, alone):
        train_all(paths, plan)
    for name in ("metrics.csv", "summary.csv"):
        assert rows_of(*together, name) == rows_of(*alone, name)
    losses = {row["last_loss"] for row in rows_of(*together, "summary.csv")}
    assert len(losses) == 3  # each seed is a run of its own


def test_a_finished_run_is_never_trained_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths, plan = make_study(tmp_path, seeds=(0, 1))
    train_all(paths, plan)
    expected = {name: rows_of(paths, plan, name) for name in ("metrics.csv", "summary.csv", "timing.csv")}

    def never(*_: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(Optimizer, "step", never)
    paths, cut_differently = make_study(tmp_path, seeds=(0, 1), seeds_per_job=1)
    train_all(paths, cut_differently)
    assert {name: rows_of(paths, cut_differently, name) for name in expected} == expected


def test_a_finished_run_keeps_the_environment_that_trained_it(tmp_path: Path) -> None:
    """Its files are written again by a later call; where and with what it was trained stays the truth."""
    paths, plan = make_study(tmp_path)
    train_all(paths, plan)
    file = paths.run_file(*next(iter(plan.blocks)), "environment.json")
    first = file.read_text()
    file.unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_JOB_ID", "later")
        train_all(paths, plan)
    assert file.read_text() == first


def test_a_kill_after_the_last_update_trains_nothing_again(tmp_path: Path) -> None:
    paths, plan = make_study(tmp_path)
    train_all(paths, plan, checkpoint_seconds=0)
    expected = deterministic_bytes(paths, plan)
    run = plan.runs[0].run
    final = paths.checkpoints(run) / "update-00000030.pt"
    final.write_bytes(final.read_bytes()[:1000])
    assert updates_in(paths.checkpoints(run).iterdir()) == [29, 30]
    train_all(paths, plan)
    assert deterministic_bytes(paths, plan) == expected


def test_without_the_gpu_that_it_asks_for_a_run_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    train_all(*make_study(tmp_path, resources=Resources(gpus=1)))
    assert capsys.readouterr().err == "the study asks for a GPU and none is visible: training on the CPU\n"


def test_changed_images_are_trained_from_the_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths, plan = make_study(tmp_path)
    train_all(paths, plan)
    before = deterministic_bytes(paths, plan)
    subset = paths.subset(plan.runs[0].dataset, plan.runs[0].subset)
    np.save(subset, np.load(subset)[:-10])
    train_all(paths, plan)
    assert "is of other images or another subset" in capsys.readouterr().err
    assert deterministic_bytes(paths, plan) != before


def test_the_files_of_a_block(tmp_path: Path) -> None:
    paths, plan = make_study(tmp_path, seeds=(4, 7))
    train_all(paths, plan)
    names = [planned.run for planned in plan.runs]
    metrics, timing, summary = (rows_of(paths, plan, f"{name}.csv") for name in ("metrics", "timing", "summary"))

    assert tuple(metrics[0]) == METRICS_COLUMNS
    points = [(row["run"], row["update"], row["split"]) for row in metrics]
    splits = ("train", "validation")
    assert points == [(run, update, split) for run in names for update in ("10", "20", "30") for split in splits]
    assert (metrics[0]["samples"], float(metrics[0]["epoch"])) == ("320", 320 / 143)
    assert float(metrics[-1]["learning_rate"]) == pytest.approx(1e-3 * (1 + np.cos(np.pi * 29 / 30)) / 2)

    assert tuple(timing[0]) == TIMING_COLUMNS
    seconds = [float(row["seconds"]) for row in timing[:3]]
    assert seconds == sorted(seconds)
    assert float(timing[1]["images_per_second"]) == pytest.approx(320 / (seconds[1] - seconds[0]))

    assert tuple(summary[0]) == SUMMARY_COLUMNS
    sizes = [summary[1][name] for name in ("seed", "n_train", "n_validation", "classes", "updates", "samples")]
    assert sizes == ["7", "143", "359", "10", "30", "960"]
    assert int(summary[1]["parameters"]) == 64 * 128 + 128 + 128 * 128 + 128 + 128 * 10 + 10
    validation = [row for row in metrics if row["run"] == names[1] and row["split"] == "validation"]
    best = max(validation, key=lambda row: float(row["top1"]))
    assert (summary[1]["best_top1"], summary[1]["best_update"]) == (best["top1"], best["update"])
    assert summary[1]["last_ece"] == validation[-1]["ece"]

    configuration, block = next(iter(plan.blocks))
    predictions = np.load(paths.run_file(configuration, block, "predictions.npz"))
    shapes = {name: (predictions[name].dtype.name, predictions[name].shape) for name in predictions.files}
    assert shapes == {
        "seeds": ("int64", (2,)),
        "samples": ("int64", (359,)),
        "labels": ("int64", (359,)),
        "probabilities": ("float32", (2, 359, 10)),
    }
    right = predictions["probabilities"][1].argmax(axis=1) == predictions["labels"]
    assert right.mean() == float(validation[-1]["top1"])


def test_what_was_used_is_noted(tmp_path: Path) -> None:
    paths, plan = make_study(tmp_path, seeds=(0, 1))
    train_all(paths, plan)
    rows = rows_of(paths, plan, "timing.csv")
    assert {row["gpu_utilisation"] for row in rows} == {""}  # no GPU
    assert all(float(row["peak_memory_mb"]) == float(row["peak_host_memory_mb"]) > 50 for row in rows)
    for run in plan.runs:
        seconds = [float(row["cpu_seconds"]) for row in rows if row["run"] == run.run]
        assert 0 < seconds[0] < seconds[1] < seconds[2]


def test_a_checkpoint_from_before_more_was_noted_is_gone_on_from(tmp_path: Path) -> None:
    paths, plan = make_study(tmp_path)
    with pytest.raises(Interrupted):
        train_all(paths, plan, stop=StopAtLook(16))
    (file,) = paths.checkpoints(plan.runs[0].run).iterdir()
    saved = torch.load(file, weights_only=True)
    for row in saved["timing"]:
        for name in ("gpu_utilisation", "cpu_seconds", "peak_host_memory_mb"):
            del row[name]
    torch.save(saved, file)
    train_all(paths, plan)
    rows = rows_of(paths, plan, "timing.csv")
    assert [row["cpu_seconds"] == "" for row in rows] == [True, False, False]
    assert [row["update"] for row in rows] == ["10", "20", "30"]


def test_a_missing_value_is_an_empty_cell(tmp_path: Path) -> None:
    paths, plan = make_study(tmp_path, architecture="small_cnn", budget=Budget(updates=100), evaluations=1)
    train_all(paths, plan)
    train = rows_of(paths, plan, "metrics.csv")[0]
    assert (train["top1"], train["margin_wrong"]) == ("1.0", "")  # nothing is wrong any more


def test_a_run_that_diverges_is_named_and_keeps_its_checkpoints(tmp_path: Path) -> None:
    paths, plan = make_study(tmp_path, optimizer="sgd", learning_rate=1e20, schedule="constant")
    run = plan.runs[0].run
    with pytest.raises(TrainingDiverged, match=f"run {run} diverged: .* between updates 0 and 10; lower recipe.lea"):
        train_all(paths, plan)
    assert not any(paths.root.glob("runs/*/*"))
    with pytest.raises(TrainingDiverged, match="between updates"):
        train_all(paths, plan, checkpoint_seconds=0)
    folder = paths.checkpoints(run)
    assert updates_in(folder.glob("update-*")) == [1]  # the second update's loss was not finite
    facts = json.loads((folder / "diverged.json").read_text())
    assert (facts["run"], facts["loss_of"], facts["loss"]) == (run, "training", "nan")
    assert torch.load(folder / "diverged.pt", weights_only=True)["model"].keys()


def test_a_run_that_diverges_may_count_as_a_guess(tmp_path: Path) -> None:
    """To the same bytes whenever it was noticed: at an evaluation, or at a checkpoint before."""
    recipe = {"optimizer": "sgd", "learning_rate": 1e20, "schedule": "constant", "divergence": "guess"}
    written = []
    for folder, seconds in (("straight", 600.0), ("often", 0.0)):
        paths, plan = make_study(tmp_path / folder, **recipe)  # type: ignore[arg-type]
        train_all(paths, plan, checkpoint_seconds=seconds)
        written.append(deterministic_bytes(paths, plan))
        assert (paths.checkpoints(plan.runs[0].run) / "diverged.json").is_file()
    assert written[0] == written[1]
    last = [row for row in rows_of(paths, plan, "metrics.csv") if row["split"] == "validation"][-1]
    assert (last["update"], float(last["top1"]), float(last["top5"])) == ("10", 0.1, 0.5)
    assert float(last["loss"]) == pytest.approx(math.log(10))
    assert rows_of(paths, plan, "summary.csv")[0]["updates"] == "10"


def test_a_loss_that_explodes_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "_EXPLODED", 1.0)
    paths, plan = make_study(tmp_path)
    with pytest.raises(TrainingDiverged, match=r"its loss grew to \d.* between updates 0 and 10"):
        train_all(paths, plan)


def test_a_full_disk_leaves_no_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths, plan = make_study(tmp_path)
    sync = os.fsync

    def full_in_runs(descriptor: int) -> None:
        if "/runs/" in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
            raise OSError(28, os.strerror(28))
        sync(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full_in_runs)
        with pytest.raises(UserError, match=r"metrics.csv: cannot be written .No space left on device"):
            train_all(paths, plan)
    assert [path for path in paths.root.glob("runs/*/*/*") if path.is_file()] == []
    train_all(paths, plan)  # room again: only the files are written
    assert len(deterministic_bytes(paths, plan)) == 3


class Nondeterministic(torch.nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        torch.zeros(3).put_(torch.tensor([0, 0]), torch.tensor([1.0, 2.0]))
        return images


def test_torch_errors_that_a_user_can_mend_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first: torch.nn.Module = torch.nn.BatchNorm1d(64)

    def build(*_: object, **__: object) -> torch.nn.Module:
        return torch.nn.Sequential(torch.nn.Flatten(), first, torch.nn.Linear(64, 10))

    monkeypatch.setattr(learner, "build_model", build)
    paths, plan = make_study(tmp_path, batch_size=2, shards=2)
    with pytest.raises(
        UserError, match=r"mlp normalises over the batch, and recipe.batch_size 2 in 2 shards leaves it one"
    ):
        train_all(paths, plan)
    first = Nondeterministic()
    with pytest.raises(UserError, match="mlp cannot be trained to the same bits on this device: put_ does not have"):
        train_all(paths, plan)
