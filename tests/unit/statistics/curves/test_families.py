"""Families: parameters that made a noise-free curve are found again; bounds, weights and notes."""

import numpy as np
import pytest

from datavolume.errors import UserError
from datavolume.statistics.curves import FAMILIES, Curve, fit, rank
from datavolume.statistics.curves.families import FAMILIES as REGISTERED
from datavolume.statistics.curves.fitting import information

N = np.geomspace(100, 100_000, 25)


def found(value, family, kind="loss", n=N):
    return fit(Curve(n, value, kind=kind), family)


def test_power_law_is_recovered():
    fitted = found(3.0 * N**-0.4, "power")
    assert fitted.params == pytest.approx({"scale": 3.0, "exponent": 0.4}, rel=1e-6)
    assert fitted.predict([1e6])[0] == pytest.approx(3.0 * 1e6**-0.4, rel=1e-6)


def test_power_law_with_offset_is_recovered():
    fitted = found(0.05 + 2.0 * N**-0.5, "power_offset", "error")
    assert fitted.params == pytest.approx({"offset": 0.05, "scale": 2.0, "exponent": 0.5}, rel=1e-4)
    assert fitted.converged
    assert fitted.note == ""


def test_a_power_law_without_offset_gets_almost_none():
    assert found(2.0 * N**-0.5, "power_offset").params["offset"] < 1e-4 * 2.0 * N[-1] ** -0.5


def test_exponential_is_recovered():
    fitted = found(0.1 + 0.5 * np.exp(-N / 20_000), "exponential")
    assert fitted.params == pytest.approx({"offset": 0.1, "scale": 0.5, "rate": 1 / 20_000}, rel=1e-3)


@pytest.mark.parametrize("sizes", [6, 12])
def test_an_exponential_that_has_run_out_is_found(sizes):
    """At the largest size, 40 times where it has fallen to a 1/e, all but a share of 1e-17 is gone."""
    n = np.geomspace(1000, 32_000, sizes)
    fitted = found(0.05 + 0.3 * np.exp(-n / 800), "exponential", "error", n)
    assert fitted.params == pytest.approx({"offset": 0.05, "scale": 0.3, "rate": 1 / 800}, rel=1e-3)
    assert fitted.converged


def test_m4_satisfies_its_own_equation():
    """n as a function of y is explicit: choose y, work out n, fit, and get the five numbers again."""
    initial, offset, alpha, scale, exponent = 0.9, 0.1, 0.7, 200.0, 0.6
    y = np.linspace(0.87, 0.13, 40)
    n = ((y - offset) / (initial - y) ** alpha / scale) ** (-1 / exponent)
    fitted = found(y, "m4", "error", n)
    true = {"initial": initial, "offset": offset, "alpha": alpha, "scale": scale, "exponent": exponent}
    assert fitted.params == pytest.approx(true, rel=0.02)
    assert fitted.predict(n) == pytest.approx(y, rel=1e-3)


def test_broken_power_law_is_recovered():
    def truth(n):
        return 0.02 + 1.5 * n**-0.1 * (1 + (n / 3000) ** (1 / 0.4)) ** (-0.5 * 0.4)

    fitted = found(truth(N), "broken_power")
    assert fitted.predict([500, 5000, 400_000]) == pytest.approx(truth(np.array([500, 5000, 400_000])), rel=5e-3)
    assert fitted.params["break"] == pytest.approx(3000, rel=0.2)
    assert fitted.params["exponent"] + fitted.params["change"] == pytest.approx(0.6, rel=0.1)


def test_broken_power_parameters_are_those_of_the_formula():
    value = 0.02 + 1.5 * N**-0.1 * (1 + (N / 3000) ** (1 / 0.4)) ** (-0.5 * 0.4)
    fitted = found(value, "broken_power")
    p = fitted.params
    formula = p["offset"] + p["scale"] * N ** -p["exponent"] * (1 + (N / p["break"]) ** (1 / p["width"])) ** (
        -p["change"] * p["width"]
    )
    assert fitted.predict(N) == pytest.approx(formula, rel=1e-9)


