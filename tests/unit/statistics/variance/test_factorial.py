"""Several factors: by hand, and against statsmodels' formulas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

from datavolume.errors import UserError
from datavolume.statistics.variance import factorial


def grid(*, holes: int = 0, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = [(n, a, s) for n in (100, 200, 400, 800) for a in ("cnn", "mlp", "vit") for s in range(4)]
    frame = pd.DataFrame(rows, columns=["n", "architecture", "seed"])
    frame["top1"] = 0.2 * np.log(frame["n"]) + rng.normal(size=len(frame))
    return frame.drop(index=rng.choice(len(frame), holes, replace=False))


def test_by_hand() -> None:
    """Cells of two: 0 2 | 2 4 // 4 6 | 14 16: means 1, 3, 5, 15; rows 2 and 10, columns 3 and 9, grand mean 6."""
    frame = pd.DataFrame({"n": [1, 1, 1, 1, 2, 2, 2, 2], "a": list("xxyyxxyy"), "v": [0.0, 2, 2, 4, 4, 6, 14, 16]})
    table = factorial(frame, "v", ["n", "a"]).set_index("term")
    assert table["sum_sq"].to_dict() == pytest.approx({"n": 128, "a": 72, "n:a": 32, "residual": 8})
    assert table["df"].to_dict() == {"n": 1, "a": 1, "n:a": 1, "residual": 4}
    assert table.loc["n", "F"] == pytest.approx(64)
    assert table.loc["n", "partial_eta2"] == pytest.approx(128 / 136)
    assert table.loc["n", "partial_omega2"] == pytest.approx((128 - 2) / (128 + (8 - 1) * 2))


@pytest.mark.parametrize("kind", [2, 3])
@pytest.mark.parametrize("holes", [0, 9])
def test_as_statsmodels(kind: int, holes: int) -> None:
    frame = grid(holes=holes)
    fit = smf.ols("top1 ~ C(n, Sum) * C(architecture, Sum)", frame).fit()
    expected = sm.stats.anova_lm(fit, typ=kind).drop(index="Intercept", errors="ignore")
    table = factorial(frame, "top1", ["n", "architecture"], kind=kind)
    assert table["term"].tolist() == ["n", "architecture", "n:architecture", "residual"]
    assert table["sum_sq"].to_numpy() == pytest.approx(expected["sum_sq"].to_numpy())
    assert table["p"].to_numpy()[:3] == pytest.approx(expected["PR(>F)"].to_numpy()[:3])


def test_three_factors_have_seven_terms() -> None:
    frame = grid().assign(split=lambda rows: rows["seed"] % 2)
    table = factorial(frame, "top1", ["n", "architecture", "split"])
    assert table["term"].tolist()[:7] == [
        *("n", "architecture", "split", "n:architecture", "n:split", "architecture:split", "n:architecture:split")
    ]
    assert table["df"].sum() == len(frame) - 1


def test_an_empty_cell_leaves_the_main_effects() -> None:
    frame = grid().query("not (n == 800 and architecture == 'vit')")
    table = factorial(frame, "top1", ["n", "architecture"])
    assert table["term"].tolist() == ["n", "architecture", "residual"]
    assert table["note"].iloc[0] == "no interaction of n and architecture: 1 of 12 combinations have no run"


def test_one_run_a_cell_leaves_the_interaction_as_residual() -> None:
    table = factorial(grid().query("seed == 0"), "top1", ["n", "architecture"])
    assert table["df"].tolist() == [3, 2, 6]
    assert "too few runs" in table["note"].iloc[0]


def test_no_answer_says_why() -> None:
    assert (
        factorial(grid().query("n == 100"), "top1", ["n", "architecture"])["note"].item().startswith("one level of n")
    )
    flat = grid().assign(top1=lambda rows: rows["n"].astype(float))
    assert factorial(flat, "top1", ["n", "architecture"])["p"].isna().all()
    with pytest.raises(UserError, match="type 4"):
        factorial(grid(), "top1", ["n"], kind=4)
    with pytest.raises(UserError, match="always change together"):
        factorial(grid().assign(b=lambda rows: rows["n"] * 2), "top1", ["n", "b"])
