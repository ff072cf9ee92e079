from __future__ import annotations

import pandas as pd
import pytest

from datavolume.analysis.select import POINT_COLUMNS, select
from datavolume.errors import UserError

POINTS = pd.DataFrame(
    [
        ("ablation", "Ablation", "batch", "8", 0, "{}", "a"),
        ("ablation", "Ablation", "batch", "32", 1, "{}", "b"),
        ("ablation", "Ablation", "decay", "0", 0, "{}", "b"),
        ("volume", "Volume", "", "", 0, "{}", "c"),
    ],
    columns=list(POINT_COLUMNS),
)
SUMMARY = pd.DataFrame(
    {"run": ["a", "b", "c"], "network": ["mlp", "mlp", "cnn"], "fraction": [1.0, 1.0, 0.5], "size": [None] * 3}
)


def test_a_run_comes_once_for_each_of_its_places() -> None:
    rows = select(SUMMARY, POINTS, experiments="ablation")
    assert list(zip(rows["run"], rows["stage"], rows["value"], strict=True)) == [
        ("a", "batch", "8"), ("b", "batch", "32"), ("b", "decay", "0"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "runs"),
    [
        ({"stage": "batch"}, ["a", "b"]),
        ({"values": ["8", "32"], "experiments": ["ablation"]}, ["a", "b"]),
        ({"architectures": "cnn"}, ["c"]),
        ({"fractions": [0.5, 0.25]}, ["c"]),
        ({}, ["a", "b", "b", "c"]),
    ],
)
def test_rows_are_those_that_are_asked_for(asked: dict[str, object], runs: list[str]) -> None:
    assert select(SUMMARY, POINTS, **asked)["run"].tolist() == runs  # type: ignore[arg-type]


def test_nothing_left_is_one_line() -> None:
    with pytest.raises(UserError, match=r"no run of experiment volume, network mlp, fraction 0\.5, 1"):
        select(SUMMARY, POINTS, experiments="volume", architectures="mlp", fractions=[0.5, 1])
