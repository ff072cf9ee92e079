"""Shape: rises and bulges beyond noise are found and located; noise alone is not taken for them."""

import numpy as np
import pytest

from datavolume.statistics.curves import Curve, shape

N = np.geomspace(100, 6400, 13)


def test_a_power_law_is_monotone_and_convex():
    assert shape(Curve(N, N**-0.5)) == type(shape(Curve(N, N**-0.5)))(True, True, ())


def test_a_rise_is_found_where_it_is():
    value = np.array([0.5, 0.4, 0.3, 0.36, 0.25, 0.2])
    found = shape(Curve([1, 2, 3, 4, 5, 6], value, stderr=np.full(6, 0.005)))
    assert not found.monotone
    assert found.notes[0] == "not monotone: rises from n = 3 to n = 4 by 0.06 (8.5 standard errors)"


def test_an_accuracy_falls_where_its_error_rises():
    value = 1 - np.array([0.5, 0.4, 0.3, 0.36, 0.25, 0.2])
    found = shape(Curve([1, 2, 3, 4, 5, 6], value, kind="accuracy", stderr=np.full(6, 0.005)))
    assert found.notes[0].startswith("not monotone: accuracy falls from n = 3 to n = 4 by 0.06")


def test_a_late_start_is_not_convex():
    """Chance, then a fall, then level: the last size at chance lies above the chord from 1 to 4."""
    found = shape(Curve([1, 2, 3, 4], [0.9, 0.9, 0.3, 0.2], stderr=np.full(4, 0.01)))
    assert found.monotone
    assert not found.convex
    assert "not convex: n = 2" in found.notes[0]


@pytest.mark.parametrize("kind", ["seeds", "none"])
def test_noise_alone_is_seldom_taken_for_a_departure(kind):
    """One in a hundred by construction; 200 curves, so that more than eight would be far beyond chance."""
    rng = np.random.default_rng(0)
    wrong = 0
    for _ in range(200):
        value = N**-0.5 * np.exp(rng.normal(0, 0.03, len(N)))
        stderr = 0.03 * N**-0.5 if kind == "seeds" else None
        found = shape(Curve(N, value, stderr=stderr))
        wrong += not (found.monotone and found.convex)
    assert wrong <= 8


def test_two_sizes_have_no_shape():
    found = shape(Curve([1, 2], [0.5, 0.6]))
    assert (found.monotone, found.convex) == (True, True)
    assert found.notes == ("too few sizes to tell the shape: 2",)
