"""Seeds as blocks: repeated measures, the mixed model, cluster-robust errors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.anova import AnovaRM

from datavolume.statistics.variance import blocked, factorial
from datavolume.statistics.variance.clusters import clustered
from datavolume.statistics.variance.repeated import repeated


def grid(*, between: float = 1.0, seeds: int = 8, rng: int = 0) -> pd.DataFrame:
    generator = np.random.default_rng(rng)
    rows = [(n, a, s) for n in (100, 200, 400) for a in ("cnn", "mlp") for s in range(seeds)]
    frame = pd.DataFrame(rows, columns=["n", "architecture", "seed"])
    level = between * generator.normal(size=seeds)
    frame["top1"] = 0.2 * np.log(frame["n"]) + level[frame["seed"]] + 0.3 * generator.normal(size=len(frame))
    return frame


def test_two_levels_are_the_paired_t_test() -> None:
    frame = grid().query("architecture == 'cnn' and n != 400")
    found = blocked(frame, "top1", ["n"], "seed")
    first, second = (frame.loc[frame["n"] == n, "top1"].to_numpy() for n in (100, 200))
    expected = stats.ttest_rel(first, second)
    row = found.table.iloc[0]
    assert found.method == "repeated measures"
    assert (row["F"], row["p"]) == (pytest.approx(expected.statistic**2), pytest.approx(expected.pvalue))
    assert (row["df"], row["df2"], row["epsilon"]) == (1, 7, 1)


def test_two_factors_as_statsmodels() -> None:
    frame = grid()
    expected = AnovaRM(frame, "top1", "seed", within=["n", "architecture"]).fit().anova_table
    table = blocked(frame, "top1", ["n", "architecture"], "seed").table
    assert table["F"].to_numpy() == pytest.approx(expected["F Value"].to_numpy())
    assert table["p_uncorrected"].to_numpy() == pytest.approx(expected["Pr > F"].to_numpy())
    assert table["df2"].tolist() == [14, 7, 14]


def test_the_order_of_rows_does_not_matter() -> None:
    frame = grid()
    mixed_up = frame.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(
        blocked(frame, "top1", ["n", "architecture"], "seed").table,
        blocked(mixed_up, "top1", ["n", "architecture"], "seed").table,
    )


def test_epsilon_falls_with_uneven_spreads() -> None:
    rng = np.random.default_rng(0)
    even, uneven = rng.normal(size=(40, 5)), rng.normal(size=(40, 5)) * [1, 1, 1, 1, 20]
    assert repeated(even, [5])[0].epsilon > 0.9
    found = repeated(uneven, [5])[0]
    assert found.epsilon < 0.4
    assert found.p != found.p_uncorrected


def test_holes_make_it_a_mixed_model() -> None:
    whole = grid(rng=4).assign(top1=lambda rows: rows["top1"] + (rows["n"] == 400))
    found = blocked(whole.drop(index=[3, 17, 40]), "top1", ["n", "architecture"], "seed")
    assert found.method == "mixed model"
    assert found.table["df2"].to_numpy() == pytest.approx(32, abs=0.2)  # within seeds: 45 runs - 6 cells - 7 seeds
    almost = blocked(whole, "top1", ["n", "architecture"], "seed").table
    assert found.table.loc[0, "p"] < 0.05
    assert almost.loc[0, "p"] < 0.05


def test_no_variance_between_seeds_makes_it_cluster_robust() -> None:
    frame = grid(between=0)
    frame["top1"] -= frame.groupby("seed")["top1"].transform("mean")  # less than independent runs would vary
    found = blocked(frame.drop(index=[3, 17, 40]), "top1", ["n", "architecture"], "seed")
    assert found.method == "cluster-robust"
    assert "no variance between seeds" in found.note
    assert found.table["df2"].between([5.5, 6.5, 5.5], [6, 7, 6]).all()  # at most the seeds less the term's contrasts
    assert found.table["p"].between(0, 1).all()


def test_with_few_seeds_the_singular_model_is_kept() -> None:
    """Cluster-robust errors of three seeds tell nothing of five contrasts."""
    frame = grid(between=0, seeds=3)
    more = pd.concat([frame, frame.assign(n=frame["n"] * 8)]).reset_index(drop=True)
    more["top1"] += 0.3 * np.random.default_rng(1).normal(size=len(more))
    more["top1"] -= more.groupby("seed")["top1"].transform("mean")
    found = blocked(more.drop(index=[4]), "top1", ["n", "architecture"], "seed")
    assert found.method == "mixed model"
    assert "3 seeds are too few for cluster-robust errors of 5 contrasts" in found.note
    # no seeds: the classical analysis of 35 runs in 12 cells
    independent = factorial(more.drop(index=[4]), "top1", ["n", "architecture"], kind=3).set_index("term")
    table = found.table.set_index("term")
    assert table["F"].to_dict() == pytest.approx(independent["F"].drop("residual").to_dict(), rel=0.02)
    assert table["df2"].between(18, 23).all()


def test_seeds_that_differ_by_their_level_alone_say_so() -> None:
    frame = grid(seeds=4)
    frame["top1"] = np.log10(frame["n"]) + frame["seed"]
    found = blocked(frame.drop(index=[4]), "top1", ["n", "architecture"], "seed")
    assert found.table["F"].isna().all()
    assert set(found.table["note"]) == {"seeds differ by nothing but their level: no spread"}


def test_a_seed_of_its_own_for_each_run_is_cluster_robust() -> None:
    frame = grid(seeds=4).assign(seed=np.arange(24)).drop(index=[4])
    found = blocked(frame, "top1", ["n", "architecture"], "seed")
    assert found.method == "cluster-robust"
    assert "seeds cannot be told from what they were trained on" in found.note


def test_one_seed_is_independent_runs() -> None:
    found = blocked(grid(seeds=1), "top1", ["n", "architecture"], "seed")
    assert found.method == "independent"
    assert "fewer than two seeds" in found.note


def test_runs_that_agree_exactly_say_so() -> None:
    found = blocked(grid().assign(top1=0.3), "top1", ["n", "architecture"], "seed")
    assert found.table.empty
    assert found.note == "all runs agree exactly: no spread"


def test_every_seed_on_every_size_is_the_t_test_of_the_seeds_slopes() -> None:
    """CR2 with equal X: the spread of the seeds' own slopes, with seeds - 1 degrees of freedom."""
    rng = np.random.default_rng(5)
    x = np.log10([100, 200, 400, 800])
    values = rng.normal(size=(6, 1)) + (0.1 + 0.05 * rng.normal(size=(6, 1))) * x + 0.02 * rng.normal(size=(6, 4))
    own = np.array([np.polyfit(x, row, 1)[0] for row in values])
    expected = stats.ttest_1samp(own, 0).confidence_interval()
    robust = clustered(np.column_stack([np.ones(24), np.tile(x, 6)]), values.ravel(), np.repeat(np.arange(6), 4))
    assert robust.df == pytest.approx([5, 5])
    assert robust.interval(1) == pytest.approx((expected.low, expected.high))
    f, df1, df2, p = robust.wald([[0, 1]])
    assert (df1, df2, p) == (1, 5, pytest.approx(stats.ttest_1samp(own, 0).pvalue))
    assert f == pytest.approx(stats.ttest_1samp(own, 0).statistic ** 2)


def test_clusters_of_one_give_hc2() -> None:
    rng = np.random.default_rng(6)
    X, y = np.column_stack([np.ones(20), rng.normal(size=20)]), rng.normal(size=20)
    robust = clustered(X, y, np.arange(20))
    assert robust.errors == pytest.approx(sm.OLS(y, X).fit().HC2_se)


def test_a_missing_run_does_not_change_what_a_share_of_variance_is_of() -> None:
    """Of single runs, beside what else varies: the same in repeated measures, the mixed model and independent runs."""
    frame = grid(between=0.5, seeds=300)
    truth = 0.2**2 * np.var(np.log([100, 200, 400]))
    whole, holes = (blocked(rows, "top1", ["n", "architecture"], "seed") for rows in (frame, frame.drop(index=[7])))
    assert (whole.method, holes.method) == ("repeated measures", "mixed model")
    for found in (whole, holes):
        row = found.table.iloc[0]
        assert row["partial_omega2"] == pytest.approx(truth / (truth + 0.3**2), abs=0.04)
        assert row["lower"] < truth / (truth + 0.3**2) < row["upper"]
    assert whole.table["partial_omega2"].to_numpy() == pytest.approx(holes.table["partial_omega2"].to_numpy(), abs=0.01)
