"""The metrics of one batch alone: which images it has, what is told of them, and what older checkpoints lack."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from unit.training.studies import StopAtLook, deterministic_bytes, make_study, train_all

from datavolume.study import Paths, Plan
from datavolume.training.determinism import derived_seed
from datavolume.training.measuring.last_batch import LAST_BATCH, LastBatch, last_batch, of_last_batch
from datavolume.training.measuring.predictions import predictions_of
from datavolume.training.surviving.signals import Interrupted


@pytest.mark.parametrize(
    ("size", "batch_size", "count"),
    [(20_800, 72, 64), (750, 72, 30), (144, 72, 72), (5, 72, 5), (1, 1, 1), (73, 72, 1)],
)
def test_how_many_images_it_has(size: int, batch_size: int, count: int) -> None:
    chosen = last_batch(size, batch_size, 1)
    assert len(chosen) == len(set(chosen.tolist())) == count
    assert chosen.min() >= 0
    assert chosen.max() < size
    assert (np.diff(chosen) > 0).all()


def test_it_is_a_random_batch_of_all_images_and_the_same_one_again() -> None:
    assert last_batch(1000, 72, 3).tolist() == last_batch(1000, 72, 3).tolist()
    drawn = np.bincount(np.concatenate([last_batch(50, 8, seed) for seed in range(2000)]), minlength=50)
    expected = 2000 * 2 / 50  # 50 mod 8 = 2 of 50 images, 2,000 times
    assert drawn.min() > expected / 2
    assert drawn.max() < expected * 2


def test_its_metrics_by_hand() -> None:
    probabilities = torch.tensor([[0.7, 0.3], [0.6, 0.4], [0.2, 0.8], [0.9, 0.1]])
    predictions = predictions_of(probabilities.log(), torch.tensor([0, 1, 1, 1]))
    found = of_last_batch(predictions, np.array([1, 2, 3]))
    expected = {"last_batch_loss": -(math.log(0.4) + math.log(0.8) + math.log(0.1)) / 3, "last_batch_top1": 1 / 3}
    assert found == pytest.approx(expected, rel=1e-6)


def test_micro_f1_is_accuracy() -> None:
    from torchmetrics.functional.classification import multiclass_f1_score

    torch.manual_seed(0)
    logits, labels = torch.randn(70, 5), torch.randint(0, 5, (70,))
    found = of_last_batch(predictions_of(logits, labels), np.arange(40))
    reference = multiclass_f1_score(logits[:40], labels[:40], num_classes=5, average="micro")
    assert found["last_batch_top1"] == pytest.approx(float(reference))


def test_splits_have_orders_of_their_own() -> None:
    torch.manual_seed(0)
    predictions = predictions_of(torch.randn(1000, 5), torch.randint(0, 5, (1000,)))
    last = LastBatch(72, derived_seed(7, "last batch", 10))
    assert last.metrics(predictions, "train") != last.metrics(predictions, "validation")


def rows_of(paths: Paths, plan: Plan) -> list[dict[str, str]]:
    with paths.run_file(*next(iter(plan.blocks)), "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_each_evaluation_of_a_run_has_a_batch_of_its_own(tmp_path: Path) -> None:
    paths, plan = make_study(tmp_path, evaluations=30)
    train_all(paths, plan)
    rows = [row for row in rows_of(paths, plan) if row["split"] == "validation"]
    off = [float(row["last_batch_top1"]) * 7 % 1 for row in rows]  # 359 held-out images end with 359 mod 32 = 7
    assert all(min(value, 1 - value) < 1e-9 for value in off)
    gaps = {round(float(row["last_batch_loss"]) - float(row["loss"]), 6) for row in rows}
    assert len(gaps) == 30


def test_rows_of_a_checkpoint_from_before_the_columns_stay_empty(tmp_path: Path) -> None:
    straight, resumed = make_study(tmp_path / "a"), make_study(tmp_path / "b")
    train_all(*straight)
    paths, plan = resumed
    with pytest.raises(Interrupted):
        train_all(paths, plan, stop=StopAtLook(17))  # after update 15; there is one evaluation, at 10
    for file in paths.checkpoints(plan.runs[0].run).glob("update-*.pt"):
        saved = torch.load(file, weights_only=True)
        assert [row["update"] for row in saved["metrics"]] == [10, 10]
        saved["metrics"] = [{k: v for k, v in row.items() if k not in LAST_BATCH} for row in saved["metrics"]]
        torch.save(saved, file)
    train_all(paths, plan)
    before, after = rows_of(*straight), rows_of(paths, plan)
    assert [[row[name] for name in LAST_BATCH] for row in after[:2]] == [["", ""], ["", ""]]
    assert after[2:] == before[2:]
    assert [{**row, **dict.fromkeys(LAST_BATCH, "")} for row in before[:2]] == after[:2]


def test_a_run_that_was_stopped_has_the_same_batches(tmp_path: Path) -> None:
    straight, resumed = make_study(tmp_path / "a"), make_study(tmp_path / "b")
    train_all(*straight)
    with pytest.raises(Interrupted):
        train_all(*resumed, stop=StopAtLook(17))
    train_all(*resumed)
    assert deterministic_bytes(*resumed) == deterministic_bytes(*straight)
