"""Against certified values (NIST StRD SiRstv), a balanced table worked out by hand, and inputs that allow no test."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from datavolume.analysis.testing.anova import one_way, two_way
from datavolume.analysis.testing.tukey import tukey

pytestmark = pytest.mark.filterwarnings("error")

# NIST Statistical Reference Datasets, one-way ANOVA, SiRstv: five instruments, five values each
SIRSTV = [
    [196.3052, 196.1240, 196.1890, 196.2569, 196.3403],
    [196.3042, 196.3825, 196.1669, 196.3257, 196.0422],
    [196.1303, 196.2005, 196.2889, 196.0343, 196.1811],
    [196.2795, 196.1748, 196.1494, 196.1485, 195.9885],
    [196.2119, 196.1051, 196.1850, 196.0052, 196.2090],
]


def frame_of(cells: dict[tuple[str, int], list[float]]) -> pd.DataFrame:
    """architecture, n -> top-1 of its seeds; loss and macro F1 are the same."""
    rows = [
        {"architecture": architecture, "n": n, "last_top1": value, "last_macro_f1": value, "last_loss": value}
        for (architecture, n), values in cells.items()
        for value in values
    ]
    return pd.DataFrame(rows)


def test_certified_one_way() -> None:
    frame = frame_of({("cnn", 10 * (i + 1)): values for i, values in enumerate(SIRSTV)})
    row = one_way(frame, metrics=["top1"]).iloc[0]
    assert (row["df_between"], row["df_within"]) == (4, 20)
    assert row["sum_sq_between"] == pytest.approx(5.11462616000000e-02, rel=1e-9)
    assert row["sum_sq_within"] == pytest.approx(2.16636560000000e-01, rel=1e-9)
    assert row["F"] == pytest.approx(1.18046237440255, rel=1e-9)
    assert row["eta2"] == pytest.approx(1.90999039051129e-01, rel=1e-9)  # certified as R squared
    assert row["p"] == pytest.approx(stats.f.sf(1.18046237440255, 4, 20), rel=1e-8)


def test_one_way_effects_by_hand() -> None:
    """Groups (1, 3) and (5, 7): between 16 with 1 degree of freedom, within 4 with 2, mean square 2."""
    row = one_way(frame_of({("cnn", 1): [1, 3], ("cnn", 2): [5, 7]}), metrics=["loss"]).iloc[0]
    assert row["F"] == pytest.approx(8)
    assert row["eta2"] == pytest.approx(16 / 20)
    assert row["omega2"] == pytest.approx((16 - 2) / (20 + 2))


# 2 x 2 cells of two values: means 2, 4 (a) and 6, 12 (b); each cell spreads by -1, +1
BALANCED = {("a", 10): [1.0, 3], ("a", 20): [3.0, 5], ("b", 10): [5.0, 7], ("b", 20): [11.0, 13]}


@pytest.mark.parametrize("kind", [2, 3])
def test_balanced_two_way_by_hand(kind: int) -> None:
    """Grand mean 6. Volume means 4, 8: 4 (4 + 4) = 32. Architecture means 3, 9: 4 (9 + 9) = 72.
    Interaction residues of the cell means +-1: 8. Residual 8 x 1 = 8 with 4 degrees of freedom. Total 120."""
    table = two_way(frame_of(BALANCED), metrics=["top1"], kind=kind).set_index("term")
    assert list(table.index) == ["volume", "architecture", "volume:architecture", "residual"]
    assert table["sum_sq"].to_numpy() == pytest.approx([32, 72, 8, 8])
    assert list(table["df"]) == [1, 1, 1, 4]
    assert table["F"].to_numpy()[:3] == pytest.approx([16, 36, 4])
    assert table.loc["volume", "p"] == pytest.approx(stats.f.sf(16, 1, 4))
    assert table["partial_eta2"].to_numpy()[:3] == pytest.approx([32 / 40, 72 / 80, 8 / 16])
    assert table["omega2"].to_numpy()[:3] == pytest.approx([30 / 122, 70 / 122, 6 / 122])
    assert math.isnan(table.loc["residual", "F"])
    assert math.isnan(table.loc["residual", "omega2"])


def test_type_two_of_unequal_cells_adjusts_each_main_effect_for_the_other() -> None:
    """The sum of squares of volume is the drop of the residual when volume joins architecture."""
    cells = {**BALANCED, ("a", 10): [1.0, 3, 2.5]}
    frame = frame_of(cells)
    y, a = frame["last_top1"].to_numpy(), (frame["architecture"] == "b").to_numpy(dtype=float)
    n = (frame["n"] == 20).to_numpy(dtype=float)
    one = np.ones_like(y)

    def residual(*columns: np.ndarray) -> float:
        design = np.column_stack(columns)
        return float(((y - design @ np.linalg.lstsq(design, y, rcond=None)[0]) ** 2).sum())

    table = two_way(frame, metrics=["top1"]).set_index("term")
    assert table.loc["volume", "sum_sq"] == pytest.approx(residual(one, a) - residual(one, a, n))
    assert table.loc["architecture", "sum_sq"] == pytest.approx(residual(one, n) - residual(one, a, n))


def test_a_volume_of_one_architecture_only_is_left_out_and_said() -> None:
    table = two_way(frame_of({**BALANCED, ("a", 40): [7.0, 8]}), metrics=["top1"])
    assert table["note"].unique().tolist() == ["without n = 40: not trained with every architecture"]
    assert table.set_index("term")["sum_sq"].to_numpy() == pytest.approx([32, 72, 8, 8])


@pytest.mark.parametrize(
    ("cells", "note"),
    [
        ({("a", 10): [1.0, 3], ("a", 20): [3.0, 5]}, "one architecture: nothing to compare"),
        ({("a", 10): [1.0, 3], ("b", 10): [3.0, 5]}, "one data volume: nothing to compare"),
        ({("a", 10): [1.0, 3], ("b", 20): [3.0, 5]}, "no values"),
        ({key: values[:1] for key, values in BALANCED.items()}, "one seed: no spread between seeds to compare"),
        ({key: [1.0, 1] for key in BALANCED}, "all seeds agree exactly: no spread"),
        ({key: [math.nan] for key in BALANCED}, "no values"),
    ],
)
def test_no_two_way(cells: dict[tuple[str, int], list[float]], note: str) -> None:
    row = two_way(frame_of(cells), metrics=["top1"]).iloc[0]
    assert row["note"].startswith(note)
    assert math.isnan(row["F"])


def test_no_one_way_with_one_seed() -> None:
    found = one_way(frame_of({key: values[:1] for key, values in BALANCED.items()}))
    assert len(found) == 2 * 3
    assert found["F"].isna().all()
    assert found["note"].str.startswith("one seed").all()


def test_tukey_of_two_volumes_is_the_t_test() -> None:
    found = tukey(frame_of({("a", 10): [1.0, 2, 3], ("a", 20): [2.0, 4, 6]}), metrics=["loss"])
    row, t = found.iloc[0], stats.ttest_ind([2.0, 4, 6], [1.0, 2, 3])
    assert (row["n_small"], row["n_large"], row["difference"]) == (10, 20, pytest.approx(2))
    assert row["p"] == pytest.approx(t.pvalue, rel=1e-6)
    assert (row["lower"], row["upper"]) == pytest.approx(tuple(t.confidence_interval(0.95)), rel=1e-6)
    assert not row["significant"]


def test_tukey_against_a_table_of_the_studentised_range() -> None:
    """Three groups of five, mean square 1: the interval's half width is q(0.95; 3, 12) / sqrt(5), q = 3.77 (tables)."""
    spread = np.array([-1.0, -1, 0, 1, 1])  # variance 1
    cells = {("a", n): list(mean + spread) for n, mean in ((10, 0.0), (20, 1.0), (30, 5.0))}
    found = tukey(frame_of(cells), metrics=["top1"])
    assert list(zip(found["n_small"], found["n_large"], strict=True)) == [(10, 20), (10, 30), (20, 30)]
    assert ((found["upper"] - found["lower"]) / 2).to_numpy() == pytest.approx(3.77 / math.sqrt(5), rel=2e-3)
    assert list(found["significant"]) == [False, True, True]
    assert found["difference"].to_numpy() == pytest.approx([1, 5, 4])


def test_tukey_with_one_seed_at_one_volume_compares_the_others() -> None:
    found = tukey(frame_of({("a", 10): [1.0, 2], ("a", 20): [5.0, 6], ("a", 30): [7.0]}), metrics=["top1"])
    assert list(found["p"].isna()) == [False, True, True]
    assert found["note"].iloc[1] == "one seed at one of the two: no spread"


def test_tukey_says_why_there_is_none() -> None:
    found = tukey(frame_of({("a", 10): [1.0], ("a", 20): [5.0]}), metrics=["top1"])
    assert found["difference"].item() == 4
    assert found["note"].item().startswith("one seed")
    assert tukey(frame_of({("a", 10): [1.0, 2]}), metrics=["top1"]).empty
