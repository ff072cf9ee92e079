"""A line per architecture and metric; the numbers of one line are tested in tests/unit/statistics/lines."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from datavolume.analysis.metrics import METRICS
from datavolume.analysis.testing.lines import influences, line_of, log_linear, slopes
from datavolume.statistics.lines import CHECKS

pytestmark = pytest.mark.filterwarnings("error")

SIZES = [750, 1500, 3000, 6000, 12000]


def frame_of(curves: dict[str, dict[int, list[float]]]) -> pd.DataFrame:
    """architecture -> n -> values of seeds 0, 1, ...; every metric is the same."""
    rows = [
        {
            "architecture": architecture,
            "n": n,
            "seed": seed,
            "subset_seed": 0,
            **{m.last: value for m in METRICS.values()},
        }
        for architecture, cells in curves.items()
        for n, values in cells.items()
        for seed, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def line(intercept: float, slope: float, spread: float = 0.01) -> dict[int, list[float]]:
    """Three seeds about a line over log10 n; seed 0 lies below, seed 2 above, by the same at each size."""
    return {n: [intercept + slope * math.log10(n) + step * spread for step in (-1, 0, 1)] for n in SIZES}


def test_log_linear_finds_the_line_that_made_the_values() -> None:
    """accuracy = 0.4344 + 0.1188 log10(n), the EMNIST dataset-size paper's own coefficients."""
    found = log_linear(frame_of({"cnn": line(0.4344, 0.1188)}), metrics=["top1"]).set_index("over")
    assert set(found.index) == {"runs", "seed means"}
    assert found["slope"].to_numpy() == pytest.approx(0.1188)
    assert found["intercept"].to_numpy() == pytest.approx(0.4344)
    assert found["points"].to_dict() == {"runs": 15, "seed means": 5}
    assert found.loc["runs", "errors"] == "clustered by seed, CR2"
    assert found.loc["runs", "residual_sd"] == pytest.approx(math.sqrt(10 * 0.01**2 / 13))
    assert found.loc["runs", "lack_of_fit_p"] == pytest.approx(1)
    assert found.loc["seed means", "r2"] == pytest.approx(1)


def test_seeds_that_scatter_alike_everywhere_leave_the_slope_certain() -> None:
    """What a seed adds at every size cancels in the slope: clustered by seed it has no error."""
    row = log_linear(frame_of({"cnn": line(0.4, 0.1)}), metrics=["top1"]).set_index("over").loc["runs"]
    assert row["slope_upper"] - row["slope_lower"] == pytest.approx(0, abs=1e-9)
    assert row["intercept_upper"] - row["intercept_lower"] > 0.01


def test_a_row_per_architecture_metric_and_kind() -> None:
    found = log_linear(frame_of({"b": {10: [0.1], 100: [0.2]}, "a": {10: [0.1], 100: [0.2]}}))
    assert len(found) == 2 * len(METRICS) * 2
    assert list(found["architecture"].unique()) == ["b", "a"]
    assert found["slope"].to_numpy() == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("cells", "note"),
    [
        ({10: [1.0, 2, 3]}, "one size: no line"),
        ({10: [0.5], 20: [0.5], 30: [0.5]}, "all values are the same: no line"),
        ({10: [math.nan], 20: [math.nan]}, "no values"),
        ({10: [0.1], 20: [math.nan]}, "one size: no line"),
    ],
)
def test_no_line(cells: dict[int, list[float]], note: str) -> None:
    row = log_linear(frame_of({"cnn": cells}), metrics=["top1"]).iloc[0]
    assert row["note"].startswith(note)
    assert all(math.isnan(row[name]) for name in ("slope", "intercept", "r2", "slope_lower", "slope_p", *CHECKS))


def test_the_size_that_bends_the_line_is_named() -> None:
    bent = line(0.4, 0.1) | {12000: [0.4, 0.41, 0.42]}
    found = influences(frame_of({"cnn": bent}), metrics=["top1"]).set_index("n")
    assert found["cooks"].idxmax() == 12000
    assert found.loc[12000, "influential"]
    assert found.loc[12000, "slope_without"] == pytest.approx(0.1)


def test_slopes_of_two_architectures() -> None:
    steep, flat = line(0.3, 0.15), line(0.5, 0.05)
    noise = np.random.default_rng(3)
    curves = {
        name: {n: [value + noise.normal(0, 0.002) for value in values] for n, values in cells.items()}
        for name, cells in (("flat", flat), ("steep", steep))
    }
    row = slopes(frame_of(curves), metrics=["top1"]).iloc[0]
    assert (row["first"], row["second"]) == ("flat", "steep")
    assert row["lower"] < 0.1 < row["upper"]
    assert row["p_equal"] == pytest.approx(row["p"])
    assert row["p_equal"] < 0.01


def test_one_architecture_has_no_slopes_to_compare() -> None:
    assert slopes(frame_of({"cnn": line(0.3, 0.1)})).empty
    assert influences(frame_of({"cnn": {10: [0.5]}}), metrics=["top1"])["cooks"].isna().all()


def test_one_line_through_means() -> None:
    """x = 1, 2, 3 (powers of ten); y = 1, 2, 4: Sxy = 3, Sxx = 2, so slope 1.5 and intercept 7/3 - 3."""
    found = line_of([10, 100, 1000], [1, 2, 4])
    assert found["slope"] == pytest.approx(1.5)
    assert found["intercept"] == pytest.approx(7 / 3 - 3)
    error = math.sqrt((1 / 6) / 2)
    assert found["slope_upper"] == pytest.approx(1.5 + 12.706204736432095 * error)  # t(0.975, 1)
    assert found["note"] == ""
