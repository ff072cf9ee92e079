"""Lines over log10 n: exact ones, statsmodels' intervals, the EMNIST paper's, seeds as clusters."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from scipy.optimize import brentq

from datavolume.errors import UserError
from datavolume.statistics.lines import influence, log_linear, r2_interval, r2_jackknife

EMNIST = np.array([750, 800, 1000, 1200, 1500, 2000, 2400, 3000, 4000, 6000, 12000])
PRINTED = {"accuracy": (0.4344, 0.1188, 0.848, 0.936), "cross-entropy": (2.0592, -0.4422, 0.801, 0.896)}


def runs(seeds: int = 6, rng: int = 0) -> pd.DataFrame:
    generator, n = np.random.default_rng(rng), np.array([100, 200, 400, 800, 1600])
    noise = 0.02 * generator.normal(size=(seeds, 5)) + 0.03 * generator.normal(size=(seeds, 1))
    values = 0.4 + 0.12 * np.log10(n) + noise
    names, sizes = np.indices(values.shape).reshape(2, -1)
    return pd.DataFrame({"n": n[sizes], "seed": names, "value": values.ravel()})


def test_over_seed_means_as_statsmodels() -> None:
    row = log_linear(runs()).iloc[0]
    means = runs().groupby("n")["value"].mean()
    fit = sm.OLS(means.to_numpy(), sm.add_constant(np.log10(means.index.to_numpy(float)))).fit()
    assert row[["intercept", "slope"]].tolist() == pytest.approx(fit.params)
    assert row[["slope_lower", "slope_upper"]].tolist() == pytest.approx(fit.conf_int()[1])
    assert (row["slope_p"], row["r2"]) == (pytest.approx(fit.pvalues[1]), pytest.approx(fit.rsquared))
    assert (row["points"], row["df"], row["errors"]) == (5, 3, "independent")


def test_over_runs_the_spread_of_the_seeds_slopes() -> None:
    row = log_linear(runs()).iloc[1]
    own = [np.polyfit(np.log10(part["n"]), part["value"], 1)[0] for _, part in runs().groupby("seed")]
    expected = stats.ttest_1samp(own, 0).confidence_interval()
    assert row[["slope_lower", "slope_upper"]].tolist() == pytest.approx([expected.low, expected.high])
    assert (row["points"], row["seeds"], row["df"]) == (30, 6, pytest.approx(5))
    assert row["errors"] == "clustered by seed, CR2"
    assert row["slope"] == pytest.approx(log_linear(runs()).iloc[0]["slope"])  # as many seeds at every size


def test_without_each_size() -> None:
    table = log_linear(runs())
    assert table["without"].dropna().unique().tolist() == [100, 200, 400, 800, 1600]
    last = table[table["without"] == 1600].iloc[0]
    alone = log_linear(runs().query("n != 1600"), without=False).iloc[0]
    assert last["slope"] == alone["slope"]


@pytest.mark.parametrize("metric", list(PRINTED))
def test_the_emnist_papers_line_and_r2(metric: str) -> None:
    """Means that lie about the printed line so that R2 is the printed one."""
    intercept, slope, r2, _ = PRINTED[metric]
    x = np.log10(EMNIST)
    y = intercept + slope * x + _residuals(x, slope, r2)
    row = log_linear(pd.DataFrame({"n": EMNIST, "value": y}), without=False).iloc[0]
    assert (row["intercept"], row["slope"]) == (pytest.approx(intercept, abs=1e-12), pytest.approx(slope, abs=1e-12))
    assert row["r2"] == pytest.approx(r2)
    f = r2 / (1 - r2) * 9
    low, high = row["r2_lower"], row["r2_upper"]
    assert stats.ncf.cdf(f, 1, 9, 11 * low / (1 - low)) == pytest.approx(0.975)
    assert stats.ncf.cdf(f, 1, 9, 11 * high / (1 - high)) == pytest.approx(0.025)


def _residuals(x: np.ndarray, slope: float, r2: float) -> np.ndarray:
    """Across the line's two columns, of the size that R2 asks for."""
    design = np.column_stack([np.ones_like(x), x])
    rough = np.cos(3.0 * np.arange(x.size))
    rest = rough - design @ np.linalg.lstsq(design, rough, rcond=None)[0]
    explained = slope**2 * ((x - x.mean()) ** 2).sum()
    return rest * np.sqrt(explained * (1 / r2 - 1) / (rest**2).sum())


