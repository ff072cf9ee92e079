"""Bins by hand, ECE against torchmetrics, and what the debiased errors are worth where the truth is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torchmetrics.functional.classification import multiclass_calibration_error

from datavolume.errors import UserError
from datavolume.statistics.calibration import (
    calibration_error,
    chance_error,
    debiased_error,
    error_interval,
    judge,
    reliability_bins,
    squared_error,
)

CONFIDENCE = np.array([0.3, 0.5, 0.7, 0.9])
CORRECT = np.array([False, True, False, True])


def drawn(images: int, too_sure: float, rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Confidences of ten classes; a prediction is right less often than it says by that share of what is above 0.1."""
    confidence = 0.1 + 0.9 * rng.beta(4, 1, images)
    return confidence, rng.random(images) < confidence - too_sure * (confidence - 0.1)


def truth(too_sure: float) -> tuple[float, float]:
    """Mean of |gap| and of gap²: the gap is 0.9 too_sure B with B of Beta(4, 1), whose moments are 4/5 and 4/6."""
    return 0.9 * too_sure * 4 / 5, (0.9 * too_sure) ** 2 * 4 / 6


def test_bins_of_equal_width_by_hand() -> None:
    """(0, 0.5] has 0.3 and 0.5, a half right; (0.5, 1] has 0.7 and 0.9, a half right: gaps 0.1 and -0.3."""
    table = reliability_bins(CONFIDENCE, CORRECT, count=2)
    assert table["images"].to_list() == [2, 2]
    assert table["confidence"].to_list() == pytest.approx([0.4, 0.8])
    assert table["accuracy"].to_list() == pytest.approx([0.5, 0.5])
    assert table["gap"].to_list() == pytest.approx([0.1, -0.3])
    assert calibration_error(table) == pytest.approx(0.2)
    # residuals -0.3, 0.5 with squares about their mean 0.32; one more image's c(1 - c): (0.21 + 0.25) / 2
    assert table["se"].iloc[0] == pytest.approx(math.sqrt(0.32 + 0.23) / 2)
    assert table["se_calibrated"].iloc[0] == pytest.approx(math.sqrt(0.21 + 0.25) / 2)
    variances = [(0.32 + 0.23) / 4, (0.32 + 0.15) / 4]
    assert squared_error(table) == pytest.approx((0.01 - variances[0] + 0.09 - variances[1]) / 2)
    chance = (math.sqrt(0.46) + math.sqrt(0.3)) / 2 / 2
    assert chance_error(table) == pytest.approx(math.sqrt(2 / math.pi) * chance)


def test_bins_of_equal_mass_keep_equal_confidences_together() -> None:
    confidence = np.array([0.2, 0.4, 0.6, 0.8, 1.0, 1.0, 1.0, 1.0])
    table = reliability_bins(confidence, np.ones(8, bool), count=4, by="mass")
    assert table["images"].to_list() == [2, 2, 4, 0]
    assert table["images"].sum() == 8
    assert calibration_error(table) == pytest.approx((0.8 + 0.6 + 0.4 + 0.2) / 8)


def test_empty_bins_and_one_image() -> None:
    table = reliability_bins(np.array([1.0]), np.array([True]))
    assert table["images"].to_list() == [0] * 14 + [1]
    assert calibration_error(table) == squared_error(table) == 0
    assert debiased_error(table) == pytest.approx(0, abs=1e-9)
    interval = error_interval(np.array([1.0]), np.array([True]), np.random.default_rng(0))
    assert (interval.lower, interval.upper) == pytest.approx((0, 0), abs=1e-9)
    with pytest.raises(UserError, match="bins go by width or mass"):
        reliability_bins(CONFIDENCE, CORRECT, by="size")  # type: ignore[arg-type]


def test_plain_error_is_that_of_torchmetrics() -> None:
    rng = np.random.default_rng(3)
    probabilities, labels = rng.dirichlet(0.3 * np.ones(10), 700), rng.integers(10, size=700)
    labels[:500] = probabilities[:500].argmax(axis=1)
    judged = judge(probabilities, labels)
    ours = calibration_error(reliability_bins(judged.confidence, judged.correct))
    theirs = multiclass_calibration_error(torch.tensor(probabilities), torch.tensor(labels), num_classes=10, n_bins=15)
    assert ours == pytest.approx(float(theirs), abs=1e-6)


def errors(images: int, too_sure: float, times: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Means of plain, debiased, squared and chance errors, and the means' standard errors."""
    rng = np.random.default_rng(7)
    tables = [reliability_bins(*drawn(images, too_sure, rng)) for _ in range(times)]
    measures = (calibration_error, debiased_error, squared_error, chance_error)
    found = np.array([[measure(table) for measure in measures] for table in tables])
    return found.mean(axis=0), found.std(axis=0) / math.sqrt(times)


def test_a_calibrated_network_has_no_debiased_error() -> None:
    """Of 400 images, chance alone makes the plain error 4 %."""
    (plain, debiased, squared, chance), spread = errors(400, 0.0, 300)
    assert plain > 0.04
    assert plain == pytest.approx(chance, rel=0.05)
    assert abs(debiased) < 4 * spread[1] + 0.001
    assert abs(squared) < 4 * spread[2]


@pytest.mark.parametrize(("images", "too_sure"), [(400, 0.3), (3000, 0.1)])
def test_errors_of_a_network_that_is_too_sure(images: int, too_sure: float) -> None:
    """Debiased errors are nearer than plain ones, and below the truth rather than above; squared ones meet it."""
    (plain, debiased, squared, _), spread = errors(images, too_sure, 150)
    known, known_squared = truth(too_sure)
    assert known - 0.02 < debiased < known + 3 * spread[1]
    assert abs(debiased - known) < max(abs(plain - known), 3 * spread[1])
    assert squared == pytest.approx(known_squared, abs=4 * spread[2])


def test_the_formula_is_the_mean_over_halves() -> None:
    """One bin of images without neighbours: halve it 4000 times, one half's sign with the other's gap."""
    rng = np.random.default_rng(1)
    confidence = rng.uniform(0.94, 1.0, 4000)
    correct = rng.random(4000) < confidence - 0.004
    residual = correct - confidence
    halves = rng.permuted(np.tile(residual, (4000, 1)), axis=1)
    first, second = halves[:, :2000].sum(axis=1), halves[:, 2000:].sum(axis=1)
    halved = (np.sign(first) * second + np.sign(second) * first) / 4000
    table = reliability_bins(confidence, correct)
    assert debiased_error(table) == pytest.approx(halved.mean(), abs=4 * halved.std() / math.sqrt(4000) + 2e-5)


@pytest.mark.parametrize("too_sure", [0.0, 0.1])
def test_the_interval_covers_the_truth(too_sure: float) -> None:
    rng = np.random.default_rng(11)
    intervals = [error_interval(*drawn(500, too_sure, rng), rng, resamples=200) for _ in range(100)]
    known, _ = truth(too_sure)
    covered = sum(interval.lower <= known <= interval.upper for interval in intervals)
    assert covered >= 93
    assert np.mean([interval.upper - interval.lower for interval in intervals]) < 0.11


def test_the_same_generator_gives_the_same_interval() -> None:
    data = drawn(200, 0.1, np.random.default_rng(0))
    one, other = (error_interval(*data, np.random.default_rng(5)) for _ in range(2))
    assert one == other
    assert one.lower < calibration_error(reliability_bins(*data)) < one.upper
