from __future__ import annotations

import numpy as np
import pytest
from torchvision.transforms.autoaugment import RandAugment, TrivialAugmentWide

from datavolume.study.model import Augmentation
from datavolume.training.feeding.augmentation import policies
from datavolume.training.feeding.augmentation.policies import OPERATIONS, steps

KEYS = np.arange(20_000, dtype=np.uint64)
TRIVIAL = Augmentation(policy="trivial_augment")
SPACES = {
    "trivial_augment": (policies._wide(), TrivialAugmentWide()._augmentation_space(31)),
    "rand_augment": (policies._rand_augment(28, 40), RandAugment()._augmentation_space(31, (28, 40))),
}


@pytest.mark.parametrize("policy", SPACES)
def test_magnitudes_are_torchvisions_to_the_last_bit(policy: str) -> None:
    ours, theirs = SPACES[policy]
    for row, (name, (magnitudes, _)) in zip(ours, theirs.items(), strict=True):
        expected = [float(value) for value in magnitudes] if magnitudes.ndim else [0.0] * 31
        if name.startswith("Translate"):
            expected = [int(value) for value in expected]
        assert row.tolist() == expected, name


def test_the_operations_with_two_directions_are_torchvisions() -> None:
    assert policies._SIGNED.tolist() == [signed for _, signed in SPACES["trivial_augment"][1].values()]


def test_trivial_augment_draws_one_operation_a_level_and_a_direction_evenly() -> None:
    (step,) = steps(TRIVIAL, KEYS, 32, 32)
    counts = np.bincount(step.operations, minlength=len(OPERATIONS))
    assert np.abs(counts / len(KEYS) - 1 / 14).max() < 0.01
    rotations = step.magnitudes[step.operations == OPERATIONS.index("rotate")]
    degrees, counts = np.unique(rotations.round(1), return_counts=True)
    assert degrees.tolist() == [4.5 * level for level in range(-30, 31)]  # 0 from both directions
    assert np.abs(counts / counts.sum() - np.where(degrees == 0, 2 / 62, 1 / 62)).max() < 0.015


def test_rand_augment_draws_operations_one_after_another_at_one_level() -> None:
    drawn = steps(Augmentation(policy="rand_augment", operations=3, magnitude=9), KEYS, 28, 40)
    assert len(drawn) == 3
    assert abs((drawn[0].operations == drawn[1].operations).mean() - 1 / 14) < 0.01
    expected = {"rotate": 9.0, "translate_x": 5.0, "translate_y": 3.0, "posterize": 7.0, "solarize": 178.5}
    for step in drawn:
        for name, magnitude in expected.items():  # 30 · 9/30; int(150/331 · side · 9/30); 8 - round(4 · 9/30)
            own = step.magnitudes[step.operations == OPERATIONS.index(name)]
            assert np.abs(own).tolist() == pytest.approx([magnitude] * len(own))


def test_the_choices_of_finished_runs_never_change() -> None:
    (step,) = steps(TRIVIAL, KEYS[:6], 32, 32)
    # Operations 4, 8, 12, 5, 8, 3 at levels 10, 16, 12, 11, 13, 17; the first and the fifth negative.
    chosen = ["translate_y", "contrast", "autocontrast", "rotate", "contrast", "translate_x"]
    assert [OPERATIONS[number] for number in step.operations] == chosen
    assert step.magnitudes.tolist() == pytest.approx([-10, 0.99 * 16 / 30, 0, 135 * 11 / 30, -0.99 * 13 / 30, 18])


def test_without_a_policy_there_are_no_steps() -> None:
    assert steps(Augmentation(shift=0.2), KEYS, 32, 32) == []
