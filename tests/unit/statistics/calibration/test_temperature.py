"""Temperatures that are known, by hand and by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from datavolume.statistics.calibration import (
    cross_fitted,
    debiased_error,
    fit_temperature,
    judge,
    reliability_bins,
    temperature,
)


def calibrated(images: int, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Probabilities [V, 10] and labels that are drawn from just these."""
    rng = np.random.default_rng(seed)
    logits = 2.0 * rng.normal(size=(images, 10))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return probabilities, (rng.random((images, 1)) > probabilities.cumsum(axis=1)).sum(axis=1)


def sharpened(probabilities: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    raised = probabilities**power
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def test_by_hand() -> None:
    """Two classes at 0.9, three of four right: the best confidence is 0.75, so ln 9 / T = ln 3, and T = 2."""
    probabilities = np.tile([0.9, 0.1], (4, 1))
    fitted = fit_temperature(probabilities, np.array([0, 0, 0, 1]))
    assert fitted.value == pytest.approx(2.0, abs=1e-8)
    # scores ln 9 x (0.25 three times, -0.75 once), curvature 4 x 3/16 x ln² 9, inverse temperature 1/2
    spread = math.sqrt(3 * 0.25**2 + 0.75**2) / (0.75 * math.log(9) * 0.5)
    assert fitted.upper == pytest.approx(2.0 * math.exp(1.959964 * spread), rel=1e-5)
    assert fitted.lower == pytest.approx(2.0 * math.exp(-1.959964 * spread), rel=1e-5)


@pytest.mark.parametrize("images", [10_000])
def test_a_calibrated_network_has_temperature_one(images: int) -> None:
    fitted = fit_temperature(*calibrated(images))
    assert fitted.value == pytest.approx(1.0, abs=0.03)
    assert fitted.lower < 1 < fitted.upper
    assert fitted.note == ""


@pytest.mark.parametrize("power", [2.0, 0.5])
def test_logits_times_two_have_twice_the_temperature(power: float) -> None:
    probabilities, labels = calibrated(2000)
    own = fit_temperature(probabilities, labels)
    fitted = fit_temperature(sharpened(probabilities, power), labels)
    assert fitted.value == pytest.approx(power * own.value, rel=1e-6)
    assert fitted.upper == pytest.approx(power * own.upper, rel=1e-6)


def test_the_interval_covers() -> None:
    found = [fit_temperature(*calibrated(200, seed)) for seed in range(200)]
    assert 182 <= sum(one.lower < 1 < one.upper for one in found) <= 198


def test_scaling_mends_a_network_that_is_too_sure() -> None:
    probabilities, labels = calibrated(4000)
    sharp = sharpened(probabilities, 2.5)
    before, best = judge(sharp, labels), judge(probabilities, labels)
    ways = list(cross_fitted(sharp, labels, np.random.default_rng(0), splits=2))
    assert len(ways) == 2
    for after in ways:
        assert debiased_error(reliability_bins(before.confidence, before.correct)) > 0.1
        assert debiased_error(reliability_bins(after.confidence, after.correct)) < 0.02
        assert after.nll.mean() == pytest.approx(best.nll.mean(), abs=0.01)
        np.testing.assert_array_equal(after.correct, before.correct)


def test_no_image_judges_the_temperature_it_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A label that is changed in the first half moves the temperature of the second alone."""
    probabilities, labels = calibrated(60)
    changed, first = labels.copy(), np.arange(60) < 30
    changed[0] = probabilities[0].argmin()
    monkeypatch.setattr("datavolume.statistics.calibration.temperature._half", lambda *_: first)
    rng = np.random.default_rng(0)
    (one,), (other,) = (cross_fitted(probabilities, given, rng, splits=1) for given in (labels, changed))
    np.testing.assert_array_equal(one.confidence == other.confidence, first)
    second = fit_temperature(probabilities[~first], labels[~first]).value
    np.testing.assert_allclose(
        one.confidence[first], judge(probabilities, labels, temperature=second).confidence[first]
    )


def test_halves_have_as_many_images_of_each_class() -> None:
    labels = np.repeat([0, 1, 2], [10, 4, 7])
    half = temperature._half(labels, np.random.default_rng(0))
    assert np.bincount(labels[half]).tolist() in ([5, 2, 4], [5, 2, 3])


def test_where_no_temperature_can_be_told() -> None:
    probabilities = np.array([[0.6, 0.4], [0.3, 0.7]])
    fitted = fit_temperature(probabilities, np.array([0, 1]))
    assert math.isnan(fitted.value)
    assert fitted.note == "no wrong prediction, so no temperature can be told"
    (scaled,) = cross_fitted(probabilities, np.array([0, 1]), np.random.default_rng(0), splits=1)
    np.testing.assert_allclose(scaled.confidence, [0.6, 0.7])
    worse = fit_temperature(probabilities, np.array([1, 0]))
    assert worse.value == 100
    assert worse.note == "no better than a guess: the temperature is above 100"
    guess = fit_temperature(np.full((2, 2), 0.5), np.array([0, 1]))
    assert math.isnan(guess.value)
    assert guess.note
