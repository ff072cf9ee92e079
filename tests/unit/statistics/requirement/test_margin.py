"""The smallest n within a margin of the full data's metric, and its interval."""

import math

import numpy as np
import pytest
from scipy import stats

from datavolume.errors import UserError
from datavolume.statistics.curves import Curve
from datavolume.statistics.requirement import Requirement, within_margin

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

SIZES = [70, 179, 359, 719, 1079, 1438]


def curve(values: list[list[float]], sizes: list[float], kind: str = "accuracy", *, seeded: bool = True) -> Curve:
    """`values`: a row a seed, a column a size."""
    n, seed = np.tile(sizes, len(values)), np.repeat(np.arange(len(values)), len(sizes))
    return Curve(n, np.ravel(values), seed if seeded else None, kind)  # type: ignore[arg-type]


def power(n: float) -> float:
    """An error that comes within 0.01 of its value at 1438 at n = TRUE."""
    return 0.005 + 1.5 * n**-0.6


TRUE = ((power(1438) + 0.01 - 0.005) / 1.5) ** (-1 / 0.6)


def simulated(rng: np.random.Generator, seeds: int = 5, sizes: list[int] = SIZES, sd: float = 0.004) -> Curve:
    own = np.sqrt(0.3) * rng.standard_normal((seeds, 1)) + np.sqrt(0.7) * rng.standard_normal((seeds, len(sizes)))
    values = np.array([power(n) for n in sizes]) + sd * own
    return curve(np.clip(values, 0, 1).tolist(), [float(n) for n in sizes], "error")


def test_shortfalls_are_paired_by_seed() -> None:
    found = within_margin(curve([[0.80, 0.90, 0.91], [0.82, 0.93, 0.95], [0.78, 0.89, 0.90]], [100, 200, 400]), 0.03)
    table = found.table.set_index("n")
    differences = np.array([0.01, 0.02, 0.01])
    half = stats.t.ppf(0.95, 2) * differences.std(ddof=1) / math.sqrt(3)
    assert table.loc[200, "shortfall"] == pytest.approx(0.04 / 3)
    assert table.loc[200, "shortfall_upper"] == pytest.approx(0.04 / 3 + half)
    assert table.loc[200, "pairs"] == 3
    assert list(table["enough"]) == [False, True, True]
    assert found.required == 200


def test_a_chain_stops_at_the_first_size_that_fails() -> None:
    noise = np.array([[0.0], [0.001], [-0.001]])
    values = np.array([[0.90, 0.70, 0.90, 0.90]]) + noise * np.array([[1, 2, 3, 1]])
    found = within_margin(curve(values.tolist(), [100, 200, 400, 800]), 0.02)
    assert list(found.table["enough"]) == [True, False, True, True]
    assert found.required == 400


def test_what_is_not_shown_is_not_enough() -> None:
    values = [[0.90, 0.91], [0.80, 0.91], [0.99, 0.91]]
    assert within_margin(curve(values, [100, 200]), 0.02).required == 200


def test_a_loss_falls_short_where_it_is_larger() -> None:
    found = within_margin(curve([[2.0, 1.0, 0.99], [2.1, 1.1, 1.08]], [10, 20, 40], "loss"), 0.2)
    assert found.table["shortfall"].to_numpy() == pytest.approx([1.015, 0.015, 0.0])
    assert found.required == 20


def test_without_noise_the_estimate_is_the_true_n() -> None:
    found = within_margin(curve([[power(n) for n in SIZES]] * 2, [float(n) for n in SIZES], "error"), 0.01)
    assert found.n == pytest.approx(TRUE, rel=0.01)
    assert found.lower == pytest.approx(found.upper, rel=0.05)


@pytest.mark.parametrize(("seeds", "sizes"), [(5, SIZES), (3, SIZES), (5, [200, 600, 1438])])
def test_the_interval_covers_the_true_n(seeds: int, sizes: list[int]) -> None:
    rng = np.random.default_rng(seeds)
    found = [within_margin(simulated(rng, seeds, sizes), 0.01) for _ in range(60)]
    missed = sum(not each.lower <= TRUE <= each.upper for each in found)
    assert missed <= stats.binom.ppf(0.9999, len(found), 0.05)  # of 95 % intervals; see benchmarks/requirement.py
    assert np.median([each.n / TRUE for each in found]) == pytest.approx(1, abs=0.15)


