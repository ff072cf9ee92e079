from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta as beta_distribution

from datavolume.training.feeding.augmentation import draws
from datavolume.training.feeding.augmentation.draws import appended_keys, beta, choices, entry_keys, uniforms

MANY = np.arange(20_000, dtype=np.uint64)


def test_words_are_those_of_the_published_splitmix64() -> None:
    words = draws._word(np.full(5, 1234567, dtype=np.uint64), np.arange(5, dtype=np.uint64))
    assert words.tolist() == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def test_the_draws_of_finished_runs_never_change() -> None:
    assert uniforms(np.arange(2, dtype=np.uint64), "flip", 2).tolist() == [
        [0.850695395558105, 0.1488461084895505],
        [0.8991294066801607, 0.8256321326521321],
    ]
    keys = entry_keys(0, np.array([0, 1]), np.array([5, 5]), np.array([0, 1]))
    assert keys.tolist() == [320284432010255592, 5190715020141732515]
    assert appended_keys(0, np.array([5])).tolist() == [3328497295472803289]


def test_a_draw_belongs_to_key_name_and_column_alone() -> None:
    table = uniforms(MANY[:100], "flip", 3)
    assert (uniforms(MANY[:100][::-1], "flip", 3) == table[::-1]).all()
    assert (uniforms(MANY[7:8], "flip", 1) == table[7:8, :1]).all()
    assert (uniforms(MANY[:100], "shift", 3) != table).all()


def test_each_argument_makes_another_key() -> None:
    grid = np.stack(np.meshgrid(np.arange(10), np.arange(10), np.arange(10)), axis=-1).reshape(-1, 3)
    keys = {key for seed in (0, 1) for key in entry_keys(seed, grid[:, 0], grid[:, 1], grid[:, 2]).tolist()} | set(
        appended_keys(0, np.arange(10)).tolist()
    )
    assert len(keys) == 2010


def test_neighbouring_keys_and_columns_draw_evenly_and_apart() -> None:
    table = uniforms(MANY, "any", 2)
    assert table.min() >= 0
    assert table.max() < 1
    assert np.abs(np.quantile(table, [0.1, 0.25, 0.5, 0.75, 0.9]) - [0.1, 0.25, 0.5, 0.75, 0.9]).max() < 0.01
    assert abs(np.corrcoef(table.T)[0, 1]) < 0.02
    assert abs(np.corrcoef(table[:-1, 0], table[1:, 0])[0, 1]) < 0.02


def test_choices_are_equally_likely() -> None:
    counts = np.bincount(choices(uniforms(MANY, "any", 1)[:, 0], 14), minlength=14)
    assert len(counts) == 14
    assert np.abs(counts / len(MANY) - 1 / 14).max() < 0.006
    assert choices(np.array([0.0, 1 - 2.0**-53]), 14).tolist() == [0, 13]


@pytest.mark.parametrize("alpha", [0.2, 1.0, 3.0])
def test_beta_draws_have_the_quantiles_of_the_distribution(alpha: float) -> None:
    drawn = beta(uniforms(MANY, "any", 1)[:, 0], alpha)
    shares = [0.1, 0.3, 0.5, 0.9]
    assert np.abs(beta_distribution(alpha, alpha).cdf(np.quantile(drawn, shares)) - shares).max() < 0.01
