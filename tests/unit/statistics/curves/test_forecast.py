"""Forecasts: one distribution in the user's units, honest about few points, back-tested, deterministic."""

import warnings

import numpy as np
import pytest

from datavolume.errors import UserError
from datavolume.statistics.curves import Curve, forecast
from datavolume.statistics.curves.components import origins
from datavolume.statistics.curves.prior import COMPONENTS

N = np.geomspace(100, 12_800, 15)  # factors of sqrt(2)


def power(seed=0, noise=0.01, n=N):
    rng = np.random.default_rng(seed)
    return np.clip((0.05 + 3.0 * n**-0.5) * np.exp(rng.normal(0, noise, len(n))), 0, 1)


def test_a_clean_curve_is_forecast_closely_at_four_times():
    table = forecast(Curve(N, power(noise=0)), [4 * N[-1]]).table
    truth = 0.05 + 3.0 * (4 * N[-1]) ** -0.5
    assert table["median"][0] == pytest.approx(truth, rel=0.05)
    assert table["lower"][0] < truth < table["upper"][0]


def test_table_has_a_row_a_size_in_the_order_asked():
    table = forecast(Curve(N, power()), [50_000, 20_000]).table
    assert list(table.columns) == ["n", "median", "lower", "upper"]
    assert table["n"].tolist() == [50_000, 20_000]
    assert (table["lower"] <= table["median"]).all()
    assert (table["median"] <= table["upper"]).all()


def test_an_accuracy_is_the_mirror_of_its_error():
    error, accuracy = forecast(Curve(N, power()), [50_000]), forecast(Curve(N, 1 - power(), kind="accuracy"), [50_000])
    assert accuracy.table["median"][0] == pytest.approx(1 - error.table["median"][0])
    assert accuracy.table["lower"][0] == pytest.approx(1 - error.table["upper"][0])
    assert accuracy.backtest["lower"].to_numpy() == pytest.approx(1 - error.backtest["upper"].to_numpy())
    assert accuracy.cdf([50_000], 0.93)[0] == pytest.approx(1 - error.cdf([50_000], 0.07)[0])


def test_quantiles_and_distribution_are_inverse():
    made = forecast(Curve(N, power()), [50_000])
    q = np.array([0.02, 0.3, 0.5, 0.8, 0.97])
    values = made.quantile([50_000], q)[0]
    assert [made.cdf([50_000], value)[0] for value in values] == pytest.approx(q)
    assert values[2] == made.table["median"][0]


def test_a_higher_level_is_wider_and_so_is_a_farther_size():
    narrow, wide = (forecast(Curve(N, power()), [25_600, 128_000], level=level).table for level in (0.5, 0.95))
    assert (wide["upper"] - wide["lower"] > narrow["upper"] - narrow["lower"]).all()
    spread = np.log(wide["upper"] / wide["lower"])
    assert spread[1] > spread[0]


