"""Whatever a user brings: few sizes or many, flat, rising, at the bounds, huge n, seeds missing. No warning, no NaN."""

import warnings

import numpy as np
import pytest

from datavolume.statistics.curves import Curve, forecast

SHAPES = {
    "falls": lambda x: 0.02 + 0.8 * x**-0.5,
    "flat": lambda x: np.full(len(x), 0.3),
    "rises": lambda x: np.linspace(0.1, 0.6, len(x)),
    "zero": lambda x: np.zeros(len(x)),
    "one": lambda x: np.ones(len(x)),
    "falls to zero": lambda x: np.r_[np.full(len(x) - 1, 0.4), 0],
    "jumps": lambda x: np.where(np.arange(len(x)) < len(x) / 2, 0.9, 0.1),
}
STARTS = {"small": (1.0, 2.0), "huge": (1e6, 2.0), "close together": (1e6, 1 + 1e-6)}


def check(curve):
    to = np.max(curve.n) * np.array([0.5, 1, 1.0001, 2, 10, 1e9])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = forecast(curve, list(to), level=0.99)
        table, past = made.table, made.backtest
        shares = made.cdf(to, table["median"])
    numbers = table.to_numpy()
    assert np.isfinite(numbers).all()
    assert np.isfinite(shares).all()
    assert np.isfinite(past.select_dtypes("number").to_numpy()).all()
    for frame in (table, past):
        assert ((frame["lower"] <= frame["median"]) & (frame["median"] <= frame["upper"])).all()
    assert (numbers >= 0).all()
    assert curve.kind == "loss" or (table["upper"] <= 1).all()
    assert sum(made.weights.values()) == pytest.approx(1)
    return made


@pytest.mark.parametrize("kind", ["error", "accuracy", "loss"])
@pytest.mark.parametrize("sizes", [2, 3, 4, 5, 12])
@pytest.mark.parametrize("shape", SHAPES)
def test_any_shape_of_any_length_at_any_size_is_answered(shape, sizes, kind):
    for start, factor in STARTS.values():
        n = start * factor ** np.arange(sizes)
        value = SHAPES[shape](n / n[0])
        check(Curve(n, value + 1e-15 if kind == "loss" else value, kind=kind))


@pytest.mark.parametrize("kind", ["error", "loss"])
def test_two_hundred_sizes_up_to_a_thousand_million(kind):
    n = np.geomspace(1e3, 1e9, 200)
    made = check(Curve(n, 0.02 + 5 * n**-0.3, kind=kind))
    assert made.table["median"][3] == pytest.approx(0.02 + 5 * (2e9) ** -0.3, rel=0.05)


@pytest.mark.parametrize("kind", ["error", "accuracy", "loss"])
def test_seeds_may_be_missing_at_some_sizes(kind):
    n, seed = np.repeat(100 * 2.0 ** np.arange(7), 4), np.tile(np.arange(4), 7)
    value = (0.05 + 5 * n**-0.5) * np.exp(np.random.default_rng(3).normal(0, 0.05, 28))
    value = 1 - value if kind == "accuracy" else value
    keep = np.random.default_rng(5).uniform(size=28) < 0.6
    keep[::4] = True  # one at least of each size
    made = check(Curve(n[keep], value[keep], seed[keep], kind))
    assert not any("no spread" in line for line in made.warnings)


def test_one_seed_is_said_to_tell_nothing_of_spread():
    n = 100 * 2.0 ** np.arange(7)
    made = check(Curve(n, 0.05 + 5 * n**-0.5, np.ones(7)))
    assert any(line.startswith("no spread between seeds is known") for line in made.warnings)


def test_a_flat_curve_stays_and_a_rising_one_does_not_rise_on():
    n = 100 * 2.0 ** np.arange(8)
    flat = check(Curve(n, np.full(8, 0.3))).table
    assert flat["median"].to_numpy() == pytest.approx(0.3, rel=0.02)
    rising = check(Curve(n, np.linspace(2.0, 3.0, 8), kind="loss"))
    assert (rising.table["median"][3:] <= 3.05).all()
    assert any(line.startswith("not monotone") for line in rising.warnings)
