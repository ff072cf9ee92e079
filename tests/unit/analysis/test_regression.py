"""Against certified values (NIST StRD Norris), lines worked out by hand, and inputs that allow no line."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from datavolume.analysis.metrics import METRICS
from datavolume.analysis.testing.regression import fit_line, log_linear
from datavolume.analysis.testing.residuals import CHECKS, lack_of_fit

pytestmark = pytest.mark.filterwarnings("error")

# NIST Statistical Reference Datasets, linear regression, Norris: y x
NORRIS = """
0.1 0.2 338.8 337.4 118.1 118.2 888.0 884.6 9.2 10.1 228.1 226.5 668.5 666.3 998.5 996.3 449.1 448.6 778.9 777.0
559.2 558.2 0.3 0.4 0.1 0.6 778.1 775.5 668.8 666.9 339.3 338.0 448.9 447.5 10.8 11.6 557.7 556.0 228.3 228.1
998.0 995.8 888.8 887.6 119.6 120.2 0.3 0.3 0.6 0.3 557.6 556.8 339.3 339.1 888.0 887.2 998.5 999.0 778.9 779.0
10.2 11.1 117.6 118.3 228.9 229.2 668.4 669.1 449.2 448.9 0.2 0.5
"""


def test_certified_line() -> None:
    y, x = np.array(NORRIS.split(), dtype=float).reshape(-1, 2).T
    line = fit_line(x, y)
    assert line["points"] == 36
    assert line["intercept"] == pytest.approx(-0.262323073774029, rel=1e-11)
    assert line["slope"] == pytest.approx(1.00211681802045, rel=1e-13)
    assert line["r2"] == pytest.approx(0.999993745883712, rel=1e-14)
    assert line["residual_sd"] == pytest.approx(0.884796396144373, rel=1e-11)
    assert line["residual_df"] == 34
    # certified standard deviation of the slope; t(0.975, 34)
    assert (line["slope_upper"] - line["slope_lower"]) / 2 == pytest.approx(
        0.429796848199937e-3 * 2.032244509, rel=1e-9
    )


def test_line_by_hand() -> None:
    """x = 1, 2, 3; y = 1, 2, 4: Sxy = 3, Sxx = 2, so slope 1.5 and intercept 7/3 - 3; residuals 1/6, -1/3, 1/6."""
    line = fit_line([1, 2, 3], [1, 2, 4])
    assert line["slope"] == pytest.approx(1.5)
    assert line["intercept"] == pytest.approx(7 / 3 - 3)
    assert line["r2"] == pytest.approx(1 - (1 / 6) / (14 / 3))
    assert line["r2_adjusted"] == pytest.approx(1 - (1 / 6) / (14 / 3) * 2)
    error = math.sqrt((1 / 6) / 2)
    assert line["slope_upper"] == pytest.approx(1.5 + 12.706204736432095 * error)  # t(0.975, 1)
    assert line["slope_p"] == pytest.approx(2 * (0.5 - math.atan(1.5 / error) / math.pi))  # t with 1 df is Cauchy's
    assert line["note"] == ""


def test_lack_of_fit_by_hand() -> None:
    """Two values at each of x = 0, 1, 2 around means 0, 1, 0: the line is flat at 1/3.

    Misfit 2 (1/9 + 4/9 + 1/9) = 4/3 with 1 degree of freedom, pure error 6 x 0.01 = 0.06 with 3.
    """
    line = fit_line([0, 0, 1, 1, 2, 2], [-0.1, 0.1, 0.9, 1.1, -0.1, 0.1])
    assert line["slope"] == pytest.approx(0, abs=1e-12)
    assert line["lack_of_fit_f"] == pytest.approx((4 / 3) / (0.06 / 3))
    assert (line["lack_of_fit_df1"], line["lack_of_fit_df2"]) == (1, 3)
    angle = math.atan(math.sqrt(line["lack_of_fit_f"] / 3))  # F with 1 degree of freedom is a squared t, here with 3
    assert line["lack_of_fit_p"] == pytest.approx(1 - 2 / math.pi * (angle + math.sin(angle) * math.cos(angle)))


def test_no_misfit_is_no_lack_of_fit() -> None:
    line = fit_line([0, 0, 1, 1, 2, 2], [-0.1, 0.1, 0.9, 1.1, 1.9, 2.1])
    assert line["lack_of_fit_f"] == pytest.approx(0, abs=1e-9)
    assert line["lack_of_fit_p"] == pytest.approx(1)


def test_breusch_pagan_by_hand() -> None:
    """Koenker's form: k times the R2 of the squared residuals on x."""
    x, y = np.arange(8.0), np.array([0.0, 0.2, -0.3, 0.5, -0.6, 0.9, -1.0, 1.4])
    line = fit_line(x, y)
    squared = (y - line["intercept"] - line["slope"] * x) ** 2
    assert line["breusch_pagan_lm"] == pytest.approx(8 * np.corrcoef(x, squared)[0, 1] ** 2)
    # a chi-square with 1 degree of freedom is a squared normal
    assert line["breusch_pagan_p"] == pytest.approx(math.erfc(math.sqrt(line["breusch_pagan_lm"] / 2)))


