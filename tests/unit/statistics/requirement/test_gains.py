"""Gains per doubling, and the size from which they are small."""

import math

import numpy as np
import pandas as pd
import pytest

from datavolume.errors import UserError
from datavolume.statistics.curves import Curve
from datavolume.statistics.requirement import gains, saturation


def flattening(exponent: float, seeds: int = 4) -> Curve:
    """An error of exponent n^-exponent + 0.05, with a spread of 0.0005 between seeds."""
    n = np.tile([100.0 * 2**k for k in range(7)], seeds)
    noise = 0.0005 * np.random.default_rng(0).standard_normal(n.size)
    return Curve(n, 0.05 + n**-exponent + noise, np.repeat(range(seeds), 7), "error")


def test_a_gain_is_per_doubling_and_positive_where_better() -> None:
    rows = [(100, 0.4), (400, 0.2), (800, 0.25)]
    curve = Curve([n for n, _ in rows for _ in "ab"], [v for _, v in rows for _ in "ab"], ["a", "b"] * 3, "error")
    found = gains(curve)
    assert found["gain"].to_numpy() == pytest.approx([0.1, -0.05])
    assert list(found["n_small"]) == [100, 400]
    assert list(found["pairs"]) == [2, 2]


def test_an_interval_of_two_seeds() -> None:
    found = gains(Curve([1, 1, 2, 2], [0.1, 0.2, 0.2, 0.4], [0, 1, 0, 1], "accuracy")).iloc[0]
    half = 12.706204736 * 0.05  # t of 1 degree of freedom, times the standard error of 0.1 and 0.2
    assert (found["lower"], found["upper"]) == pytest.approx((0.15 - half, 0.15 + half))


def test_one_training_a_size_has_no_interval() -> None:
    found = gains(Curve([1, 2], [0.1, 0.2], None, "accuracy")).iloc[0]
    assert found["gain"] == pytest.approx(0.1)
    assert math.isnan(found["lower"])
    assert "no interval" in found["note"]


def test_one_size_has_no_step() -> None:
    assert gains(Curve([1, 1], [0.1, 0.2], [0, 1], "accuracy")).empty


def saturated(least: float, curve: Curve) -> pd.Series:
    return saturation({"net": curve}, least).iloc[0]


def test_saturation_is_where_a_doubling_gains_less() -> None:
    found = saturated(0.01, flattening(0.5))
    true = ((1 - 2**-0.5) / 0.01) ** 2  # n^-1/2 - (2 n)^-1/2 = 0.01
    assert found["n"] == pytest.approx(true, rel=0.15)
    assert found["lower"] <= true <= found["upper"]
    assert found["probability"] > 0.95  # it lies within the sizes


def test_no_saturation_in_sight() -> None:
    found = saturated(1e-9, flattening(0.1))
    assert math.isinf(found["n"])
    assert "no such point" in found["note"]
    assert found["probability"] < 0.5
    assert found["gain"] == pytest.approx(6400**-0.1 - 12800**-0.1, rel=0.5)


def test_a_row_an_architecture_and_a_note_for_one_size() -> None:
    table = saturation({"a": flattening(0.5), "b": Curve([5, 5], [0.1, 0.2], [0, 1])}, 0.01)
    assert list(table["architecture"]) == ["a", "b"]
    assert "one size" in table["note"].iloc[1]


def test_least_is_above_zero() -> None:
    with pytest.raises(UserError, match="above 0"):
        saturated(0.0, flattening(0.5))
