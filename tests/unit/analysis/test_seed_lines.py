from __future__ import annotations

import math

import pandas as pd
import pytest
from scipy import stats

from datavolume.analysis.shown.seed_lines import anova_p, fit_of, jackknife_sd, regressions

pytestmark = pytest.mark.filterwarnings("error")

# Seed means 0.2, 0.4, 0.6 at 10, 100, 1000: 0.2 a factor of 10, from 0; the largest lies off that line
VALUES = pd.DataFrame(
    {
        "n": [10, 10, 100, 100, 1000, 1000, 10000, 10000],
        "seed": [0, 1] * 4,
        "value": [0.2, 0.2, 0.3, 0.5, 0.6, 0.6, 0.6, 0.6],
    }
)


def test_the_largest_size_is_left_out() -> None:
    assert fit_of(VALUES, "slope_without_largest") == pytest.approx(0.2)
    assert fit_of(VALUES, "intercept_without_largest") == pytest.approx(0.0)
    assert fit_of(VALUES, "r2_without_largest") == pytest.approx(1.0)
    assert fit_of(VALUES, "slope") == pytest.approx((3 * 0.4 + 0.2) / 10)
    assert fit_of(VALUES, "r2") == pytest.approx(0.14**2 * 5 / 0.11)  # slope^2 Sxx / Syy, Syy of 0.2 0.4 0.6 0.6


def test_p_is_of_the_runs() -> None:
    groups = [(0.2, 0.2), (0.3, 0.5), (0.6, 0.6), (0.6, 0.6)]
    assert anova_p(VALUES) == pytest.approx(stats.f_oneway(*groups).pvalue)
    assert math.isnan(anova_p(VALUES[VALUES["seed"] == 0]))
    assert math.isnan(anova_p(VALUES[VALUES["n"] != 100]))  # the seeds agree: nothing to compare with


def test_the_jackknife_leaves_out_a_seed_everywhere() -> None:
    """Slopes with one of the seeds: (3 * 0.4 + 0.3) / 10 and (3 * 0.4 + 0.1) / 10, half their distance is 0.01."""
    assert jackknife_sd(VALUES, "slope") == (pytest.approx(0.01), 2)
    assert math.isnan(jackknife_sd(VALUES[VALUES["seed"] == 0], "slope")[0])


def test_the_table_has_both_choices_of_sizes() -> None:
    frame = VALUES.rename(columns={"value": "top1"}).assign(network="cnn")
    table = regressions(frame, ["top1"], by="network")
    assert table[["network", "sizes_used", "sizes", "seeds"]].to_numpy().tolist() == [
        ["cnn", "all", 4, 2],
        ["cnn", "without the largest", 3, 2],
    ]
    assert table["slope"].tolist() == pytest.approx([0.14, 0.2])
    assert table["p"].iloc[1] == pytest.approx(stats.f_oneway((0.2, 0.2), (0.3, 0.5), (0.6, 0.6)).pvalue)
