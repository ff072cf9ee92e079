"""Simulations with a known truth, a short version: 5 % of what is not there is found, 95 % of intervals cover.

The shares' own standard error is 0.5 % with 2 000 rounds, so 1.8 % either way is asked for here;
`benchmarks/variance.py` runs as many as tell 1.5 % and prints them.
"""

from __future__ import annotations

import numpy as np
import pytest
from unit.statistics import truths

WITHIN = 0.018


@pytest.mark.parametrize("name", ["one factor", "shared seeds"])
def test_tests_find_nothing_in_95_percent(name: str) -> None:
    shares = truths.REJECTIONS[name](np.random.default_rng(1), 2000)
    assert shares == pytest.approx(dict.fromkeys(shares, 0.05), abs=WITHIN)


@pytest.mark.parametrize("name", ["R2"])
def test_intervals_cover_95_percent(name: str) -> None:
    shares = truths.COVERAGES[name](np.random.default_rng(1), 2000)
    assert shares == pytest.approx(dict.fromkeys(shares, 0.95), abs=WITHIN)


def test_power_and_width_are_as_predicted() -> None:
    for name, predicted, found in truths.predictions(np.random.default_rng(1), 20_000):
        assert found == pytest.approx(predicted, abs=0.012), name


def test_a_test_that_rejects_too_often_would_be_seen() -> None:
    """Runs of shared seeds taken as independent: many more than 5 % of architectures 'differ'."""
    rng, found = np.random.default_rng(1), []
    for _ in range(300):
        values = np.repeat(rng.normal(size=(2, 5)), 4, axis=1) + 0.5 * rng.normal(size=(2, 20))
        found.append(truths.rejected(truths.anova(list(values)).p))
    assert np.mean(found) > 0.2
