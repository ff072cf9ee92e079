from __future__ import annotations

import math

import pandas as pd
import pytest

from datavolume.analysis.testing.requirement import gains, requirement

pytestmark = pytest.mark.filterwarnings("error")

T4 = 2.1318467863266499  # t(0.95, 4), tables


def frame_of(cells: dict[int, list[float]], *, architecture: str = "cnn", full: int = 1000) -> pd.DataFrame:
    """n -> top-1 of seeds 0, 1, ..."""
    rows = [
        {"architecture": architecture, "n": n, "fraction": n / full, "seed": seed, "subset_seed": 0, "last_top1": value}
        for n, values in cells.items()
        for seed, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


FULL = [0.90, 0.92, 0.94, 0.96, 0.98]


def test_shortfall_is_paired_by_seed() -> None:
    """Seeds differ by 0.08, but each loses 0.002 to 0.006 at 500: the pairs see it, means alone would not."""
    loss = [0.002, 0.003, 0.004, 0.005, 0.006]
    half = [value - less for value, less in zip(FULL, loss, strict=True)]
    table = requirement(frame_of({500: half, 1000: FULL}), margin=0.01).set_index("n")
    sd = math.sqrt(2.5e-6)  # of 0.002 ... 0.006
    assert table.loc[500, "shortfall"] == pytest.approx(0.004)
    assert table.loc[500, "shortfall_upper"] == pytest.approx(0.004 + T4 * sd / math.sqrt(5))
    assert table.loc[500, "shortfall_lower"] == pytest.approx(0.004 - T4 * sd / math.sqrt(5))
    assert table.loc[500, "required"]
    assert not table.loc[1000, "required"]
    assert table.loc[500, "share"] == 0.5


def test_two_seeds_that_agree_by_chance_prove_nothing() -> None:
    """Both lose 2 of 400 held-out images: the spread is taken as one image, 0.0025, and t(0.95, 1) is 6.31."""
    frame = frame_of({500: [0.90, 0.92], 1000: [0.905, 0.925]}).assign(n_validation=400)
    table = requirement(frame, margin=0.01).set_index("n")
    assert table.loc[500, "shortfall_upper"] == pytest.approx(0.005 + 6.313751514675043 * 0.0025 / math.sqrt(2))
    assert not table.loc[500, "required"]


def test_every_larger_volume_must_be_enough_too() -> None:
    same, far = [value - 0.001 for value in FULL], [value - 0.05 for value in FULL]
    table = requirement(frame_of({100: same, 200: far, 500: same, 1000: FULL}), margin=0.01).set_index("n")
    assert list(table["enough"]) == [True, False, True, True]
    assert list(table.index[table["required"]]) == [500]


def test_more_data_still_helps() -> None:
    table = requirement(frame_of({500: [value - 0.05 for value in FULL], 1000: FULL}), margin=0.01)
    assert list(table["required"]) == [False, True]
    assert table["note"].iloc[-1].startswith("more data still helps")


def test_noise_is_not_taken_for_a_need_of_more_data() -> None:
    mixed = [value + change for value, change in zip(FULL, [0.03, -0.03, 0.03, -0.03, -0.01], strict=True)]
    table = requirement(frame_of({500: mixed, 1000: FULL}), margin=0.01)
    assert list(table["required"]) == [False, True]
    assert table["note"].iloc[-1].startswith("undecided")


def test_one_seed_is_a_point_estimate() -> None:
    table = requirement(frame_of({100: [0.8], 500: [0.895], 1000: [0.9]}), margin=0.01)
    assert list(table["required"]) == [False, True, False]
    assert table["shortfall_upper"].iloc[1] != table["shortfall_upper"].iloc[1]  # NaN
    assert table["note"].iloc[1] == "one training: a point estimate"


def test_seeds_are_paired_where_both_have_them() -> None:
    frame = frame_of({500: [0.5, 0.88], 1000: [0.9, 0.9]})
    frame = frame[~((frame["n"] == 500) & (frame["seed"] == 0))]
    table = requirement(frame, margin=0.05)
    assert table["pairs"].iloc[0] == 1
    assert table["shortfall"].iloc[0] == pytest.approx(0.02)


def test_without_seeds_in_common_volumes_are_compared_as_independent_samples() -> None:
    """Welch: means 0.90 and 0.91, variances 0.0002 each of two: se = sqrt(0.0002), 2 degrees of freedom."""
    frame = frame_of({500: [0.89, 0.91], 1000: [0.90, 0.92]})
    frame.loc[frame["n"] == 500, "seed"] += 7
    table = requirement(frame, margin=0.05)
    assert table["pairs"].iloc[0] == 0
    assert table["shortfall_upper"].iloc[0] == pytest.approx(0.01 + 2.919985580353726 * math.sqrt(0.0002))  # t(0.95, 2)


def test_one_training_of_five_volumes_has_bounds() -> None:
    """The scatter about a fitted curve stands for that of seeds."""
    cells = {n: [0.95 - 2 * n**-0.7] for n in (100, 200, 400, 800, 1600)}
    cells[400][0] += 0.002
    table = requirement(frame_of(cells, full=1600), margin=0.02)
    assert table["shortfall_upper"].notna().all()
    assert (table["shortfall_upper"] > table["shortfall"]).iloc[:-1].all()


def test_subsets_of_one_size_are_replicates() -> None:
    other = frame_of({500: [0.80], 1000: [0.9]}).assign(subset_seed=1)
    table = requirement(pd.concat([frame_of({500: [0.88], 1000: [0.9]}), other]), margin=0.01)
    assert table["pairs"].iloc[0] == 2
    assert table["shortfall"].iloc[0] == pytest.approx(0.06)


def test_architectures_are_answered_apart() -> None:
    flat = frame_of({500: FULL, 1000: FULL}, architecture="flat")
    steep = frame_of({500: [value - 0.1 for value in FULL], 1000: FULL}, architecture="steep")
    table = requirement(pd.concat([flat, steep]), margin=0.01)
    assert table[table["required"]].set_index("architecture")["n"].to_dict() == {"flat": 500, "steep": 1000}


def test_loss_counts_downwards() -> None:
    frame = frame_of({500: FULL, 1000: FULL}).rename(columns={"last_top1": "last_loss"})
    frame.loc[frame["n"] == 500, "last_loss"] += 0.3
    table = requirement(frame, margin=0.01, metric="loss")
    assert table["shortfall"].iloc[0] == pytest.approx(0.3)
    assert not table["enough"].iloc[0]


def test_gain_of_each_doubling() -> None:
    """100 to 400 is two doublings; the second step is 0.04 with one seed and 0.06 with the other."""
    found = gains(frame_of({100: [0.6, 0.7], 400: [0.8, 0.9], 800: [0.84, 0.96]}))
    assert found["gain"].to_numpy() == pytest.approx([0.1, 0.05])
    assert found["lower"].to_numpy() == pytest.approx([0.1, 0.05 - 12.706204736432095 * 0.01])  # t(0.975, 1)
