"""Against certified values (NIST StRD SiRstv), a balanced table worked out by hand, and inputs that allow no test."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from datavolume.analysis.testing.anova import anova, assumptions, pairs

pytestmark = pytest.mark.filterwarnings("error")

# NIST Statistical Reference Datasets, one-way ANOVA, SiRstv: five instruments, five values each
SIRSTV = [
    [196.3052, 196.1240, 196.1890, 196.2569, 196.3403],
    [196.3042, 196.3825, 196.1669, 196.3257, 196.0422],
    [196.1303, 196.2005, 196.2889, 196.0343, 196.1811],
    [196.2795, 196.1748, 196.1494, 196.1485, 195.9885],
    [196.2119, 196.1051, 196.1850, 196.0052, 196.2090],
]


def frame_of(cells: dict[tuple[str, int], list[float]], *, apart: bool = False) -> pd.DataFrame:
    """architecture, n -> top-1 of its seeds; loss and macro F1 are the same. `apart`: no seed stands in two cells."""
    rows = [
        {
            "architecture": architecture,
            "n": n,
            "seed": 100 * cell * apart + seed,
            "subset_seed": 0,
            **dict.fromkeys(("last_top1", "last_macro_f1", "last_loss"), value),
        }
        for cell, ((architecture, n), values) in enumerate(cells.items())
        for seed, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def of_method(table: pd.DataFrame, method: str = "independent runs") -> pd.DataFrame:
    return table[table["method"] == method].set_index("term")


def test_certified_one_way() -> None:
    frame = frame_of({("cnn", 10 * (i + 1)): values for i, values in enumerate(SIRSTV)}, apart=True)
    rows = of_method(anova(frame, metrics=["top1"]))
    assert rows["df"].to_dict() == {"volume": 4, "residual": 20}
    assert rows.loc["volume", "sum_sq"] == pytest.approx(5.11462616000000e-02, rel=1e-9)
    assert rows.loc["residual", "sum_sq"] == pytest.approx(2.16636560000000e-01, rel=1e-9)
    assert rows.loc["volume", "F"] == pytest.approx(1.18046237440255, rel=1e-9)
    assert rows.loc["volume", "partial_eta2"] == pytest.approx(1.90999039051129e-01, rel=1e-9)  # certified as R squared
    assert rows.loc["volume", "p"] == pytest.approx(stats.f.sf(1.18046237440255, 4, 20), rel=1e-8)


def test_one_way_effects_by_hand() -> None:
    """Groups (1, 3) and (5, 7): between 16 with 1 degree of freedom, within 4 with 2, mean square 2."""
    row = of_method(anova(frame_of({("cnn", 1): [1, 3], ("cnn", 2): [5, 7]}, apart=True), metrics=["loss"]))
    assert row.loc["volume", "F"] == pytest.approx(8)
    assert row.loc["volume", "partial_eta2"] == pytest.approx(16 / 20)
    assert row.loc["volume", "partial_omega2"] == pytest.approx((16 - 2) / (20 + 2))


def test_seeds_are_blocks_where_they_come_back() -> None:
    """Seeds far apart, each with the same gain of 0.1 give or take 0.01: the pairs see it (t = 0.1 / (0.01 / sqrt 2)),
    independent runs hardly do."""
    table = anova(frame_of({("cnn", 1): [0.1, 0.5, 0.8], ("cnn", 2): [0.2, 0.61, 0.89]}), metrics=["top1"])
    blocks = of_method(table, "repeated measures").loc["volume"]
    assert blocks["F"] == pytest.approx(0.1**2 / (0.0001 / 3))
    assert (blocks["df"], blocks["df2"]) == (1, 2)
    assert blocks["advised"]
    independent = of_method(table).loc["volume"]
    assert independent["p"] > 0.5 > 0.01 > blocks["p"]
    assert not independent["advised"]


def test_spreads_that_differ_call_for_welch() -> None:
    """One volume scatters fifty times as much: Levene speaks against the classical test, Welch's is advised."""
    calm, wild = [0.500, 0.501, 0.502, 0.503, 0.504, 0.505], [0.40, 0.55, 0.61, 0.65, 0.70, 0.85]
    frame = frame_of({("cnn", 1): calm, ("cnn", 2): wild}, apart=True)
    table = anova(frame, metrics=["top1"])
    assert table.loc[table["advised"], "method"].unique().tolist() == ["Welch"]
    t = stats.ttest_ind(calm, wild, equal_var=False).statistic
    assert of_method(table, "Welch").loc["volume", "F"] == pytest.approx(t**2)
    checked = assumptions(frame, metrics=["top1"]).set_index("check")
    assert checked.loc["Levene", "p"] < 0.05
    assert not checked.loc["Levene", "holds"]
    assert pairs(frame, metrics=["top1"])["test"].tolist() == ["Games-Howell"]


