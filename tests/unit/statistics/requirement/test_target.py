"""The smallest n that reaches a target."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from datavolume.errors import UserError
from datavolume.statistics.curves import Curve
from datavolume.statistics.requirement import reach

SPREAD = 0.1  # standard deviation of ln error
ONCE = Curve([100, 200, 400, 800], [1.0, 0.5, 0.25, 0.125], None, "error")


def lognormal(exponent: float = 1.0) -> Any:
    """A forecast of an error of 100 n^-exponent, as far as `reach` asks."""

    def cdf(n: Any, value: float) -> Any:
        return stats.norm.cdf((math.log(value) - np.log(100 * np.asarray(n) ** -exponent)) / SPREAD)

    return SimpleNamespace(cdf=cdf)


def test_n_is_where_the_forecast_reaches_the_target() -> None:
    found = reach(ONCE, 0.01, predicted=lognormal())
    width = math.exp(stats.norm.ppf(0.95) * SPREAD)
    assert found.n == pytest.approx(10_000, rel=0.01)
    assert (found.lower, found.upper) == pytest.approx((10_000 / width, 10_000 * width), rel=0.01)
    assert found.table.set_index("multiple")["probability"].to_dict() == pytest.approx(
        {1: 0, 2: 0, 4: 0, 10: stats.norm.cdf(math.log(0.8) / SPREAD), 30: 1, 100: 1}, abs=0.02
    )


def test_what_a_hundred_times_the_data_does_not_reach_is_said() -> None:
    found = reach(ONCE, 1e-4, predicted=lognormal())
    assert (found.n, found.lower, found.upper) == (math.inf, math.inf, math.inf)
    assert found.sentence() == "0.0001 is not within reach of 100x the data (80,000)"


def test_an_open_upper_end_is_said() -> None:
    found = reach(ONCE, 100 / 75_000, predicted=lognormal())
    assert math.isinf(found.upper)
    assert found.sentence().endswith("to more than 80,000)")


def test_out_of_reach_more_likely_than_not() -> None:
    found = reach(ONCE, 100 / 82_000, predicted=lognormal())
    assert math.isinf(found.n)
    assert found.lower == pytest.approx(82_000 * math.exp(stats.norm.ppf(0.05) * SPREAD), rel=0.02)
    assert "more likely than not out of reach" in found.sentence()


def test_within_the_sizes_the_measurements_count() -> None:
    rng = np.random.default_rng(0)
    n = np.tile([100, 200, 400, 800, 1600], 5)
    accuracy = 1 - 2 * n**-0.5 * np.exp(0.01 * rng.standard_normal(n.size))
    found = reach(Curve(n, accuracy, np.repeat(range(5), 5), "accuracy"), 1 - 0.1)
    assert found.lower < 400 < found.upper
    assert found.n == pytest.approx(400, rel=0.05)
    assert found.upper / found.lower < 1.3


def test_more_samples_never_reach_it_less_likely() -> None:
    curve = Curve([10, 20, 40, 80, 160], [0.5, 0.3, 0.2, 0.4, 0.45], None, "error")
    probability = reach(curve, 0.25).table["probability"]
    assert probability.is_monotonic_increasing


def test_a_target_that_the_smallest_size_reaches() -> None:
    found = reach(ONCE, 0.999999, predicted=lognormal(2))
    assert (found.lower, found.n, found.upper) == (100, 100, 100)
    assert "fewer may do" in found.note


@pytest.mark.parametrize(
    ("target", "kind", "says"),
    [(95.0, "accuracy", r"divide by 100 \(0.95\)"), (-0.1, "error", "between 0 and 1"), (0.0, "loss", "above 0")],
)
def test_a_target_that_cannot_be(target: float, kind: Any, says: str) -> None:
    with pytest.raises(UserError, match=says):
        reach(Curve([1, 2, 3], [0.5, 0.4, 0.3], None, kind), target)
