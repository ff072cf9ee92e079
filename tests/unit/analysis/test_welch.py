"""Held against statsmodels, SciPy and pairs worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.oneway import anova_oneway

from datavolume.analysis.testing.welch import games_howell, welch

pytestmark = pytest.mark.filterwarnings("error")

SAMPLES = [
    np.array([0.90, 0.92, 0.91, 0.93, 0.89]),
    np.array([0.88, 0.90, 0.91]),
    np.array([0.10, 0.60, 0.30, 0.85]),
]


def test_welch_agrees_with_statsmodels() -> None:
    found, reference = welch(SAMPLES), anova_oneway(SAMPLES, use_var="unequal")
    assert found["F"] == pytest.approx(reference.statistic)
    assert (found["df1"], found["df2"]) == pytest.approx((reference.df_num, reference.df_denom))
    assert found["p"] == pytest.approx(reference.pvalue)


def test_games_howell_agrees_with_scipy() -> None:
    reference = stats.tukey_hsd(*SAMPLES, equal_var=False)
    interval = reference.confidence_interval(0.95)
    for i, j in ((0, 1), (0, 2), (1, 2)):
        found = games_howell(SAMPLES, i, j)
        assert found["difference"] == pytest.approx(SAMPLES[i].mean() - SAMPLES[j].mean())
        assert (found["lower"], found["upper"]) == pytest.approx((interval.low[i, j], interval.high[i, j]), rel=1e-4)
        assert found["p"] == pytest.approx(reference.pvalue[i, j], rel=1e-4)


def test_two_groups_are_welchs_t_test_by_hand() -> None:
    first, second = np.array([1.0, 2.0, 3.0]), np.array([5.0, 5.0, 8.0])  # means 2 and 6, variances 1 and 3
    error, t = math.sqrt(1 / 3 + 3 / 3), 4 / math.sqrt(4 / 3)
    df = (4 / 3) ** 2 / ((1 / 3) ** 2 / 2 + 1**2 / 2)  # 3.2
    found = games_howell([first, second], 1, 0)
    assert found["difference"] == 4
    assert found["p"] == pytest.approx(2 * stats.t.sf(t, df), rel=1e-4)
    assert found["upper"] == pytest.approx(4 + stats.t.ppf(0.975, df) * error, rel=1e-4)
    assert welch([first, second])["F"] == pytest.approx(t**2)
    # squares: in all, 1, 0, 1 and 1, 1, 4 within, and 6 x 2 squared between
    assert welch([first, second])["eta2"] == pytest.approx(24 / 32)


def test_seeds_that_agree_exactly_are_believed_to_one_image() -> None:
    samples = [np.full(3, 0.1), np.full(3, 0.1), np.full(3, 0.9)]
    nothing = welch(samples)
    assert math.isnan(nothing["F"])
    assert nothing["eta2"] == pytest.approx(1)
    assert math.isnan(games_howell(samples, 2, 0)["p"])
    assert welch(samples, least=0.001)["p"] < 0.001
    found = games_howell(samples, 2, 0, least=0.001)
    assert found["lower"] < 0.8 < found["upper"]
    assert found["upper"] - found["lower"] < 0.01
    assert games_howell(samples, 0, 1, least=0.001)["p"] == pytest.approx(1)
