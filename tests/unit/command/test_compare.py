"""`datavolume compare`: analysis of variance and pairs of a CSV file of runs."""

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Accuracy depends on n, not on the network; three seeds."""
    file = tmp_path / "runs.csv"
    noise = iter([0.001, -0.002, 0.0, 0.002, -0.001, 0.001, 0.0, -0.001, 0.002, -0.002, 0.001, 0.0] * 2)
    rows = [
        f"{n},{network},{seed},{0.5 + 0.1 * k + next(noise):.4f}"
        for k, n in enumerate((100, 200))
        for network in ("a", "b")
        for seed in range(3)
    ]
    file.write_text("\n".join(["n,Architecture,seed,accuracy", *rows]) + "\n")
    return file


def test_what_matters_and_what_does_not(call: Any, runs: Path) -> None:
    said = call("compare", runs)
    assert said.code == 0
    assert "accuracy: means, 95 % intervals" in said.out
    found = json.loads(call("compare", runs, "--json").out)
    assert (found["factors"], found["metrics"], found["seed"]) == (["n", "architecture"], ["accuracy"], "seed")
    p = {row["term"]: row["p"] for row in found["anova"]}
    assert p["n"] < 0.001
    assert p["architecture"] > 0.1


def test_pairs_are_printed_when_asked_for(call: Any, runs: Path) -> None:
    assert "accuracy by n at architecture = a" in call("compare", runs, "--pairs").out
    assert "accuracy by n at architecture = a" not in call("compare", runs).out


def test_named_columns_in_any_case(call: Any, runs: Path) -> None:
    found = json.loads(call("compare", runs, "--factor", "N", "--metric", "Accuracy", "--seed", "Seed", "--json").out)
    assert found["factors"] == ["n"]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--metric", "nope"], "column 'nope' is missing; the table has n, architecture, seed, accuracy"),
        (["--factor", "nope"], "column 'nope' is missing"),
        (["--level", "95"], "--level: 95 is not allowed"),
    ],
)
def test_what_cannot_be_compared(call: Any, runs: Path, options: list[str], text: str) -> None:
    said = call("compare", runs, *options)
    assert (said.code, said.out) == (2, "")
    assert text in said.error


def test_a_table_without_rows(call: Any, tmp_path: Path) -> None:
    file = tmp_path / "runs.csv"
    file.write_text("n,accuracy\n")
    assert "has a header but no rows" in call("compare", file).error
