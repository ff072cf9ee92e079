"""The mixed model: exact where it is balanced, statsmodels' estimates, Kenward and Roger's formulas written out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from unit.statistics.truths import frame_of

from datavolume.statistics.variance.factorial import terms_of
from datavolume.statistics.variance.mixed import mixed
from datavolume.statistics.variance.moments import Array


def designed(frame: pd.DataFrame) -> tuple[Array, Array, Array]:
    terms = terms_of(frame, ["n", "architecture"])
    return terms.design(list(terms.columns)), frame["value"].to_numpy(), frame["seed"].to_numpy()


def grid(seeds: int = 6, between: float = 1.0, rng: int = 0) -> pd.DataFrame:
    generator = np.random.default_rng(rng)
    values = between * generator.normal(size=(seeds, 1, 1)) + generator.normal(size=(seeds, 4, 2))
    return frame_of(values, "seed", "n", "architecture")


def test_every_seed_in_every_cell_is_the_classical_f() -> None:
    """Of seeds as fixed blocks: 6 seeds x 8 cells leave 5 x 7 degrees of freedom."""
    X, y, seeds = designed(grid())
    blocks = (seeds[:, None] == np.arange(1, 6)).astype(float)
    fit = sm.OLS(y, np.hstack([X, blocks])).fit()
    for places in ([1, 2, 3], [4], [5, 6, 7]):
        expected = fit.f_test(np.eye(13)[places])
        f, df1, df2, p = mixed(X, y, seeds).test(np.eye(8)[places])
        assert (f, df1, df2) == (pytest.approx(float(expected.fvalue)), len(places), pytest.approx(35))
        assert p == pytest.approx(float(expected.pvalue))


def test_an_effect_between_seeds_is_the_t_test_of_their_means() -> None:
    """Two groups of four seeds with five runs each: what differs between seeds has 8 - 2 degrees of freedom."""
    rng = np.random.default_rng(3)
    values = rng.normal(size=(8, 1)) + 0.5 * rng.normal(size=(8, 5))
    group, seeds = np.repeat([0.0, 1.0], 20), np.repeat(np.arange(8), 5)
    f, _, df2, p = mixed(np.column_stack([np.ones(40), group]), values.ravel(), seeds).test([[0, 1]])
    expected = stats.ttest_ind(values[4:].mean(axis=1), values[:4].mean(axis=1))
    assert (f, df2, p) == (
        pytest.approx(expected.statistic**2, rel=1e-6), pytest.approx(6, rel=1e-6), pytest.approx(expected.pvalue)
    )  # fmt: skip


def test_variances_and_coefficients_as_statsmodels() -> None:
    X, y, seeds = designed(grid().drop(index=[3, 9, 17, 22, 40]))
    expected, found = sm.MixedLM(y, X, seeds).fit(reml=True), mixed(X, y, seeds)
    assert found.between == pytest.approx(float(expected.cov_re[0, 0]), rel=1e-4)
    assert found.within == pytest.approx(expected.scale, rel=1e-4)
    assert found.coefficients == pytest.approx(expected.fe_params, abs=1e-6)


def test_kenward_and_rogers_formulas_written_out() -> None:
    """With whole matrices V [n, n], from their paper: the adjusted covariance, and F's scale and degrees of freedom."""
    X, y, seeds = designed(grid().drop(index=[3, 9, 17, 22, 40]))
    found = mixed(X, y, seeds)
    own = (seeds[:, None] == seeds).astype(float)
    parts, inverse = [own, np.eye(y.size)], np.linalg.inv(found.between * own + found.within * np.eye(y.size))
    phi = np.linalg.inv(X.T @ inverse @ X)
    P = [-X.T @ inverse @ part @ inverse @ X for part in parts]
    Q = [[X.T @ inverse @ a @ inverse @ b @ inverse @ X for b in parts] for a in parts]
    fisher = np.zeros((2, 2))
    for i, j in np.ndindex(2, 2):
        whole = np.trace(inverse @ parts[i] @ inverse @ parts[j])
        fisher[i, j] = (whole - np.trace(2 * phi @ Q[i][j] - phi @ P[i] @ phi @ P[j])) / 2
    W = np.linalg.inv(fisher)
    more = sum(W[i, j] * (Q[i][j] - P[i] @ phi @ P[j]) for i, j in np.ndindex(2, 2))
    assert found.covariance == pytest.approx(phi + 2 * phi @ more @ phi)
    L = np.eye(8)[[1, 2, 3]]
    theta = L.T @ np.linalg.inv(L @ phi @ L.T) @ L
    m = [theta @ phi @ p @ phi for p in P]
    a1 = sum(W[i, j] * np.trace(m[i]) * np.trace(m[j]) for i, j in np.ndindex(2, 2))
    a2 = sum(W[i, j] * np.trace(m[i] @ m[j]) for i, j in np.ndindex(2, 2))
    b, g = (a1 + 6 * a2) / 6, (4 * a1 - 7 * a2) / (5 * a2)
    c1, c2, c3 = np.array([g, 3 - g, 5 - g]) / (9 + 2 * (1 - g))
    mean, variance = 1 / (1 - a2 / 3), 2 / 3 * (1 + c1 * b) / ((1 - c2 * b) ** 2 * (1 - c3 * b))
    df2 = 4 + 5 / (3 * variance / (2 * mean**2) - 1)
    wald = found.coefficients[1:4] @ np.linalg.solve(found.covariance[1:4, 1:4], found.coefficients[1:4]) / 3
    assert found.test(L)[:3] == (pytest.approx(wald * df2 / (mean * (df2 - 2))), 3, pytest.approx(df2))


@pytest.mark.parametrize("unit", [1e-4, 1.0, 100.0])
def test_the_unit_does_not_matter(unit: float) -> None:
    X, y, seeds = designed(grid().drop(index=[3, 9, 17]))
    assert mixed(X, unit * y, seeds).test(np.eye(8)[[1, 2, 3]]) == pytest.approx(
        mixed(X, y, seeds).test(np.eye(8)[1:4])
    )


def test_seeds_that_differ_less_than_by_chance_have_no_variance() -> None:
    frame = grid(between=0)
    frame["value"] -= frame.groupby("seed")["value"].transform("mean")
    assert mixed(*designed(frame.drop(index=[3, 9, 17]))).between == 0


def test_seeds_far_apart_leave_what_is_within_them() -> None:
    X, y, seeds = designed(grid().drop(index=[3, 9, 17]))
    found = mixed(X, y + 1e4 * seeds, seeds)
    blocks = (seeds[:, None] == np.arange(1, 6)).astype(float)
    expected = sm.OLS(y, np.hstack([X, blocks])).fit()
    f, _, df2, _ = found.test(np.eye(8)[1:4])
    assert df2 == pytest.approx(expected.df_resid, rel=1e-3)
    assert f == pytest.approx(float(expected.f_test(np.eye(13)[1:4]).fvalue), rel=1e-3)
