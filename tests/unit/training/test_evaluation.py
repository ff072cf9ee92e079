from __future__ import annotations

import math

import pytest
import torch

from datavolume.training.measuring.predictions import METRICS, calibration_error, macro_f1, predictions_of


def metrics_of(probabilities: list[list[float]], labels: list[int]) -> dict[str, float]:
    logits = torch.tensor(probabilities).log()
    return predictions_of(logits, torch.tensor(labels)).metrics(len(probabilities[0]))


def test_metrics_of_four_images_by_hand() -> None:
    found = metrics_of([[0.7, 0.2, 0.1], [0.5, 0.3, 0.2], [0.1, 0.8, 0.1], [0.25, 0.15, 0.6]], [0, 1, 1, 0])
    assert tuple(found) == METRICS
    assert found == pytest.approx(
        {
            "loss": -(math.log(0.7) + math.log(0.3) + math.log(0.8) + math.log(0.25)) / 4,
            "top1": 2 / 4,
            "top5": 1.0,  # three classes: all are among the first
            # class 0: 1 right, 1 wrongly so, 1 missed; class 1: 1 right, 1 missed; class 2: 1 wrongly so
            "macro_f1": (1 / 2 + 2 / 3 + 0) / 3,
            "margin_correct": (0.5 / 0.7 + 0.7 / 0.8) / 2,
            "margin_wrong": (0.2 / 0.5 + 0.35 / 0.6) / 2,
            "ece": (0.3 + 0.5 + 0.2 + 0.6) / 4,  # each in a bin of its own
        },
        rel=1e-6,
    )


def test_top5_leaves_the_sixth_out() -> None:
    falling = [0.3, 0.25, 0.2, 0.12, 0.08, 0.05]
    assert metrics_of([falling, falling], [4, 5])["top5"] == 0.5


def test_no_wrong_prediction_has_no_margin() -> None:
    found = metrics_of([[0.9, 0.1]], [0])
    assert math.isnan(found["margin_wrong"])
    assert found["margin_correct"] == pytest.approx(0.8 / 0.9)


def test_a_class_that_never_comes_up_does_not_count() -> None:
    # class 0: F1 2/3; class 1: F1 2/3; class 2 is neither a label nor predicted
    assert macro_f1(torch.tensor([0, 0, 1]), torch.tensor([0, 1, 1]), 3) == pytest.approx(2 / 3)


def test_calibration_error_averages_within_a_bin() -> None:
    confidence, correct = torch.tensor([0.61, 0.65, 1.0]), torch.tensor([True, False, True])
    # 0.61 and 0.65 share (9/15, 10/15]: accuracy 1/2 against 0.63; 1.0 is in the last bin, and right
    assert calibration_error(confidence, correct) == pytest.approx(2 / 3 * 0.13)


def test_metrics_agree_with_torchmetrics() -> None:
    from torchmetrics.functional import classification as reference

    torch.manual_seed(0)
    logits, labels = 2 * torch.randn(500, 7), torch.randint(0, 7, (500,))
    found, softmax = predictions_of(logits, labels).metrics(7), logits.softmax(dim=1)
    several = {"num_classes": 7}
    expected = {
        "top1": reference.multiclass_accuracy(softmax, labels, **several, average="micro"),
        "top5": reference.multiclass_accuracy(softmax, labels, **several, average="micro", top_k=5),
        "macro_f1": reference.multiclass_f1_score(softmax, labels, **several, average="macro"),
        "ece": reference.multiclass_calibration_error(softmax, labels, **several, n_bins=15, norm="l1"),
    }
    assert {name: found[name] for name in expected} == pytest.approx(
        {name: float(value) for name, value in expected.items()}, abs=1e-6
    )
