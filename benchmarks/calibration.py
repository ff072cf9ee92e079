"""What calibration errors, temperatures and votes are worth where the truth is known: docs/benchmarks.md, Calibration.

    python benchmarks/calibration.py                   two minutes of CPU
    python benchmarks/calibration.py --rounds 100

Confidences are 0.1 + 0.9 Beta(4, 1), and a prediction is right less often than it says, by a share of what is above
0.1. Temperatures are of ten classes with normal logits of standard deviation 2, labels drawn from the probabilities.
Five networks vote that are right together and apart; the images are drawn anew, the networks stay.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from datavolume.statistics.calibration import (
    against_members,
    calibration_error,
    chance_error,
    debiased_error,
    error_interval,
    fit_temperature,
    reliability_bins,
    squared_error,
)

_SEED = 2026
_IMAGES = (360, 2000, 10_000)
_TOO_SURE = (0.0, 0.05, 0.1, 0.3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=400)
    rounds = parser.parse_args().rounds
    print("| images | truth, % | plain | debiased | by chance | root of the squared | interval covers | its width |")
    print("|---:|---:|---:|---:|---:|---:|---:|---:|")
    for images in _IMAGES:
        for too_sure in _TOO_SURE:
            print(f"| {images:,} | " + " | ".join(_errors(images, too_sure, rounds)) + " |", flush=True)
    print("\n| images | interval of the temperature covers | of the gain by voting |\n|---:|---:|---:|")
    for images in _IMAGES:
        print(f"| {images:,} | {_temperatures(images, rounds)} | {_votes(images, 5 * rounds)} |", flush=True)


def _errors(images: int, too_sure: float, rounds: int) -> Iterator[str]:
    """In percent; the truth is 0.9 too_sure 4/5, the mean of the gap."""
    rng, truth = np.random.default_rng(_SEED), 0.9 * too_sure * 4 / 5
    found, covered, width = [], 0, 0.0
    for _ in range(rounds):
        confidence = 0.1 + 0.9 * rng.beta(4, 1, images)
        correct = rng.random(images) < confidence - too_sure * (confidence - 0.1)
        table = reliability_bins(confidence, correct)
        interval = error_interval(confidence, correct, rng, resamples=400)
        covered += interval.lower <= truth <= interval.upper
        width += 100 * (interval.upper - interval.lower) / rounds
        measures = (calibration_error, debiased_error, chance_error, squared_error)
        found.append([measure(table) for measure in measures])
    plain, debiased, chance, squared = np.mean(found, axis=0)
    root = np.sqrt(max(squared, 0))
    yield from (f"{100 * value:.2f}" for value in (truth, plain, debiased, chance, root))
    yield f"{100 * covered / rounds:.1f} %"
    yield f"{width:.1f}"


def _temperatures(images: int, rounds: int) -> str:
    rng = np.random.default_rng(_SEED)
    covered = 0
    for _ in range(rounds):
        weights = np.exp(2.0 * rng.normal(size=(images, 10)))
        probabilities = weights / weights.sum(axis=1, keepdims=True)
        labels = _drawn(probabilities, rng)
        fitted = fit_temperature(probabilities, labels)
        covered += fitted.lower <= 1 <= fitted.upper
    return f"{100 * covered / rounds:.1f} %"


def _drawn(probabilities: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    below = rng.random((len(probabilities), 1)) > probabilities.cumsum(axis=1)
    return np.asarray(below.sum(axis=1).clip(max=probabilities.shape[1] - 1))


def _votes(images: int, rounds: int) -> str:
    """Each image is as easy as a uniform number; five networks and their vote are right by it. The truth is of a
    million images."""
    rng = np.random.default_rng(_SEED)
    right, members = _polled(1_000_000, rng)
    truth, covered = right.mean() - members.mean() / 5, 0
    for _ in range(rounds):
        estimate = against_members(*_polled(images, rng), 5, rng, resamples=1000)
        covered += estimate.gain_lower <= truth <= estimate.gain_upper
    return f"{100 * covered / rounds:.1f} %"


def _polled(images: int, rng: np.random.Generator) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    members = rng.binomial(5, 0.3 + 0.7 * rng.random(images) ** 0.25)
    return members >= 3, members


if __name__ == "__main__":
    main()
