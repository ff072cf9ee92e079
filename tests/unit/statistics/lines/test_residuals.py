"""Checks of a line's residuals: worked out by hand, statsmodels', and values that allow no test."""

from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.stats.diagnostic import het_breuschpagan

from datavolume.statistics.lines import CHECKS, lack_of_fit, least_squares, residual_checks

pytestmark = pytest.mark.filterwarnings("error")


def checked(x: list[float] | np.ndarray, y: list[float] | np.ndarray) -> dict[str, float]:
    """Of the line through them."""
    xs = np.asarray(x, dtype=float)
    return residual_checks(xs, least_squares(np.column_stack([np.ones_like(xs), xs]), y).residuals, y)


def test_lack_of_fit_by_hand() -> None:
    """Two values at each of x = 0, 1, 2 around means 0, 1, 0: the line is flat at 1/3.

    Misfit 2 (1/9 + 4/9 + 1/9) = 4/3 with 1 degree of freedom, pure error 6 x 0.01 = 0.06 with 3.
    """
    found = checked([0, 0, 1, 1, 2, 2], [-0.1, 0.1, 0.9, 1.1, -0.1, 0.1])
    assert found["lack_of_fit_f"] == pytest.approx((4 / 3) / (0.06 / 3))
    assert (found["lack_of_fit_df1"], found["lack_of_fit_df2"]) == (1, 3)
    angle = math.atan(math.sqrt(found["lack_of_fit_f"] / 3))  # F with 1 degree of freedom is a squared t, here with 3
    assert found["lack_of_fit_p"] == pytest.approx(1 - 2 / math.pi * (angle + math.sin(angle) * math.cos(angle)))


def test_no_misfit_is_no_lack_of_fit() -> None:
    found = checked([0, 0, 1, 1, 2, 2], [-0.1, 0.1, 0.9, 1.1, 1.9, 2.1])
    assert found["lack_of_fit_f"] == pytest.approx(0, abs=1e-9)
    assert found["lack_of_fit_p"] == pytest.approx(1)


def test_lack_of_fit_needs_replicates() -> None:
    assert lack_of_fit([1, 2, 3], [0.1, -0.2, 0.1], [1, 2, 4]) == {}


def test_breusch_pagan_by_hand() -> None:
    """x = 0 to 3 and squared residuals 1, 1, 1, 9: their correlation is 12 / sqrt(5 x 48), so LM = 4 x 0.6."""
    found = residual_checks(np.arange(4), [1, -1, 1, -3], [5, 6, 7, 8])
    assert found["breusch_pagan_lm"] == pytest.approx(2.4)
    # a chi-square with 1 degree of freedom is a squared normal
    assert found["breusch_pagan_p"] == pytest.approx(math.erfc(math.sqrt(2.4 / 2)))


def test_breusch_pagan_as_statsmodels() -> None:
    x, rest = np.arange(8.0), np.array([0.0, 0.2, -0.3, 0.5, -0.6, 0.9, -1.0, 1.4])
    lm, p, *_ = het_breuschpagan(rest, np.column_stack([np.ones(8), x]))
    found = residual_checks(x, rest, rest + x)
    assert (found["breusch_pagan_lm"], found["breusch_pagan_p"]) == (pytest.approx(lm), pytest.approx(p))


def test_shapiro_sees_one_far_value() -> None:
    x = np.arange(20.0)
    normal = np.tile([-1.0, 1.0, 0.5, -0.5], 5)
    far = normal.copy()
    far[10] = 30
    assert checked(x, far)["shapiro_p"] < 1e-6 < 0.001 < checked(x, normal)["shapiro_p"]


@pytest.mark.parametrize(
    ("x", "residuals"), [([], []), ([1, 2], [0.5, -0.5]), ([1, 2, 3, 3], [0, 0, 0, 0]), ([1, 2, 3], [1e-16, 0, -1e-16])]
)
def test_nothing_to_check(x: list[float], residuals: list[float]) -> None:
    found = residual_checks(x, residuals, np.ones(len(x)))
    assert tuple(found) == CHECKS
    assert all(math.isnan(value) for value in found.values())


def test_one_x_has_no_trend_of_the_spread() -> None:
    assert math.isnan(residual_checks([2, 2, 2], [0.1, -0.3, 0.2], [1, 2, 3])["breusch_pagan_p"])
