"""Seed, subset and their combination; how many of each are enough."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.power import FTestAnovaPower, TTestIndPower, TTestPower

from datavolume.errors import UserError
from datavolume.statistics.variance import (
    Components,
    components,
    plan_power,
    plan_width,
    power_of_anova,
    power_of_seeds,
    seeds_for_anova,
    seeds_for_power,
    seeds_for_width,
    width_of_seeds,
)


def frame_of(values: object, **more: object) -> pd.DataFrame:
    table = pd.DataFrame(values).rename_axis("seed").reset_index()
    return table.melt("seed", var_name="subset", value_name="top1").assign(**more)


def test_by_hand() -> None:
    """Rows 0 2 / 4 10: means 1 and 7, columns 2 and 6, grand mean 4. MS(seed) 36, MS(subset) 16, MS(rest) 4."""
    found = components(frame_of([[0.0, 2], [4, 10]]), "top1")
    table = found.table.set_index("source")
    assert table["variance"].to_dict() == pytest.approx({"seed": 16, "subset": 6, "combination": 4})
    assert table["share"].sum() == pytest.approx(1)
    assert table.loc["combination", ["lower", "upper"]].tolist() == pytest.approx(
        [4 / stats.chi2.ppf(0.975, 1), 4 / stats.chi2.ppf(0.025, 1)]
    )
    assert found.mean_variance(4, 3) == pytest.approx(16 / 4 + 6 / 3 + 4 / 12)
    assert "cannot" not in found.note
    assert "what a repeat would change too" in found.note


def test_repeats_tell_the_combination_from_noise() -> None:
    """Each of 0 2 / 4 10 trained twice, 1 above and below: MS(repeat) 2, MS(rest) 2 * 4, combination (8 - 2) / 2."""
    values = np.array([[0.0, 2], [4, 10]])
    twice = pd.concat([frame_of(values - 1), frame_of(values + 1)])
    table = components(twice, "top1").table.set_index("source")["variance"]
    assert table["repeat"] == pytest.approx(2)
    assert table["combination"] == pytest.approx(3)
    assert table["seed"] == pytest.approx((72 - 8) / 4)


def test_sizes_are_pooled() -> None:
    both = pd.concat([frame_of([[0.0, 2], [4, 10]], n=100), frame_of([[50.0, 52], [54, 60]], n=200)])
    table = components(both, "top1", within=["n"]).table.set_index("source")
    assert table.loc["seed", "variance"] == pytest.approx(16)
    assert table["df"].to_dict() == {"seed": 2, "subset": 2, "combination": 2}


def test_a_negative_estimate_is_shown_and_counts_as_none() -> None:
    found = components(frame_of([[0.0, 2], [2, 0]]), "top1")
    table = found.table.set_index("source")
    assert table.loc["seed", "variance"] < 0
    assert table.loc["seed", ["lower", "sd", "share"]].tolist() == [0, 0, 0]
    assert found.variance("seed") == 0


@pytest.mark.parametrize(
    ("frame", "note"),
    [
        (frame_of([[0.0, 2], [4, 10]]).iloc[:3], "cannot be told apart"),
        (frame_of([[1.0, 1], [1, 1]]), "agree exactly"),
        (frame_of([[0.0, 2]]), "cannot be told apart"),
    ],
)
def test_no_answer_says_why(frame: pd.DataFrame, note: str) -> None:
    found = components(frame, "top1")
    assert found.table.empty
    assert note in found.note
    assert np.isnan(found.variance("seed"))


def test_seeds_for_power_as_printed_in_tables() -> None:
    """Cohen 1988: d = 0.5, 0.8 at power 0.8: 64 and 26 a group; three groups with f = 0.25: 52 (53 when rounded up)."""
    assert seeds_for_power(0.5, 1.0) == 64
    assert seeds_for_power(0.8, 1.0) == 26
    f = 0.25
    means = [-f * np.sqrt(1.5), 0.0, f * np.sqrt(1.5)]
    assert seeds_for_anova(means, 1.0) == 53
    assert power_of_anova(means, 1.0, 52) < 0.8 <= power_of_anova(means, 1.0, 53)
    assert power_of_seeds(0.5, 1.0, 63) < 0.8 <= power_of_seeds(0.5, 1.0, 64)
    assert seeds_for_power(0.5, 1.0, paired=True) == 34


def test_seeds_for_width_are_the_fewest() -> None:
    seeds = seeds_for_width(0.01, 0.008)
    assert width_of_seeds(0.01, seeds) <= 0.008 < width_of_seeds(0.01, seeds - 1)
    assert seeds_for_width(0.01, 0.008, assurance=0.9) > seeds
    assert seeds_for_width(0.01, 1.0) == 2


def test_a_wish_that_cannot_be_met_is_one_line() -> None:
    with pytest.raises(UserError, match="more than 1000000 seeds"):
        seeds_for_width(1.0, 1e-5)
    with pytest.raises(UserError, match="width is 0"):
        seeds_for_width(1.0, 0)
    with pytest.raises(UserError, match="spread of the means is 0"):
        seeds_for_anova([1.0, 1.0], 1.0)


def test_a_plan_takes_the_fewest_runs() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(12, 1)) + 0.5 * rng.normal(size=(1, 8)) + 0.2 * rng.normal(size=(12, 8))
    found = components(frame_of(values), "top1")
    plan = plan_width(found, 2.0)
    assert plan["chosen"].tolist() == [True] + [False] * (len(plan) - 1)
    assert (plan["width"] <= 2.0).all()
    assert plan["runs"].is_monotonic_increasing
    assert plan["runs"].iloc[0] == plan["seeds"].iloc[0] * plan["subsets"].iloc[0]
    assert plan_width(found, 1e-3).empty


def test_a_plan_for_power_takes_the_fewest_runs() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(12, 1)) + 0.5 * rng.normal(size=(1, 8)) + 0.2 * rng.normal(size=(12, 8))
    found = components(frame_of(values), "top1")
    plan, same = plan_power(found, 1.5), plan_power(found, 1.5, paired=True)
    assert plan["runs"].iloc[0] == plan["seeds"].iloc[0] * plan["subsets"].iloc[0]
    assert (plan["power"] >= 0.8).all()
    assert plan["runs"].is_monotonic_increasing
    assert same["runs"].iloc[0] < plan["runs"].iloc[0]
    assert plan_power(found, 1e-3).empty


def test_subsets_that_do_not_matter_leave_the_t_test_of_seeds() -> None:
    """No variance but the seeds': what one subset tells, all tell."""
    table = pd.DataFrame({"source": ["seed", "subset", "combination"], "variance": [4.0, 0.0, 0.0]})
    plan = plan_power(Components(table, None, ""), 2.0)
    assert plan["seeds"].tolist() == [seeds_for_power(2.0, 2.0)] * len(plan)
    assert plan["power"].to_numpy() == pytest.approx(power_of_seeds(2.0, 2.0, 17))
    paired = plan_power(Components(table, None, ""), 2.0, paired=True)
    assert paired["seeds"].iloc[0] == seeds_for_power(2.0, 2.0, paired=True)


@pytest.mark.parametrize(("difference", "seeds"), [(0.3, 2), (1.0, 5), (1.0, 40), (2.0, 12)])
def test_power_as_statsmodels(difference: float, seeds: int) -> None:
    independent, paired = TTestIndPower().power(difference, seeds, 0.05), TTestPower().power(difference, seeds, 0.05)
    assert power_of_seeds(difference, 1.0, seeds) == pytest.approx(independent, abs=1e-9)
    assert power_of_seeds(difference, 1.0, seeds, paired=True) == pytest.approx(paired, abs=1e-9)
    means = [0.0, difference, difference / 2]
    expected = FTestAnovaPower().power(float(np.std(means)), 3 * seeds, 0.05, k_groups=3)
    assert power_of_anova(means, 1.0, seeds) == pytest.approx(expected, abs=1e-9)


def test_a_large_difference_is_seen_for_certain() -> None:
    assert power_of_seeds(100.0, 1.0, 12) == 1.0