def test_p_is_adjusted_over_the_metrics() -> None:
    """Three metrics that are the same: Holm multiplies the smallest by three, and the others by no less."""
    rows = of_method(anova(frame_of({("cnn", 1): [1, 3], ("cnn", 2): [5, 7]}, apart=True))).loc["volume"]
    assert rows["p_holm"].to_numpy() == pytest.approx(3 * rows["p"].to_numpy())


# 2 x 2 cells of two values: means 2, 4 (a) and 6, 12 (b); each cell spreads by -1, +1
BALANCED = {("a", 10): [1.0, 3], ("a", 20): [3.0, 5], ("b", 10): [5.0, 7], ("b", 20): [11.0, 13]}


def together(frame: pd.DataFrame, kind: int = 2) -> pd.DataFrame:
    table = anova(frame, metrics=["top1"], kind=kind)
    return table[table["architecture"] == "all"]


@pytest.mark.parametrize("kind", [2, 3])
def test_balanced_two_way_by_hand(kind: int) -> None:
    """Grand mean 6. Volume means 4, 8: 4 (4 + 4) = 32. Architecture means 3, 9: 4 (9 + 9) = 72.
    Interaction residues of the cell means +-1: 8. Residual 8 x 1 = 8 with 4 degrees of freedom. Total 120."""
    table = of_method(together(frame_of(BALANCED, apart=True), kind=kind))
    assert list(table.index) == ["volume", "architecture", "volume:architecture", "residual"]
    assert table["sum_sq"].to_numpy() == pytest.approx([32, 72, 8, 8])
    assert list(table["df"]) == [1, 1, 1, 4]
    assert table["F"].to_numpy()[:3] == pytest.approx([16, 36, 4])
    assert table.loc["volume", "p"] == pytest.approx(stats.f.sf(16, 1, 4))
    assert table["partial_eta2"].to_numpy()[:3] == pytest.approx([32 / 40, 72 / 80, 8 / 16])
    # partial ω² = (SS - df MS_residual) / (SS + (N - df) MS_residual), MS_residual = 2, N = 8
    assert table["partial_omega2"].to_numpy()[:3] == pytest.approx([30 / 46, 70 / 86, 6 / 22])
    assert math.isnan(table.loc["residual", "F"])
    assert math.isnan(table.loc["residual", "partial_omega2"])


def test_type_two_of_unequal_cells_adjusts_each_main_effect_for_the_other() -> None:
    """The sum of squares of volume is the drop of the residual when volume joins architecture."""
    cells = {**BALANCED, ("a", 10): [1.0, 3, 2.5]}
    frame = frame_of(cells, apart=True)
    y, a = frame["last_top1"].to_numpy(), (frame["architecture"] == "b").to_numpy(dtype=float)
    n = (frame["n"] == 20).to_numpy(dtype=float)
    one = np.ones_like(y)

    def residual(*columns: np.ndarray) -> float:
        design = np.column_stack(columns)
        return float(((y - design @ np.linalg.lstsq(design, y, rcond=None)[0]) ** 2).sum())

    table = of_method(together(frame))
    assert table.loc["volume", "sum_sq"] == pytest.approx(residual(one, a) - residual(one, a, n))
    assert table.loc["architecture", "sum_sq"] == pytest.approx(residual(one, n) - residual(one, a, n))


