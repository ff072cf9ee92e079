"""Influence, against statsmodels; equal slopes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy import stats
from statsmodels.stats.outliers_influence import OLSInfluence

from datavolume.statistics.lines import influence, slopes

SIZES = np.array([100, 200, 400, 800, 1600, 3200])


def curve(last: float = 0.0, rng: int = 0) -> pd.DataFrame:
    values = 0.3 + 0.1 * np.log10(SIZES) + 0.01 * np.random.default_rng(rng).normal(size=6)
    values[-1] += last
    return pd.DataFrame({"n": SIZES, "value": values})


def test_as_statsmodels() -> None:
    fit = sm.OLS(curve()["value"].to_numpy(), sm.add_constant(np.log10(SIZES))).fit()
    expected, table = OLSInfluence(fit), influence(curve())
    assert table["cooks"].to_numpy() == pytest.approx(expected.cooks_distance[0])
    assert table["leverage"].to_numpy() == pytest.approx(expected.hat_matrix_diag)
    outliers = fit.outlier_test()
    assert table["studentised"].to_numpy() == pytest.approx(outliers[:, 0])
    assert table[["p", "p_adjusted"]].to_numpy() == pytest.approx(outliers[:, 1:])


def test_a_last_size_that_falls_off_is_found() -> None:
    off = influence(curve(last=-0.2))
    assert off["outlier"].tolist() == [False] * 5 + [True]
    assert off["influential"].iloc[-1]
    assert off["slope_without"].iloc[-1] == pytest.approx(np.polyfit(np.log10(SIZES[:-1]), curve()["value"][:-1], 1)[0])
    assert not influence(curve())["outlier"].any()


def test_too_few_sizes_say_so() -> None:
    table = influence(curve().head(3))
    assert table["note"].str.contains("fewer than four sizes").all()
    assert table["p"].isna().all()


def architectures(difference: float = 0.0, rng: int = 0, seeds: int = 8) -> pd.DataFrame:
    generator = np.random.default_rng(rng)
    rows = [(n, a, s) for n in SIZES for a in ("cnn", "mlp") for s in range(seeds)]
    frame = pd.DataFrame(rows, columns=["n", "architecture", "seed"])
    slope = 0.1 + difference * (frame["architecture"] == "mlp") + 0.05 * generator.normal(size=seeds)[frame["seed"]]
    return frame.assign(value=slope * np.log10(frame["n"]) + 0.02 * generator.normal(size=len(frame)))


def test_independent_test_is_the_interaction() -> None:
    frame = architectures().assign(x=lambda rows: np.log10(rows["n"]))
    table = sm.stats.anova_lm(smf.ols("value ~ x * architecture", frame).fit())
    test = slopes(frame).tests.iloc[0]
    assert (test["F"], test["p"]) == (pytest.approx(table.loc["x:architecture", "F"]), pytest.approx(test["p"]))


def test_clustered_test_is_the_paired_t_test_of_the_seeds_slopes() -> None:
    frame = architectures(0.01)
    own = frame.groupby(["seed", "architecture"]).apply(
        lambda part: np.polyfit(np.log10(part["n"]), part["value"], 1)[0]
    )
    both = own.unstack()
    expected = stats.ttest_rel(both["mlp"], both["cnn"])
    found = slopes(frame)
    assert found.tests.iloc[1]["p"] == pytest.approx(expected.pvalue)
    pair = found.pairs.iloc[0]
    interval = expected.confidence_interval()
    assert (pair["lower"], pair["upper"]) == pytest.approx((interval.low, interval.high))
    assert pair["difference"] == pytest.approx((both["mlp"] - both["cnn"]).mean())


def test_shared_seeds_cancel_in_the_difference() -> None:
    found = slopes(architectures(0.05))
    assert found.pairs["p_adjusted"].iloc[0] < 0.01
    assert (found.table["upper"] - found.table["lower"]).min() > (found.pairs["upper"] - found.pairs["lower"]).iloc[0]


def test_more_groups_than_seeds_and_one_size_are_said() -> None:
    few = pd.concat([architectures(seeds=2), architectures(seeds=2).assign(architecture="vit")])
    few = pd.concat([few, few.query("architecture == 'vit'").assign(architecture="net")])
    assert "2 seeds are too few for 4 slopes" in slopes(few).tests.iloc[1]["note"]
    alone = pd.concat([architectures(), architectures().query("n == 100").assign(architecture="vit")])
    assert slopes(alone).note == "one size of vit: no slope"
    assert slopes(architectures().head(2)).table.empty