def test_log_linear_is_ordinary_least_squares_in_the_users_units():
    n, accuracy = np.array([100.0, 200.0, 400.0, 800.0]), np.array([0.60, 0.68, 0.71, 0.80])
    fitted = fit(Curve(n, accuracy, kind="accuracy"), "log_linear")
    slope, intercept = np.polyfit(np.log(n), accuracy, 1)
    assert fitted.params == pytest.approx({"intercept": intercept, "slope": slope}, rel=1e-9)
    assert fitted.predict([1600]) == pytest.approx([intercept + slope * np.log(1600)])


def test_log_linear_stays_within_bounds():
    fitted = fit(Curve([100, 200, 400], [0.5, 0.7, 0.9], kind="accuracy"), "log_linear")
    assert fitted.predict([1e6, 1.0]) == pytest.approx([1.0, 0.0])


def test_late_line_sees_the_last_quarter():
    value = np.where(np.arange(16) < 12, 0.9, np.geomspace(100, 1600, 16) ** -0.5)
    fitted = found(value, "late_line", n=np.geomspace(100, 1600, 16))
    assert fitted.params == pytest.approx({"scale": 1.0, "exponent": 0.5}, rel=1e-6)


def test_last_value_is_the_largest_sizes_mean():
    curve = Curve([200, 100, 200], [0.8, 0.5, 0.6], seed=[1, 1, 2], kind="accuracy")
    assert fit(curve, "last_value").predict([1000]) == pytest.approx([0.7])


def test_sizes_whose_seeds_agree_weigh_more():
    """Both odd sizes lie off the line by as much; the one with small standard error pulls the level."""
    n = np.array([100.0, 200.0, 400.0, 800.0])
    value = n**-0.5 * np.array([1.0, 1.1, 1.0, 1 / 1.1])
    trusting = fit(Curve(n, value, kind="loss", stderr=value * [0.2, 0.001, 0.2, 0.2]), "power")
    doubting = fit(Curve(n, value, kind="loss", stderr=value * [0.2, 0.2, 0.2, 0.001]), "power")
    assert trusting.predict([200])[0] == pytest.approx(value[1], rel=0.01)
    assert doubting.predict([800])[0] == pytest.approx(value[3], rel=0.01)


def test_aicc_is_that_of_normal_residuals():
    """n ln(rss/n) + 2k + 2k(k+1)/(n-k-1), with k = 2 parameters and the variance."""
    assert information(0.5, 10, 2) == pytest.approx(10 * np.log(0.05) + 6 + 24 / 6)
    assert information(0.5, 4, 2) == np.inf


def test_ranking_puts_the_true_family_first():
    rng = np.random.default_rng(3)
    value = (0.1 + 2.0 * N**-0.5) * np.exp(rng.normal(0, 0.002, len(N)))
    table = rank(Curve(N, value))
    assert set(table["family"]) == set(FAMILIES)
    assert table["family"][0] == "power_offset"
    assert table.loc[table["aicc"].idxmin(), "family"] == "power_offset"
    assert table["held_out"].is_monotonic_increasing


def test_ranking_of_few_sizes_says_so():
    table = rank(Curve([100, 200, 400], [0.5, 0.4, 0.35])).set_index("family")
    assert table["held_out"].isna().all()
    assert table.loc["m4", "note"] == "too few sizes: 3, m4 needs 7"
    assert table.loc["power", "note"] == ""


def test_an_unknown_family_is_named_with_those_there_are():
    with pytest.raises(UserError, match=r"family: 'pow3' is none of last_value, late_line"):
        fit(Curve([1, 2], [0.5, 0.4]), "pow3")


@pytest.mark.parametrize("name", list(REGISTERED))
@pytest.mark.parametrize("kind", ["error", "accuracy", "loss"])
def test_every_family_is_finite_and_bounded_on_wild_curves(name, kind):
    rng = np.random.default_rng(1)
    for value in (rng.uniform(0.01, 0.99, 12), np.full(12, 0.5), np.linspace(0.1, 0.9, 12), np.full(12, 1.0)):
        fitted = fit(Curve(np.arange(1, 13) * 50, value, kind=kind), name)
        predicted = fitted.predict(np.geomspace(1, 1e9, 30))
        assert np.isfinite(predicted).all()
        assert (predicted >= 0).all()
        assert kind == "loss" or (predicted <= 1).all()
