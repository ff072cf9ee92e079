"""The data behind the report's table of runs."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from datavolume.artefacts.report.runs import RunTable, run_table

ROW = {
    "configuration": "a",
    "network": "cnn",
    "dataset": "digits",
    "fraction": 0.125,
    "n": 179,
    "subset_seed": 0,
    "last_top1": 0.91234,
    "best_top1": 0.92,
    "last_top5": 0.99,
    "last_loss": 0.123456,
    "last_train_top1": 1.0,
    "parameters": 9000,
    "updates": 100,
    "seconds": 12.34,
}
SUMMARY = pd.DataFrame([{**ROW, "run": f"a{i}", "seed": i, "last_loss": 0.123456 / (i + 1)} for i in range(3)])
POINTS = pd.DataFrame(
    [
        ("volume", "", "", "a0"),
        ("ablation", "recipe.batch_size", "32", "a0"),
        ("ablation", "recipe.weight_decay", "0.1", "a0"),
        ("ablation", "recipe.batch_size", "64", "a1"),
    ],
    columns=["experiment", "stage", "value", "run"],
)
ENVIRONMENTS = [
    {"configuration": "a", "seeds": [0, 1], "device": "NVIDIA <A100>", "hostname": "node1"},
    {"configuration": "b", "seeds": [2], "device": "other", "hostname": "node2"},
]


def columns(table: RunTable) -> dict[str, list[Any]]:
    """Heading -> what a person reads, before numbers are formatted."""
    return {column["head"]: values_of(column) for column in json.loads(table.payload)["columns"]}


def values_of(column: dict[str, Any]) -> list[Any]:
    return [column["levels"][code] for code in column["values"]] if "levels" in column else column["values"]


def test_words_and_numbers_of_each_run() -> None:
    shown = columns(run_table(SUMMARY, POINTS, ENVIRONMENTS))
    assert shown["Run"] == ["a0", "a1", "a2"]
    assert shown["Experiments"] == ["volume, ablation", "ablation", ""]
    assert shown["Value"] == ["batch_size 32, weight_decay 0.1", "batch_size 64", ""]
    assert shown["Top-1 (%)"] == [91.23, 91.23, 91.23]
    assert shown["Loss"] == [0.1235, 0.0617, 0.0412]
    assert shown["Seconds"] == [12.3, 12.3, 12.3]
    assert shown["Seed"] == [0, 1, 2]
    assert shown["Device"] == ["NVIDIA <A100>", "NVIDIA <A100>", ""]


def test_what_is_the_same_for_all_is_said_once() -> None:
    table = run_table(SUMMARY, POINTS, ENVIRONMENTS)
    assert ("Data", "digits") in table.constant
    assert ("Parameters", "9,000") in table.constant
    assert ("Share", "12.5 %") in table.constant
    assert not {head for head, _ in table.constant} & set(columns(table))
    assert table.runs == 3


def test_one_run_keeps_all_its_columns() -> None:
    table = run_table(SUMMARY.iloc[:1], POINTS, ENVIRONMENTS)
    assert table.constant == []
    assert columns(table)["Data"] == ["digits"]


def test_what_nobody_knows_is_no_column() -> None:
    shown = columns(run_table(SUMMARY.assign(fraction=float("nan")), pd.DataFrame(), []))
    assert not {"Experiments", "Value", "Share", "Device", "Machine"} & set(shown)


def test_a_missing_number_is_null() -> None:
    shown = columns(run_table(SUMMARY.assign(last_loss=[0.5, float("nan"), float("inf")]), POINTS, ENVIRONMENTS))
    assert shown["Loss"] == [0.5, None, None]


def test_nothing_in_the_payload_ends_a_script_element() -> None:
    assert "<" not in run_table(SUMMARY, POINTS, ENVIRONMENTS).payload


def test_ten_thousand_runs_stay_small() -> None:
    many = pd.concat([SUMMARY] * 3334, ignore_index=True).iloc[:10_000]
    named = many.assign(run=[f"resnet18-f0.125-bs32-s{i}-0123456789" for i in range(10_000)], seed=range(10_000))
    payload = run_table(named, POINTS, ENVIRONMENTS).payload
    assert len(payload) < 1_500_000
    assert payload.count('"resnet18-f0.125-bs32-s9999-0123456789"') == 1


@pytest.mark.parametrize("network", ["network", "architecture"])
def test_frames_of_before_name_the_network_architecture(network: str) -> None:
    frame = SUMMARY.rename(columns={"network": network})
    assert columns(run_table(frame, POINTS, []))["Network"] == ["cnn"] * 3
