"""Votes and what they gain, by hand; analysis/test_ensemble.py counts more of them."""

from __future__ import annotations

import numpy as np
import pytest

from datavolume.errors import UserError
from datavolume.statistics.calibration import Poll, against_members

LABELS = np.array([0, 1, 2, 0])
FIRST = [[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.5, 0.3, 0.2], [0.5, 0.4, 0.1]]  # right: 0, 1, 3
SECOND = [[0.4, 0.5, 0.1], [0.1, 0.8, 0.1], [0.1, 0.2, 0.7], [0.3, 0.6, 0.1]]  # right: 1, 2
THIRD = [[0.4, 0.5, 0.1], [0.6, 0.3, 0.1], [0.2, 0.1, 0.7], [0.1, 0.2, 0.7]]  # right: 2


def poll_of(*networks: list[list[float]]) -> Poll:
    poll = Poll(LABELS, 3)
    for scores in networks:
        poll.add(np.array(scores))
    return poll


def test_votes_and_members_by_hand() -> None:
    """Sums (1.4, 1.3, .3), (.9, 1.8, .3), (.8, .6, 1.6), (.9, 1.2, .9); votes 1, 1, 2 and a tie of all, to the sum."""
    poll = poll_of(FIRST, SECOND, THIRD)
    assert poll.soft.tolist() == [True, True, True, False]
    assert poll.hard.tolist() == [False, True, True, False]
    assert poll.members_right.tolist() == [1, 2, 2, 1]
    np.testing.assert_allclose(poll.mean[0], np.array([1.4, 1.3, 0.3]) / 3)
    estimate = against_members(poll.soft, poll.members_right, poll.count, np.random.default_rng(0))
    assert (estimate.top1, estimate.single, estimate.gain) == pytest.approx((0.75, 0.5, 0.25))


def test_a_network_without_numbers_has_no_say_and_is_wrong() -> None:
    poll = poll_of(FIRST, [[float("nan")] * 3] * 4)
    assert poll.soft.tolist() == [True, True, False, True]
    assert poll.members_right.tolist() == [1, 1, 0, 1]
    np.testing.assert_allclose(poll.mean, FIRST)
    np.testing.assert_allclose(poll_of([[float("nan")] * 3] * 4).mean, 1 / 3)
    with pytest.raises(UserError, match=r"votes: probabilities \[1, 3\], others \[4, 3\]"):
        poll.add(np.array([[0.2, 0.3, 0.5]]))


def test_the_gain_scatters_as_its_images_do() -> None:
    """By image: gain 1/2 with p = 0.2, -1/2 with 0.1, else 0: mean 0.05, variance 0.3 / 4 - 0.05²; of 1000 images."""
    right = np.repeat([True, False, True], [200, 100, 700])
    members = np.repeat([1, 1, 2], [200, 100, 700])
    estimate = against_members(right, members, 2, np.random.default_rng(0))
    reach = 1.96 * np.sqrt((0.3 / 4 - 0.05**2) / 1000)
    assert estimate.gain == pytest.approx(0.05)
    assert estimate.gain_lower == pytest.approx(0.05 - reach, abs=0.001)
    assert estimate.gain_upper == pytest.approx(0.05 + reach, abs=0.001)
    assert estimate.upper == pytest.approx(0.9 + 1.96 * np.sqrt(0.09 / 1000), abs=0.0015)


def test_networks_that_agree_gain_nothing() -> None:
    poll = poll_of(FIRST, FIRST)
    estimate = against_members(poll.soft, poll.members_right, 2, np.random.default_rng(0))
    assert estimate.gain == estimate.gain_lower == estimate.gain_upper == 0
