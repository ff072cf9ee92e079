"""Methods side by side: which stand there, which is advised, Holm over metrics, the test of pairs that fits."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from datavolume.statistics.variance import (
    anova_table,
    blocked,
    factorial,
    games_howell,
    holm,
    kruskal,
    pairs_table,
    tukey,
    welch,
)


def runs(*, spreads: tuple[float, ...] = (1.0, 1.0, 1.0), seeds: int = 8, rng: int = 0) -> pd.DataFrame:
    generator = np.random.default_rng(rng)
    rows = [(n, a, s) for n in (100, 200, 400) for a in ("cnn", "mlp") for s in range(seeds)]
    frame = pd.DataFrame(rows, columns=["n", "architecture", "seed"])
    sd = frame["n"].map(dict(zip((100, 200, 400), spreads, strict=True)))
    frame["top1"] = 0.8 * np.log2(frame["n"]) + sd * generator.normal(size=len(frame))
    return frame.assign(loss=generator.normal(size=len(frame)))


def test_seeds_are_advised_and_independent_runs_stand_beside() -> None:
    table = anova_table(runs(), ["top1"], ["n", "architecture"], block="seed")
    assert table.groupby("method", sort=False)["term"].agg(list).to_dict() == {
        "repeated measures": ["n", "architecture", "n:architecture"],
        "independent runs": ["n", "architecture", "n:architecture", "residual"],
    }
    assert table["advised"].tolist() == [True] * 3 + [False] * 4
    seeds = blocked(runs(), "top1", ["n", "architecture"], "seed").table
    plain = factorial(runs(), "top1", ["n", "architecture"])
    assert table["F"].to_numpy() == pytest.approx([*seeds["F"], *plain["F"]], nan_ok=True)
    assert table["df2"].iloc[3:6].tolist() == [42, 42, 42]


def test_one_factor_has_four_tests() -> None:
    frame = runs()
    samples = [part["top1"].to_numpy() for _, part in frame.groupby("n")]
    table = anova_table(frame, ["top1"], ["n"], block="seed").set_index(["method", "term"])
    assert list(table.index.get_level_values("method").unique()) == [
        "repeated measures", "independent runs", "Welch", "Kruskal-Wallis"
    ]  # fmt: skip
    of_welch, ranks = welch(samples), kruskal(samples)
    row = table.loc[("Welch", "n")]
    assert row[["F", "df", "df2", "p"]].tolist() == pytest.approx(
        [of_welch.statistic, of_welch.df1, of_welch.df2, of_welch.p]
    )
    h, k, total = ranks.statistic, 3, 48
    row = table.loc[("Kruskal-Wallis", "n")]
    assert row["F"] == pytest.approx((total - k) * h / ((k - 1) * (total - 1 - h)))
    assert row["p"] == pytest.approx(ranks.p)


@pytest.mark.parametrize(("spreads", "advised"), [((1.0, 1.0, 1.0), "independent runs"), ((0.05, 1.0, 8.0), "Welch")])
def test_without_seeds_the_checks_decide(spreads: tuple[float, ...], advised: str) -> None:
    table = anova_table(runs(spreads=spreads).drop(columns="seed"), ["top1"], ["n"])
    assert table.loc[table["advised"], "method"].unique().tolist() == [advised]


def test_holm_is_over_the_metrics_of_one_method_and_term() -> None:
    table = anova_table(runs(), ["top1", "loss"], ["n", "architecture"], block="seed")
    for _, part in table.groupby(["method", "term"]):
        assert part["p_holm"].to_numpy() == pytest.approx(holm(part["p"]), nan_ok=True)
    assert table["metric"].unique().tolist() == ["top1", "loss"]


def test_holes_and_their_note() -> None:
    table = anova_table(runs().drop(index=[3, 20]), ["top1"], ["n", "architecture"], block="seed", kind=3)
    assert table["method"].iloc[0] in ("mixed model", "cluster-robust")
    assert "seed" in table["note"].iloc[0]
    third = factorial(runs().drop(index=[3, 20]), "top1", ["n", "architecture"], kind=3)
    assert table.loc[table["method"] == "independent runs", "F"].to_numpy() == pytest.approx(third["F"], nan_ok=True)


def test_no_spread_is_said() -> None:
    table = anova_table(runs().assign(top1=0.5), ["top1"], ["n"], block="seed")
    assert table["F"].isna().all()
    assert math.isnan(table["p_holm"].iloc[0])
    assert (table["note"] != "").all()


def test_pairs_by_the_test_that_fits() -> None:
    for spreads, test, pairs in (((1.0,) * 3, "Tukey HSD", tukey), ((0.05, 1.0, 8.0), "Games-Howell", games_howell)):
        frame = runs(spreads=spreads)
        table, name = pairs_table(frame, "top1", "n")
        assert name == test
        pd.testing.assert_frame_equal(table, pairs(frame, "top1", "n"))
