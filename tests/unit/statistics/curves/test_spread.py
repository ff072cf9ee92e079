"""The spread's distribution: halves of Student's t as scipy.stats has it, inverse to one another, wider where told."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from datavolume.statistics.curves import spread
from datavolume.statistics.curves.prior import SPREAD
from datavolume.statistics.curves.shape import CHANCE, _critical

Q = np.array([0.001, 0.05, 0.3, 0.5, 0.8, 0.999])
MEDIAN, WIDTH = np.array([-2.0, -1.0]), np.array([[0.1, 0.04], [0.3, 0.2]])


def test_quantiles_are_those_of_students_t_on_either_side():
    found = spread.quantile(Q, MEDIAN, WIDTH)
    t = stats.t.ppf(Q, SPREAD.freedom)
    for row, median, (less, more) in zip(found, MEDIAN, WIDTH, strict=True):
        assert row == pytest.approx(median + np.where(t < 0, less, more) * t, rel=1e-12)


def test_the_distribution_is_that_of_students_t_and_inverse():
    for q in Q:
        values = spread.quantile(np.array([q]), MEDIAN, WIDTH)[:, 0]
        assert spread.cdf(values, MEDIAN, WIDTH) == pytest.approx([q, q], rel=1e-9)
    below = spread.cdf(np.array([-2.1, -0.9]), MEDIAN, WIDTH)
    assert below == pytest.approx([stats.t.cdf(-1, SPREAD.freedom), stats.t.cdf(0.5, SPREAD.freedom)], rel=1e-12)


def test_bonferronis_bound_is_that_of_the_normal():
    assert _critical(45) == pytest.approx(stats.norm.isf(CHANCE / 45), rel=1e-12)


def evidence(**changed):
    known = {"noise": 0.02, "backtest": 0.05, "sizes": 12, "last": -2.0, "share": True}
    return spread.Evidence(**(known | changed))


def wide(seen, horizon=1.0, apart=0.1):
    return spread.scale(seen, np.array([horizon]), np.array([-2.2]), np.array([apart]))[0]


def test_more_doubt_is_wider_on_both_sides_and_less_error_is_the_wider_side():
    usual = wide(evidence())
    for doubted in (evidence(noise=0.1), evidence(backtest=0.3)):
        assert (wide(doubted) > usual).all()
    assert (wide(evidence(), horizon=2.0) > usual).all()
    assert (wide(evidence(), apart=0.3) > usual).all()
    assert usual[0] > usual[1]


def test_a_scale_by_hand():
    """A loss has no chance term: noise, disagreement by sqrt(horizon), back-test by horizon, added as squares."""
    found = spread.scale(evidence(share=False), np.array([4.0]), np.array([-2.0]), np.array([0.1]))[0]
    for side, width in zip((SPREAD.less, SPREAD.more), found, strict=True):
        parts = (side.noise * 0.02, side.disagreement * 0.1 * 2, side.backtest * 0.05 * 4)
        assert width == pytest.approx(np.sqrt(sum(part**2 for part in parts)), rel=1e-4)


def test_forecasts_start_without_scipy_stats():
    """It takes 0.7 s to import: more than all else of `datavolume forecast` together."""
    code = "import sys, datavolume.statistics.curves; sys.exit('scipy.stats' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_few_sizes_count_as_told():
    spreads = [replace(SPREAD, few=few) for few in (1.0, 1.5)]
    one = np.array([0.5])
    widths = [spread.scale(evidence(sizes=3), one, -one, one, constants) for constants in spreads]
    assert widths[1] == pytest.approx(1.5 * widths[0])
    assert spread.scale(evidence(sizes=4), one, -one, one, spreads[1]) == pytest.approx(widths[0])