def test_the_interval_holds_the_estimate_and_narrows_with_seeds() -> None:
    rng = np.random.default_rng(7)
    few, many = within_margin(simulated(rng, 3), 0.01), within_margin(simulated(rng, 30), 0.01)
    for each in (few, many):
        assert each.lower <= each.n <= each.upper <= SIZES[-1]
    assert many.upper / many.lower < few.upper / max(few.lower, SIZES[0])


def test_a_wide_margin_leaves_the_lower_end_open() -> None:
    found = within_margin(simulated(np.random.default_rng(0)), 0.5)
    assert (found.required, found.n, found.lower) == (70, 70, 0)
    assert "less may do" in found.note


def test_two_held_out_images_apart_is_no_spread_below_one() -> None:
    values = [[0.900, 0.905], [0.900, 0.905], [0.900, 0.905]]
    exact = within_margin(curve(values, [100, 200]), 0.01)
    counted = within_margin(curve(values, [100, 200]), 0.01, resolution=0.01)
    assert exact.required == 100
    assert counted.required == 200


def finite(found: Requirement) -> bool:
    return all(math.isfinite(each) for each in (found.required, found.n, found.lower, found.upper))


def test_one_seed_takes_the_scatter_about_a_curve() -> None:
    found = within_margin(simulated(np.random.default_rng(1), seeds=1), 0.01)
    assert finite(found)
    assert "scatter about a fitted curve" in found.note
    assert found.lower <= TRUE <= found.upper


def test_one_seed_and_few_sizes_have_no_interval() -> None:
    found = within_margin(curve([[0.7, 0.8, 0.805]], [100, 200, 400]), 0.01)
    assert found.required == 200
    assert math.isnan(found.lower)
    assert math.isnan(found.upper)
    assert "no interval" in found.note


@pytest.mark.parametrize(
    ("values", "sizes"),
    [
        ([[0.9, 0.9, 0.9, 0.9, 0.9]] * 3, [1, 2, 3, 4, 5]),
        ([[0.5, 0.9, 0.4, 0.8, 0.6]] * 2, [1, 2, 4, 8, 16]),
        ([[0.9, 0.8, 0.7, 0.6], [0.91, 0.8, 0.71, 0.6]], [100, 200, 400, 800]),
        ([[0.5, 0.6], [0.6, 0.65]], [10, 1000]),
        ([[1.0, 1.0, 1.0, 1.0, 1.0]] * 2, [1, 2, 4, 8, 16]),
        ([[0.0, 0.0, 0.0, 0.0, 0.0]] * 2, [1, 2, 4, 8, 16]),
    ],
)
def test_odd_curves_have_an_answer(values: list[list[float]], sizes: list[float]) -> None:
    found = within_margin(curve(values, sizes), 0.01)
    assert finite(found)
    assert found.lower <= found.upper <= sizes[-1]


def test_one_size_says_so() -> None:
    found = within_margin(curve([[0.5], [0.6]], [10]), 0.01)
    assert found.required == 10
    assert "one size" in found.note


def test_without_names_of_seeds_sizes_are_independent() -> None:
    values = [[0.80, 0.90], [0.82, 0.93], [0.78, 0.89]]
    paired, apart = within_margin(curve(values, [1, 2]), 0.2), within_margin(curve(values, [1, 2], seeded=False), 0.2)
    first, second = np.array(values).T
    welch = stats.ttest_ind(second, first, equal_var=False).confidence_interval(0.9)
    assert apart.table["pairs"].iloc[0] == 0
    assert apart.table["shortfall_upper"].iloc[0] == pytest.approx(welch.high)
    assert paired.table["shortfall_upper"].iloc[0] < apart.table["shortfall_upper"].iloc[0]


def test_seeds_that_some_sizes_lack_are_left_out_there() -> None:
    n, value, seed = [1, 1, 1, 2, 2, 4, 4, 4], [0.5, 0.6, 0.7, 0.8, 0.9, 0.8, 0.9, 1.0], [0, 1, 2, 0, 1, 0, 1, 2]
    found = within_margin(Curve(n, value, seed, "accuracy"), 0.01)
    assert list(found.table["pairs"]) == [3, 2, 3]
    assert found.required == 2


@pytest.mark.parametrize("margin", [0.0, -0.1, math.nan, math.inf])
def test_a_margin_is_above_zero(margin: float) -> None:
    with pytest.raises(UserError, match="above 0"):
        within_margin(simulated(np.random.default_rng(0)), margin)