def test_a_volume_of_one_architecture_only_is_left_out_and_said() -> None:
    table = of_method(together(frame_of({**BALANCED, ("a", 40): [7.0, 8]}, apart=True)))
    assert table["note"].unique().tolist() == ["without n = 40: not trained with every architecture"]
    assert table["sum_sq"].to_numpy() == pytest.approx([32, 72, 8, 8])


@pytest.mark.parametrize(
    ("cells", "note"),
    [
        ({("a", 10): [1.0, 3], ("b", 10): [3.0, 5]}, "one data volume: nothing to compare"),
        ({("a", 10): [1.0, 3], ("b", 20): [3.0, 5]}, "no values"),
        ({key: values[:1] for key, values in BALANCED.items()}, "one seed: no spread between seeds to compare"),
        ({key: [1.0, 1] for key in BALANCED}, "all seeds agree exactly: no spread"),
    ],
)
def test_no_two_way(cells: dict[tuple[str, int], list[float]], note: str) -> None:
    row = anova(frame_of(cells), metrics=["top1"]).iloc[0]
    assert row["note"].startswith(note) or row["note"].endswith(note)
    assert math.isnan(row["F"])


def test_no_one_way_with_one_seed() -> None:
    found = anova(frame_of({key: values[:1] for key, values in BALANCED.items()}))
    assert found["architecture"].tolist() == ["all"] * 3 + ["a"] * 3 + ["b"] * 3
    assert found["F"].isna().all()
    assert found["note"].str.startswith("one seed").all()


def test_nothing_to_analyse() -> None:
    for nothing in (frame_of(BALANCED).iloc[:0], frame_of({key: [math.nan] for key in BALANCED})):
        assert anova(nothing).empty
        assert assumptions(nothing).empty
        assert pairs(nothing).empty


def test_tukey_of_two_volumes_is_the_t_test() -> None:
    found = pairs(frame_of({("a", 10): [1.0, 2, 3], ("a", 20): [2.0, 4, 6]}), metrics=["loss"])
    row, t = found.iloc[0], stats.ttest_ind([2.0, 4, 6], [1.0, 2, 3])
    assert (row["n_small"], row["n_large"], row["difference"]) == (10, 20, pytest.approx(2))
    assert row["p"] == pytest.approx(t.pvalue, rel=1e-6)
    assert (row["lower"], row["upper"]) == pytest.approx(tuple(t.confidence_interval(0.95)), rel=1e-6)
    assert not row["significant"]


def test_tukey_against_a_table_of_the_studentised_range() -> None:
    """Three groups of five, mean square 1: the interval's half width is q(0.95; 3, 12) / sqrt(5), q = 3.77 (tables)."""
    spread = np.array([-1.0, -1, 0, 1, 1])  # variance 1
    cells = {("a", n): list(mean + spread) for n, mean in ((10, 0.0), (20, 1.0), (30, 5.0))}
    found = pairs(frame_of(cells), metrics=["top1"])
    assert list(zip(found["n_small"], found["n_large"], strict=True)) == [(10, 20), (10, 30), (20, 30)]
    assert ((found["upper"] - found["lower"]) / 2).to_numpy() == pytest.approx(3.77 / math.sqrt(5), rel=2e-3)
    assert list(found["significant"]) == [False, True, True]
    assert found["difference"].to_numpy() == pytest.approx([1, 5, 4])


def test_tukey_with_one_seed_at_one_volume_compares_the_others() -> None:
    found = pairs(frame_of({("a", 10): [1.0, 2], ("a", 20): [5.0, 6], ("a", 30): [7.0]}), metrics=["top1"])
    assert list(found["p"].isna()) == [False, True, True]
    assert found["note"].iloc[1] == "one run at one of the two: no spread"


def test_tukey_says_why_there_is_none() -> None:
    found = pairs(frame_of({("a", 10): [1.0], ("a", 20): [5.0]}), metrics=["top1"])
    assert found["difference"].item() == 4
    assert found["note"].item().startswith("one run")
    assert pairs(frame_of({("a", 10): [1.0, 2]}), metrics=["top1"]).empty
