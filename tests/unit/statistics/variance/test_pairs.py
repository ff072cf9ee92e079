"""All pairs and adjusted p, against scipy and statsmodels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from datavolume.statistics.variance import games_howell, holm, tukey
from datavolume.statistics.variance.ranges import bound, exceeds


def frame(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    levels = np.repeat([100, 200, 400, 800], [5, 6, 7, 8])
    return pd.DataFrame({"n": levels, "top1": rng.normal(size=26) * levels / 100 + levels / 100})


@pytest.mark.parametrize(("pairs", "equal"), [(tukey, True), (games_howell, False)])
def test_as_scipy(pairs: object, equal: bool) -> None:
    table = pairs(frame(), "top1", "n")  # type: ignore[operator]
    samples = [group["top1"].to_numpy() for _, group in frame().groupby("n")]
    expected = stats.tukey_hsd(*samples, equal_var=equal)
    interval = expected.confidence_interval(0.95)
    places = {n: place for place, n in enumerate((100, 200, 400, 800))}
    for row in table.to_dict("records"):
        i, j = places[row["first"]], places[row["second"]]
        assert row["difference"] == pytest.approx(samples[j].mean() - samples[i].mean())
        assert row["p"] == pytest.approx(expected.pvalue[j, i], abs=1e-9)
        assert (row["lower"], row["upper"]) == pytest.approx((interval.low[j, i], interval.high[j, i]), abs=1e-7)
        assert row["significant"] == (row["p"] < 0.05)


@pytest.mark.parametrize(("q", "k", "df"), [(3.5, 4, 20), (5.0, 11, 99), (4.0, 3, 2), (6.0, 50, 30), (9.0, 4, 20)])
def test_studentised_range_as_scipy(q: float, k: int, df: float) -> None:
    assert exceeds(q, k, df) == pytest.approx(stats.studentized_range.sf(q, k, df), abs=1e-11)


def test_studentised_range_of_the_printed_table() -> None:
    """Upper 5 % points as tables print them: 3.96 for 4 means and 20 degrees of freedom, 3.63 for infinitely many."""
    assert bound(0.95, 4, 20) == pytest.approx(3.958, abs=5e-4)
    assert bound(0.95, 4, 1e9) == pytest.approx(3.633, abs=5e-4)
    assert bound(0.95, 2, 10) == pytest.approx(np.sqrt(2) * stats.t.ppf(0.975, 10))  # two means: Student's t
    assert exceeds(np.inf, 4, 20) == 0
    assert np.isnan(exceeds(np.nan, 4, 20))


def test_levels_of_one_run_have_a_difference_and_a_note() -> None:
    table = tukey(pd.concat([frame(), pd.DataFrame({"n": [1600], "top1": [20.0]})]), "top1", "n")
    alone = table[table["second"] == 1600]
    assert alone["difference"].notna().all()
    assert alone["p"].isna().all()
    assert (alone["note"] == "one run at one of the two: no spread").all()
    assert table.loc[table["second"] != 1600, "p"].notna().all()


def test_levels_without_spread_are_left_to_tukey() -> None:
    flat = pd.concat([frame(), pd.DataFrame({"n": [1600, 1600], "top1": [20.0, 20.0]})])
    assert games_howell(flat, "top1", "n").query("second == 1600")["p"].isna().all()
    assert tukey(flat, "top1", "n").query("second == 1600")["p"].notna().all()


def test_holm_by_hand_and_as_statsmodels() -> None:
    """Sorted 0.01, 0.03, 0.04: times 3, 2, 1, never falling."""
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    p = np.random.default_rng(0).uniform(0, 0.1, size=30)
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])


def test_holm_leaves_what_is_no_test() -> None:
    assert holm([0.02, np.nan, 0.6]) == pytest.approx([0.04, np.nan, 0.6], nan_ok=True)
    assert holm([]).size == 0
