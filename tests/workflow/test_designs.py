"""Designs that decide on the way, through Snakemake: what a dry run shows, what is trained, what an edit changes."""

from __future__ import annotations

import csv
import json
import re
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from projects import TUNED, make_project, run_snakemake

COLLECTED = "results/tuned/collected/metrics.parquet"


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A finished study; what the dry run before it told, and what the run did."""
    folder = make_project(tmp_path_factory.mktemp("tuned"))
    (folder / "config/studies/tuned.yaml").write_text(TUNED)
    dry = run(folder, "--dry-run")
    told = run(folder, COLLECTED)
    return folder, dry.stdout + dry.stderr, told.stderr


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    told = run_snakemake(folder, *words, "--config", "study=tuned")
    assert told.returncode == 0, told.stderr
    return told


def test_the_dry_run_says_what_is_still_to_be_decided(tuned: tuple[Path, str, str]) -> None:
    _, dry, _ = tuned
    assert re.search(r"^decide +2$", dry, re.MULTILINE)
    assert "Decide which recipe.learning_rate is best for dense; up to 4 runs follow" in dry
    assert "Decide which base is best for shifted; up to 4 runs follow" in dry
    assert "Left out, experiment masks: " in dry
    assert "data/masks" in dry


def test_later_stages_train_at_the_best_of_the_one_before(tuned: tuple[Path, str, str]) -> None:
    folder, _, _ = tuned
    decided = json.loads((folder / "results/tuned/decided/dense/recipe.learning_rate.json").read_text())
    assert decided["value"] == "0.01", "a rate of 0.00001 learns nothing in twelve updates"
    assert [score["runs"] for score in decided["scores"]] == [2, 2]
    points = pd.read_parquet(folder / "results/tuned/collected/points.parquet")
    places = points.groupby(["experiment", "stage"], sort=False)["run"].count()
    assert places.to_dict() == {
        ("dense", "recipe.learning_rate"): 4,
        ("dense", "recipe.batch_size"): 4,
        ("convolutions", ""): 2,
        ("shifted", "recipe.augmentation"): 4,
    }
    metrics = pd.read_parquet(folder / COLLECTED)
    assert metrics["run"].nunique() == points["run"].nunique() == 4 + 2 + 2 + 2, "14 places, 4 of them trained before"


def test_a_second_run_decides_nothing_again(tuned: tuple[Path, str, str]) -> None:
    folder, _, _ = tuned
    assert "Nothing to be done" in run(folder, COLLECTED).stderr


def test_one_more_value_trains_that_and_decides_again(tuned: tuple[Path, str, str]) -> None:
    folder, _, _ = tuned
    study = folder / "config/studies/tuned.yaml"
    trained = {path: path.stat().st_mtime_ns for path in (folder / "results/tuned/runs").rglob("metrics.csv")}
    study.write_text(TUNED.replace("[0.00001, 0.01]", "[0.00001, 0.01, 0.00002]"))
    told = run(folder, COLLECTED)
    assert re.search(r"\b1 train", told.stderr), told.stderr
    assert {path: path.stat().st_mtime_ns for path in trained} == trained
    with (folder / "results/tuned/plan.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 3 * 2 + 2
