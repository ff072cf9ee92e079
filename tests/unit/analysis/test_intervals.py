from __future__ import annotations

import math

import pandas as pd
import pytest

from datavolume.analysis.intervals import Interval, grouped_intervals, mean_interval, metric_intervals


def test_interval_by_hand() -> None:
    """Mean 2, deviation 1, standard error 1/sqrt(3); t(0.975) with 2 degrees of freedom has a closed form."""
    found = mean_interval([1, 2, 3])
    half = 0.95 * math.sqrt(2 / (1 - 0.95**2)) / math.sqrt(3)
    assert (found.count, found.mean, found.sd) == (3, 2, 1)
    assert found.lower == pytest.approx(2 - half, rel=1e-12)
    assert found.upper == pytest.approx(2 + half, rel=1e-12)


def test_one_seed_has_a_mean_and_no_interval() -> None:
    found = mean_interval([0.9])
    assert (found.count, found.mean) == (1, 0.9)
    assert all(math.isnan(value) for value in (found.sd, found.lower, found.upper))


def test_missing_values_are_left_out() -> None:
    assert mean_interval([1, math.nan, 2, math.inf, 3]) == mean_interval([1, 2, 3])


def test_no_value_at_all() -> None:
    found = mean_interval([math.nan])
    assert found.count == 0
    assert math.isnan(found.mean)


def test_bounds_cut_what_is_impossible() -> None:
    found = mean_interval([0.98, 1.0], bounds=(0, 1))
    assert found.upper == 1
    assert found.lower == pytest.approx(0.99 - 12.706204736432095 * 0.01, rel=1e-9)  # t(0.975, 1), sd/sqrt(2) = 0.01


def test_equal_seeds_have_an_interval_of_no_width() -> None:
    assert mean_interval([0.5, 0.5]) == Interval(2, 0.5, 0, 0.5, 0.5)


def test_groups_keep_the_frames_order() -> None:
    frame = pd.DataFrame({"architecture": ["b", "b", "a"], "n": [2, 2, 1], "last_top1": [0.25, 0.75, 1]})
    found = grouped_intervals(frame, ["architecture", "n"], "last_top1")
    assert list(found["architecture"]) == ["b", "a"]
    assert list(found["mean"]) == [0.5, 1]
    assert list(found["count"]) == [2, 1]


def test_metric_intervals_know_the_metrics_bounds() -> None:
    frame = pd.DataFrame({"n": [1, 1], "last_top1": [0.2, 1.0], "last_loss": [0.1, 9.0]})
    assert metric_intervals(frame, ["n"], "top1")["upper"].item() == 1
    assert metric_intervals(frame, ["n"], "top1")["lower"].item() == 0
    assert metric_intervals(frame, ["n"], "loss")["lower"].item() == 0
    assert metric_intervals(frame, ["n"], "loss")["upper"].item() > 9