@pytest.mark.parametrize("kind", ["error", "accuracy", "loss"])
def test_wild_curves_stay_within_bounds_without_a_warning(kind):
    rng = np.random.default_rng(2)
    wild = [rng.uniform(0, 1, 9), np.linspace(0.9, 1, 9), np.zeros(9), np.ones(9), np.r_[np.full(5, 0.5), np.zeros(4)]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for value in wild:
            lifted = value + 0.01 if kind == "loss" else value
            table = forecast(Curve(np.arange(1, 10) * 100, lifted, kind=kind), [1000, 1e5, 1e8], level=0.99).table
            assert np.isfinite(table.to_numpy()).all()
            assert (table[["median", "lower", "upper"]] >= 0).all(axis=None)
            assert kind == "loss" or (table["upper"] <= 1).all()


def test_error_is_not_forecast_to_rise():
    """A late rise is taken for noise or a peak: the median stays at most at the level of the last sizes."""
    table = forecast(Curve(N, np.r_[power()[:11], power()[10] * np.array([1.05, 1.1, 1.15, 1.2])]), [128_000]).table
    assert table["median"][0] <= power()[10] * 1.2


@pytest.mark.parametrize("sizes", [2, 3])
def test_too_few_points_are_answered_widely_and_said(sizes):
    few = forecast(Curve(N[-sizes:], power()[-sizes:]), [4 * N[-1]])
    many = forecast(Curve(N, power()), [4 * N[-1]])
    assert few.warnings[0].startswith(f"too few points: {sizes} sizes")
    assert np.ptp(few.table[["lower", "upper"]]) > np.ptp(many.table[["lower", "upper"]])
    assert few.backtest.empty


def test_one_size_is_refused():
    with pytest.raises(UserError, match=r"the curve has one size, n = 100; a forecast needs at least two"):
        forecast(Curve([100, 100], [0.5, 0.4]), [200])


@pytest.mark.parametrize(
    ("to", "level", "message"), [([], 0.9, "sizes"), ([0], 0.9, "above 0"), ([10], 90, "level: 90")]
)
def test_mistakes_are_told(to, level, message):
    with pytest.raises(UserError, match=message):
        forecast(Curve(N, power()), to, level=level)


def test_what_must_be_doubted_is_said():
    said = " | ".join(forecast(Curve(N, power()), [100 * N[-1]]).warnings)
    assert "is 100 times the largest size" in said
    assert "no spread between seeds is known" in said
    peak = power(noise=0.001) * np.where(np.arange(15) == 7, 1.5, 1)
    assert any(line.startswith("not monotone") for line in forecast(Curve(N, peak, stderr=peak / 100), [2e4]).warnings)


def test_seeds_that_scatter_widen_the_interval():
    n, seed = np.repeat(N, 4), np.tile(range(4), len(N))
    rng = np.random.default_rng(5)
    draws = rng.normal(0, 1, len(n))
    calm, wild = (
        forecast(Curve(n, np.repeat(power(noise=0), 4) * np.exp(size * draws), seed), [25_600]).table
        for size in (0.005, 0.08)
    )
    assert np.ptp(wild[["lower", "upper"]]) > 1.7 * np.ptp(calm[["lower", "upper"]])


def test_weights_are_shares_of_several_families():
    weights = forecast(Curve(N, power()), [25_600]).weights
    assert sum(weights.values()) == pytest.approx(1)
    assert set(weights) == {component.family for component in COMPONENTS}
    assert max(weights.values()) < 0.6


def test_short_curves_leave_the_bent_families_out():
    assert set(forecast(Curve(N[:5], power()[:5]), [25_600]).weights) == {
        "power",
        "power_offset",
        "trend",
        "last_value",
    }


def test_back_test_forecasts_the_largest_sizes_from_the_smaller():
    table = forecast(Curve(N, power()), [25_600]).backtest
    assert (table["n"] > table["origin"]).all()
    assert table["horizon"].to_numpy() == pytest.approx((table["n"] / table["origin"]).to_numpy())
    assert set(table["origin"].round(6)) == {round(N[count - 1], 6) for count in origins(np.log(N))[1:]}
    inside = (table["actual"] >= table["lower"]) & (table["actual"] <= table["upper"])
    assert (inside == table["inside"]).all()
    assert table["log_error"].to_numpy() == pytest.approx(np.log(table["median"] / table["actual"]).to_numpy())


def test_back_test_knows_nothing_of_later_sizes():
    """The same origin says the same, whatever came after it."""
    value = power()
    changed = np.where(N[9] < N, value / 2, value)
    kept, moved = (forecast(Curve(N, v), [25_600]).backtest for v in (value, changed))
    early = kept["origin"] <= N[9] * 1.001
    assert kept.loc[early, "median"].to_numpy() == pytest.approx(moved.loc[early, "median"].to_numpy())
    assert kept.loc[early, "upper"].to_numpy() == pytest.approx(moved.loc[early, "upper"].to_numpy())


def test_origins_leave_four_sizes():
    assert origins(np.log(N)).tolist() == [15, 13, 12, 11, 9, 7]
    assert origins(np.log([100, 200, 400, 800])).tolist() == [4]


def test_forecasts_are_deterministic_and_draws_follow_the_generator():
    first, second = (forecast(Curve(N, power()), [25_600]) for _ in range(2))
    assert first.table.equals(second.table)
    assert (first.sample([25_600], 5) == second.sample([25_600], 5)).all()
    draws = first.sample([20_000, 50_000], 4000, np.random.default_rng(1))
    assert draws.shape == (4000, 2)
    assert np.quantile(draws, 0.25, axis=0) == pytest.approx(first.quantile([20_000, 50_000], [0.25])[:, 0], rel=0.02)


def test_within_the_curve_it_follows_the_sizes_measured():
    made = forecast(Curve(N, power(noise=0)), [25_600])
    assert made.quantile(N[2:], [0.5])[:, 0] == pytest.approx(power(noise=0)[2:], rel=0.05)
    just_before, just_after = made.quantile([N[-1] * 0.9999, N[-1] * 1.0001], [0.05, 0.95])
    assert just_before == pytest.approx(just_after, rel=0.03)


def test_very_long_curves_are_merged_not_refused():
    n = np.arange(1000, 9000, dtype=float)
    made = forecast(Curve(n, 0.05 + 3.0 * n**-0.5), [36_000])
    assert len(made._combination.parts.data.y) <= 128
    assert made.table["median"][0] == pytest.approx(0.05 + 3.0 * 36_000**-0.5, rel=0.08)


def test_draws_are_whole_curves():
    draws = forecast(Curve(N, power()), [25_600]).sample([20_000, 50_000], 50)
    assert (np.argsort(draws[:, 0]) == np.argsort(draws[:, 1])).all()


def test_losses_above_one_lie_in_their_intervals():
    """Cross-entropies of known truth, 2 + a n^-c with three seeds, at four times the largest size."""
    rng, inside = np.random.default_rng(11), []
    n, seed = np.repeat(N[::2], 3), np.tile(range(3), 8)
    for _ in range(20):
        scale, exponent = rng.uniform(5, 50), rng.uniform(0.2, 0.7)
        loss = (2 + scale * n**-exponent) * np.exp(rng.normal(0, 0.02, len(n)))
        table = forecast(Curve(n, loss, seed, "loss"), [4 * N[-1]]).table
        inside.append(table["lower"][0] <= 2 + scale * (4 * N[-1]) ** -exponent <= table["upper"][0])
    assert np.mean(inside) >= 0.85


def test_a_loss_is_forecast_alike_in_any_unit():
    """Nats or bits: a factor of all values is a factor of the forecast."""
    nats, bits = (forecast(Curve(N, factor * power(), kind="loss"), [51_200]).table for factor in (1, 1 / np.log(2)))
    assert bits[["median", "lower", "upper"]].to_numpy() == pytest.approx(
        nats[["median", "lower", "upper"]].to_numpy() / np.log(2), rel=1e-4
    )