def test_shapiro_sees_one_far_value() -> None:
    x = np.arange(20.0)
    normal = np.tile([-1.0, 1.0, 0.5, -0.5], 5)
    far = normal.copy()
    far[10] = 30
    assert fit_line(x, far)["shapiro_p"] < 1e-6 < 0.001 < fit_line(x, normal)["shapiro_p"]


@pytest.mark.parametrize(
    ("x", "y", "note"),
    [
        ([1, 1, 1], [1, 2, 3], "one size: no line"),
        ([1, 2, 3], [0.5, 0.5, 0.5], "all values are the same: no line"),
        ([1, 2], [math.nan, math.nan], "2 of 2 values are missing or not finite; no values"),
        ([1, 2, 3], [1, math.nan, math.inf], "2 of 3 values are missing or not finite; one size: no line"),
        ([], [], "no values"),
    ],
)
def test_no_line(x: list[float], y: list[float], note: str) -> None:
    line = fit_line(x, y)
    assert line["note"] == note
    assert all(math.isnan(line[name]) for name in ("slope", "intercept", "r2", "slope_lower", "slope_p", *CHECKS))


def test_two_points_have_a_line_and_no_interval() -> None:
    line = fit_line([1, 3], [1, 2])
    assert line["slope"] == pytest.approx(0.5)
    assert math.isnan(line["slope_lower"])
    assert line["note"] == "two points: the line has no interval"


def test_an_exact_line_has_no_residuals_to_check() -> None:
    line = fit_line([1, 2, 3, 3], [2, 4, 6, 6])
    assert line["slope"] == pytest.approx(2)
    assert line["r2"] == pytest.approx(1)
    assert all(math.isnan(line[name]) for name in CHECKS)


def test_lack_of_fit_needs_replicates() -> None:
    assert lack_of_fit(np.array([1.0, 2, 3]), np.array([0.1, -0.2, 0.1]), np.array([1.0, 2, 4])) == {}


def test_log_linear_finds_the_line_that_made_the_values() -> None:
    """accuracy = 0.4344 + 0.1188 log10(n), the EMNIST dataset-size paper's own coefficients."""
    sizes = np.repeat([750, 1500, 3000, 6000, 12000], 2)
    top1 = 0.4344 + 0.1188 * np.log10(sizes) + np.tile([-0.01, 0.01], 5)
    frame = pd.DataFrame({"architecture": "cnn", "n": sizes, **{m.last: top1 for m in METRICS.values()}})
    found = log_linear(frame, metrics=["top1"]).set_index("over")
    assert list(found.index) == ["runs", "seed means"]
    assert found["slope"].to_numpy() == pytest.approx(0.1188)
    assert found["intercept"].to_numpy() == pytest.approx(0.4344)
    assert list(found["points"]) == [10, 5]
    assert found.loc["runs", "residual_sd"] == pytest.approx(math.sqrt(10 * 0.01**2 / 8))
    assert found.loc["runs", "lack_of_fit_p"] == pytest.approx(1)
    assert found.loc["seed means", "r2"] == pytest.approx(1)


def test_log_linear_has_a_row_per_architecture_metric_and_kind() -> None:
    frame = pd.DataFrame(
        {"architecture": ["b", "b", "a", "a"], "n": [10, 100] * 2, **{m.last: [0.1, 0.2] * 2 for m in METRICS.values()}}
    )
    found = log_linear(frame)
    assert len(found) == 2 * len(METRICS) * 2
    assert list(found["architecture"].unique()) == ["b", "a"]
    assert found["slope"].to_numpy() == pytest.approx(0.1)
