"""`datavolume forecast`: tables, JSON, figures, and what it starts with."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from datavolume.command.forecasted import sizes_of
from datavolume.command.plotting import label, ticks


def test_json_has_exactly_these_keys(call: Any, curve: Path) -> None:
    said = call("forecast", curve, "--to", "6400", "--to", "10000,20000.5", "--kind", "accuracy", "--json")
    found = json.loads(said.out)
    assert said.code == 0
    assert list(found) == ["forecast", "level", "weights", "warnings"]
    assert [row["n"] for row in found["forecast"]] == [6400, 10000, 20000.5]
    assert isinstance(found["forecast"][0]["n"], int)
    assert all(list(row) == ["n", "median", "lower", "upper"] for row in found["forecast"])
    assert all(0 <= row["lower"] <= row["median"] <= row["upper"] <= 1 for row in found["forecast"])
    assert found["level"] == 0.9
    assert sum(found["weights"].values()) == pytest.approx(1)


def test_the_forecast_is_near_the_true_curve(call: Any, curve: Path) -> None:
    (row,) = json.loads(call("forecast", curve, "--to", "12800", "--json").out)["forecast"]
    assert row["lower"] < 1 - 2 * 12800**-0.4 < row["upper"]
    assert row["median"] == pytest.approx(1 - 2 * 12800**-0.4, abs=0.01)


def test_a_wider_level_has_a_wider_interval(call: Any, curve: Path) -> None:
    def width(level: str) -> float:
        (row,) = json.loads(call("forecast", curve, "--to", "6400", "--level", level, "--json").out)["forecast"]
        return float(row["upper"] - row["lower"])

    assert width("0.5") < width("0.9") < width("0.99")


def test_the_table_names_each_size(call: Any, curve: Path) -> None:
    out = call("forecast", curve, "--to", "20000").out
    assert "18 values of accuracy at 6 sizes from 100 to 3,200" in out
    assert "20,000" in out
    assert "90 % lower" in out


def test_without_sizes_multiples_of_the_largest(call: Any, curve: Path) -> None:
    found = json.loads(call("forecast", curve, "--json").out)
    assert [row["n"] for row in found["forecast"]] == [6400, 12800, 32000]


def test_standard_input(call: Any, curve: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(curve.read_bytes())))
    assert call("forecast", "-", "--json").out == call("forecast", curve, "--json").out


def test_a_target_and_a_margin(call: Any, curve: Path) -> None:
    said = call("forecast", curve, "--target", "0.9", "--margin", "0.02")
    assert "0.9 is reached with some" in said.out
    assert "Within 0.02 of the value at 3,200" in said.out
    found = json.loads(call("forecast", curve, "--target", "0.9", "--margin", "0.02", "--json").out)
    assert found["target"]["lower"] <= (2 / 0.1) ** 2.5 <= found["target"]["upper"]
    true = (3200**-0.4 + 0.01) ** -2.5
    assert found["requirement"]["lower"] <= true <= found["requirement"]["upper"]


def test_what_is_out_of_reach_is_null_in_json(call: Any, curve: Path) -> None:
    assert json.loads(call("forecast", curve, "--target", "1", "--json").out)["target"]["n"] is None


@pytest.mark.parametrize(
    ("values", "kind"),
    [((0.2, 0.5, 0.7, 0.8), "accuracy"), ((0.8, 0.5, 0.3, 0.2), "error"), ((2.8, 1.5, 1.3, 1.2), "loss")],
)
def test_the_kind_is_told_by_the_values(call: Any, tmp_path: Path, values: tuple[float, ...], kind: str) -> None:
    file = tmp_path / "c.csv"
    file.write_text("n,value\n" + "".join(f"{100 * 2**k},{value}\n" for k, value in enumerate(values)))
    assert f"4 values of {kind} at 4 sizes" in call("forecast", file).out


def test_a_flat_curve_of_no_kind_is_doubted(call: Any, tmp_path: Path) -> None:
    file = tmp_path / "c.csv"
    file.write_text("n,value\n1,0.5\n2,0.5\n3,0.5\n4,0.5\n")
    assert "no --kind given" in call("forecast", file).out


def test_other_separators_columns_and_cases(call: Any, curve: Path) -> None:
    text = curve.read_text()
    expected = call("forecast", curve, "--json").out
    wide = "\n".join(f"{line};x" for line in text.replace(",", ";").splitlines())
    curve.write_text("\ufeff" + wide.replace("n;value;seed;x", "N; Value ;seed;note") + "\n\n")
    assert call("forecast", curve, "--json").out == expected


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_a_figure_by_its_suffix(call: Any, curve: Path, tmp_path: Path, suffix: str) -> None:
    start = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[suffix]
    first, again = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    for file in (first, again):
        assert call("forecast", curve, "--to", "20000", "--target", "0.99", "--plot", file).code == 0
    assert first.read_bytes().startswith(start)
    assert first.read_bytes() == again.read_bytes()


def test_a_figure_beside_json_prints_json_only(call: Any, curve: Path, tmp_path: Path) -> None:
    assert json.loads(call("forecast", curve, "--json", "--plot", tmp_path / "a.svg").out)["level"] == 0.9


def test_sizes_as_they_are_typed() -> None:
    assert sizes_of(("20000", "2e4, 5", "10x"), 300.0) == [20000, 5, 3000]


def test_ticks_are_round_and_few() -> None:
    assert ticks(70, 1438) == [100, 200, 500, 1000]
    assert ticks(100, 2e7) == [100, 1000, 10_000, 100_000, 1e6, 1e7]
    assert len(ticks(1, 1e12)) <= 7
    assert ticks(610, 690) == [610, 690]
    assert [label(n) for n in (5, 20_000, 5e6, 2e9)] == ["5", "20,000", "5M", "2B"]


def test_it_imports_neither_workflow_nor_networks(curve: Path) -> None:
    script = (
        "import sys; from datavolume.__main__ import main; print('numpy' in sys.modules); "
        f"main(['forecast', {str(curve)!r}, '--json']); "
        "print([m for m in ('torch', 'snakemake', 'matplotlib', 'statsmodels', 'rich.table') if m in sys.modules])"
    )
    lines = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert (lines[0], lines[-1]) == ("False", "[]")