@pytest.mark.parametrize(("metric", "expected"), [("accuracy", True), ("cross-entropy", True)])
def test_the_emnist_papers_last_size_is_an_outlier_by_its_own_numbers(metric: str, expected: bool) -> None:
    """Slope and both printed R2 (with and without 12 000 images) fix the last size's residual."""
    intercept, slope, r2, without = PRINTED[metric]
    x = np.log10(EMNIST)
    centre, spread = x.mean(), ((x - x.mean()) ** 2).sum()
    ssr = slope**2 * spread * (1 / r2 - 1)
    room = 1 - 1 / 11 - (x[-1] - centre) ** 2 / spread

    def r2_without(residual: float) -> float:
        other = slope - (x[-1] - centre) * residual / (spread * room)
        explained = other**2 * ((x[:-1] - x[:-1].mean()) ** 2).sum()
        return explained / (explained + ssr - residual**2 / room)

    towards = -np.sign(slope) * np.sqrt(ssr * room)  # the curve flattens: the last point lies short of the line
    residual = brentq(lambda r: r2_without(r) - without, 0, towards * 0.999999)
    t = abs(residual) / np.sqrt(room * (ssr - residual**2 / room) / 8)
    y = intercept + slope * x + _with_last(x, residual, ssr)
    row = influence(pd.DataFrame({"n": EMNIST, "value": y})).iloc[-1]
    assert row["r2_without"] == pytest.approx(without)
    assert abs(row["studentised"]) == pytest.approx(t)
    assert row["p"] == pytest.approx(2 * stats.t.sf(t, 8))
    assert (row["p"] < 0.05) == expected


def _with_last(x: np.ndarray, last: float, ssr: float) -> np.ndarray:
    """Residuals [11] across the line's columns, the last one given, their squares summing to ssr."""
    design = np.column_stack([np.ones_like(x), x])
    hat = design @ np.linalg.pinv(design)
    own = (np.eye(x.size) - hat)[:, -1]
    base = own * last / own[-1]
    rough = np.cos(3.0 * np.arange(x.size)) * (np.arange(x.size) < x.size - 1)
    columns = np.column_stack([design, own])
    rest = rough - columns @ np.linalg.lstsq(columns, rough, rcond=None)[0]
    return base + rest * np.sqrt((ssr - (base**2).sum()) / (rest**2).sum())


def test_an_exact_line_has_no_interval_to_doubt() -> None:
    n = np.array([10, 100, 1000, 10000])
    row = log_linear(pd.DataFrame({"n": n, "value": 1 + 2 * np.log10(n)}), without=False).iloc[0]
    assert (row["slope"], row["intercept"], row["r2"]) == (pytest.approx(2), pytest.approx(1), pytest.approx(1))
    assert row["slope_upper"] - row["slope_lower"] < 1e-12


@pytest.mark.parametrize(
    ("frame", "note"),
    [
        (pd.DataFrame({"n": [10, 10], "value": [1.0, 2]}), "one size: no line"),
        (pd.DataFrame({"n": [10, 20], "value": [1.0, 1]}), "all values are the same: no line"),
        (pd.DataFrame({"n": [10, 20], "value": [1.0, 2]}), "two points: the line has no interval"),
        (pd.DataFrame({"n": [10, 20], "value": [np.nan, np.nan]}), "no values"),
    ],
)
def test_no_line_says_why(frame: pd.DataFrame, note: str) -> None:
    table = log_linear(frame)
    assert table["note"].str.contains(note).all()
    assert table["slope_lower"].isna().all()


def test_a_size_of_zero_is_one_line() -> None:
    with pytest.raises(UserError, match="no number of images above 0"):
        log_linear(pd.DataFrame({"n": [0, 10], "value": [1.0, 2]}))


def test_r2_intervals() -> None:
    assert r2_interval(0.0, 1, 9)[0] == 0
    assert r2_interval(1.0, 1, 9) == (1.0, 1.0)
    assert np.isnan(r2_interval(0.9, 1, 0)).all()
    rng = np.random.default_rng(0)
    x, seeds = np.tile(np.arange(5.0), 8), np.repeat(np.arange(8), 5)
    y = x + rng.normal(size=40)
    low, high = r2_jackknife(x, y, seeds)
    assert 0 < low < np.corrcoef(x, y)[0, 1] ** 2 < high < 1
    assert np.isnan(r2_jackknife(x[:10], y[:10], seeds[:10])).all()
