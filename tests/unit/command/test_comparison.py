"""A comparison as an object: which columns are taken, Holm over metrics, plain JSON, notes."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from datavolume.command.compare import compare
from datavolume.errors import UserError


def runs(seeds: int = 6) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [(n, a, s) for n in (100, 200, 400) for a in ("cnn", "mlp") for s in range(seeds)]
    frame = pd.DataFrame(rows, columns=["n", "architecture", "seed"])
    frame["accuracy"] = 0.2 * np.log(frame["n"]) + 0.1 * rng.normal(size=len(frame))
    return frame.assign(loss=rng.normal(size=len(frame)))


def test_columns_are_found() -> None:
    found = compare(runs().assign(subset=1, run=range(36)))
    assert (found.factors, found.metrics, found.seed) == (("n", "architecture"), ("accuracy", "loss"), "seed")
    renamed = compare(runs().rename(columns={"n": "images", "architecture": "kind"}).drop(columns="seed"))
    assert (renamed.factors, renamed.seed) == (("kind",), None)
    assert compare(runs().assign(value=1.0 * np.arange(36))).metrics == ("value",)


def test_seeds_are_blocks_and_independent_runs_stand_beside() -> None:
    anova = compare(runs()).tables["anova"]
    assert anova["method"].unique().tolist() == ["repeated measures", "independent runs"]
    assert compare(runs().drop(columns="seed")).tables["anova"]["method"].unique().tolist() == ["independent runs"]


def test_holm_is_over_the_metrics_of_one_term() -> None:
    anova = compare(runs()).tables["anova"].query("method == 'independent runs' and term == 'architecture'")
    p, adjusted = anova["p"].to_numpy(), anova["p_holm"].to_numpy()
    assert adjusted[p.argmin()] == pytest.approx(min(2 * p.min(), 1))
    assert adjusted[p.argmax()] == pytest.approx(max(p.max(), min(2 * p.min(), 1)))


def test_pairs_of_each_factor_at_each_level_of_the_other() -> None:
    pairs = compare(runs(), metrics=["accuracy"]).tables["pairs"]
    assert pairs.groupby(["factor", "where"], sort=False).size().to_dict() == {
        ("n", "architecture = cnn"): 3,
        ("n", "architecture = mlp"): 3,
        ("architecture", "n = 100"): 1,
        ("architecture", "n = 200"): 1,
        ("architecture", "n = 400"): 1,
    }


def test_json_is_plain_and_finite() -> None:
    found = compare(runs(1)).json()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["pairs"][0]["p"] is None


def test_sentences_name_what_was_found() -> None:
    lines = compare(runs()).lines()
    assert lines[0] == "accuracy: does it depend on n and architecture?"
    assert any(line.startswith("    n: F(2, 10) = ") and "p < 0.0001" in line for line in lines)
    assert any("n at architecture = cnn: no test (one run" in line for line in compare(runs(1)).lines())


def test_a_factor_of_one_level_is_left_out_and_said() -> None:
    found = compare(runs().query("architecture == 'cnn'"))
    assert found.factors == ("n",)
    assert "note: architecture has one level and was left out" in found.lines()


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        (runs().query("n == 100 and architecture == 'cnn'"), {}, "one level in the whole table"),
        (runs()[["seed", "accuracy"]], {}, "no column says what is compared"),
        (runs()[["n", "seed"]], {}, "no column of numbers is left"),
        (runs(), {"metrics": ["f1"]}, "'f1' is missing"),
        (runs(), {"factors": ["width"]}, "'width' is missing"),
        (runs(), {"seed": "start"}, "'start' is missing"),
        (runs(), {"level": 95}, "between 0 and 1"),
    ],
)
def test_mistakes_are_one_line(frame: pd.DataFrame, options: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        compare(frame, **options)
