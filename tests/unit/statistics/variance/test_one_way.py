"""One factor: by hand and against scipy; notes where there is no test."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from datavolume.errors import UserError
from datavolume.statistics.variance import anova, checks, effect_interval, effects, kruskal, one_way, several, welch
from datavolume.statistics.variance.effects import noncentrality

# Three levels: means 2, 3, 7, grand mean 4; between 3 * (4 + 1 + 9) = 42, within 2 + 2 + 2 = 6, F = 21 / 1.
FRAME = pd.DataFrame({"n": [10, 10, 10, 20, 20, 20, 40, 40, 40], "top1": [1.0, 2, 3, 2, 3, 4, 6, 7, 8]})


def samples(*sizes: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(loc=0.3 * place, scale=1 + place, size=size) for place, size in enumerate(sizes)]


def test_by_hand() -> None:
    found = one_way(FRAME, "top1", "n")
    between, within = found.table.to_dict("records")
    assert (between["sum_sq"], within["sum_sq"]) == pytest.approx((42, 6))
    assert (between["F"], between["df"], within["df"]) == (pytest.approx(21), 2, 6)
    assert between["p"] == pytest.approx((1 + 2 * 21 / 6) ** -3)  # with two degrees of freedom above, in closed form
    assert between["partial_eta2"] == pytest.approx(42 / 48)
    assert between["partial_omega2"] == pytest.approx((42 - 2 * 1) / (48 + 1))
    assert found.r2 == pytest.approx(42 / 48)
    assert found.residual_sd == pytest.approx(1)


def test_an_effect_interval_holds_the_noncentralities_that_f_does_not_refute() -> None:
    lower, upper = effect_interval(21, 2, 6, 9)
    low, high = noncentrality(21, 2, 6, 0.975), noncentrality(21, 2, 6, 0.025)
    assert stats.ncf.cdf(21, 2, 6, low) == pytest.approx(0.975)
    assert stats.ncf.cdf(21, 2, 6, high) == pytest.approx(0.025)
    assert (lower, upper) == pytest.approx((low / (low + 9), high / (high + 9)))


def test_no_effect_has_an_interval_from_zero_and_a_negative_omega2() -> None:
    found = effects(0.5, 2, 30, 33)
    assert found["lower"] == 0
    assert found["partial_omega2"] == pytest.approx(2 * -0.5 / (2 * -0.5 + 33))
    assert all(math.isnan(value) for value in effects(math.nan, 2, 30, 33).values())


def test_welch_of_two_samples_is_the_t_test_without_equal_spread() -> None:
    first, second = samples(7, 12)
    expected = stats.ttest_ind(first, second, equal_var=False)
    found = welch([first, second])
    assert found.statistic == pytest.approx(expected.statistic**2)
    assert found.df2 == pytest.approx(expected.df)
    assert found.p == pytest.approx(expected.pvalue)


def test_classical_f_is_scipys() -> None:
    groups = samples(5, 9, 6)
    expected = stats.f_oneway(*groups)
    found = anova(groups)
    assert (found.statistic, found.p) == (pytest.approx(expected.statistic), pytest.approx(expected.pvalue))


def test_kruskal_is_scipys_h_with_an_f_of_ranks() -> None:
    groups = samples(5, 9, 6)
    ranks = np.split(stats.rankdata(np.concatenate(groups)), [5, 14])
    found = kruskal(groups)
    assert found.statistic == pytest.approx(stats.kruskal(*groups).statistic)
    assert found.p == pytest.approx(stats.f_oneway(*ranks).pvalue)  # Iman and Davenport: the F test of ranks


def test_advice_follows_the_checks() -> None:
    rng = np.random.default_rng(5)
    levels = np.repeat(np.arange(3), 20)
    calm, uneven = rng.normal(size=60), rng.normal(size=60) * np.repeat([1, 5, 25], 20)
    skewed = rng.exponential(size=60) ** 2

    def advised(values: np.ndarray) -> str:
        table = several(pd.DataFrame({"n": levels, "v": values}), "v", "n")
        return str(table.loc[table["advised"], "test"].item())

    assert [advised(calm), advised(uneven), advised(skewed)] == ["anova", "welch", "kruskal"]


@pytest.mark.parametrize(
    ("groups", "note"),
    [
        ([], "no values"),
        ([[1.0, 2.0]], "one level"),
        ([[1.0], [2.0]], "one run at each level"),
        ([[1.0, 1.0], [2.0, 2.0]], "agree exactly"),
    ],
)
def test_no_test_says_why(groups: list[list[float]], note: str) -> None:
    found = [test([np.array(group) for group in groups]) for test in (anova, welch, kruskal)]
    assert all(note in test.note and math.isnan(test.p) for test in found)


def test_welch_needs_a_spread_everywhere() -> None:
    assert "one run at some level" in welch([np.array([1.0]), np.array([1.0, 2.0])]).note
    assert "of some level agree" in welch([np.array([1.0, 1.0]), np.array([1.0, 2.0])]).note


def test_missing_values_are_left_out_and_said() -> None:
    frame = pd.concat([FRAME, pd.DataFrame({"n": [40], "top1": [np.nan]})])
    found = one_way(frame, "top1", "n")
    assert found.note == "1 of 10 rows are without a finite value and were left out"
    assert found.table["sum_sq"].tolist() == pytest.approx([42, 6])


def test_a_wrong_column_is_one_line() -> None:
    with pytest.raises(UserError, match="'loss' is missing; the table has n, top1"):
        one_way(FRAME, "loss", "n")
    with pytest.raises(UserError, match="'high' is no number"):
        one_way(FRAME.assign(top1=["high"] * 9), "top1", "n")


def test_checks_see_uneven_spread_and_skew() -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"n": np.repeat([1, 2], 30), "v": rng.normal(size=60) * np.repeat([1, 10], 30)})
    assert not checks(frame, "v", ["n"]).set_index("check").loc["levene", "holds"]
    skewed = frame.assign(v=rng.exponential(size=60) ** 3)
    assert not checks(skewed, "v", ["n"]).set_index("check").loc["shapiro", "holds"]
    assert checks(frame.head(1), "v", ["n"])["note"].str.len().min() > 0


def test_levene_by_hand_without_distances_that_must_be_so() -> None:
    """From the medians 2 and 5.5: 1, (0), 2 and 5.5, 0.5, 0.5, 14.5, whose two of 0.5 become one of 0.5 sqrt(2)."""
    first, second = np.array([1.0, 2, 4]), np.array([0.0, 5, 6, 20])
    expected = stats.f_oneway([1.0, 2.0], [0.5 * math.sqrt(2), 5.5, 14.5])
    frame = pd.DataFrame({"n": [1] * 3 + [2] * 4, "v": np.concatenate([first, second])})
    row = checks(frame, "v", ["n"]).set_index("check").loc["levene"]
    assert (row["statistic"], row["p"]) == (pytest.approx(expected.statistic), pytest.approx(expected.pvalue))


def test_levene_sees_spreads_of_five_runs_a_cell() -> None:
    """More often than scipy's, which keeps the distances that are 0 by construction."""
    rng, found, plain = np.random.default_rng(0), [], []
    for _ in range(300):
        values = rng.normal(size=(4, 5)) * np.array([[1.0], [1], [1], [5]])
        frame = pd.DataFrame({"n": np.repeat(np.arange(4), 5), "v": values.ravel()})
        found.append(checks(frame, "v", ["n"])["p"].iloc[0] < 0.05)
        plain.append(stats.levene(*values, center="median").pvalue < 0.05)
    assert np.mean(found) > np.mean(plain) + 0.1
