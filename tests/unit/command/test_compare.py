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
        (["--metric", "n"], "column 'n' cannot be what is compared and what it is compared by"),
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


def changed(runs: Path, line: int, old: str, new: str) -> Path:
    lines = runs.read_text().splitlines()
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new)
    runs.write_text("\n".join(lines) + "\n")
    return runs


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("0.5010", "abc", "line 2: accuracy is 'abc', which is no number"),
        ("0.5010", "50.1%", "line 2: accuracy is '50.1%', which is no number; write 0.931 for 93.1 %"),
        ("100,", "hundred,", "line 2: n is 'hundred', which is no number"),
    ],
)
def test_a_word_among_numbers_is_one_line(call: Any, runs: Path, old: str, new: str, text: str) -> None:
    said = call("compare", changed(runs, 2, old, new))
    assert (said.code, said.out) == (2, "")
    assert text in said.error


@pytest.mark.parametrize("missing", ["", "nan", "NA", "n/a", "inf"])
def test_a_missing_value_is_left_out_and_said(call: Any, runs: Path, missing: str) -> None:
    """The metric is not dropped for it."""
    said = call("compare", changed(runs, 2, "0.5010", missing))
    assert said.code == 0
    assert "accuracy: does it depend on n and architecture?" in said.out
    assert "1 of 12 rows are without a finite value and were left out" in said.out


def test_a_missing_size_leaves_the_others_whole(call: Any, runs: Path) -> None:
    assert "architecture at n = 200: " in call("compare", changed(runs, 2, "100,", ",")).out


def test_a_run_that_stands_twice_is_said(call: Any, runs: Path) -> None:
    runs.write_text(runs.read_text() + runs.read_text().splitlines()[1] + "\n")
    assert "runs of one seed in one cell are averaged" in call("compare", runs).out


def test_architectures_may_be_named_by_numbers(call: Any, runs: Path) -> None:
    runs.write_text(runs.read_text().replace(",a,", ",18,"))
    assert "architecture at n = 100" in call("compare", runs).out


def test_lists_and_a_row_a_level(call: Any, runs: Path, tmp_path: Path) -> None:
    found = json.loads(call("compare", runs, "--factor", "n, architecture", "--metric", "accuracy", "--json").out)
    assert found["factors"] == ["n", "architecture"]
    file = tmp_path / "single.csv"
    file.write_text("n,value\n" + "".join(f"{n},0.{n}\n" for n in range(10, 20)))
    assert "each level of n has one row" in call("compare", file).error


def test_welch_and_ranks_stand_beside_one_factor(call: Any, runs: Path) -> None:
    found = json.loads(call("compare", runs, "--factor", "n", "--json").out)
    assert [row["method"] for row in found["anova"]] == [
        "repeated measures", "independent runs", "Welch", "Kruskal-Wallis"
    ]  # fmt: skip
    assert [row["advised"] for row in found["anova"]] == [True, False, False, False]


def test_a_narrow_terminal_cuts_no_number(call: Any, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    assert "…" not in call("compare", runs, "--pairs").out


def test_a_column_without_a_name_is_no_metric(call: Any, runs: Path) -> None:
    """As pandas writes it."""
    header, *rows = runs.read_text().splitlines()
    runs.write_text("\n".join([f",{header},", *(f"{place},{row}," for place, row in enumerate(rows))]) + "\n")
    assert json.loads(call("compare", runs, "--json").out)["metrics"] == ["accuracy"]
