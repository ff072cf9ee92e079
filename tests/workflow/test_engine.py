"""What the engine can do, through Snakemake: runs that start from others, phases, early stopping, image files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from projects import make_project, run_snakemake

STUDY = """
title: Engine
question: Does it work together?
seeds_per_job: 2
dataset: {name: digits}
recipe: {budget: {updates: 20}, evaluations: 2}
resources: {parallel_seeds: 2}
experiments:
  restarted:
    {architectures: [mlp], fractions: [0.5], seeds: 2, start: {experiment: first, at: 0.5}}
  first: {architectures: [mlp], fractions: [0.5], seeds: 2}
  phases:
    architectures: [mlp]
    fractions: [0.5]
    seeds: 1
    recipe:
      phases:
        - {fraction: 0.2, batch_size: 16, budget: {epochs: 1}}
        - {fraction: 0.5, budget: {updates: 5}}
  stopped:
    architectures: [mlp]
    fractions: [0.5]
    seeds: 1
    dataset: {tuning: 0.2}
    recipe: {evaluations: 10, early_stopping: {patience: 2, min_delta: 9}}
  photographs:
    architectures: [small_cnn]
    fractions: [0.5]
    seeds: 1
    dataset: {name: folder, path: photographs, image_size: 16, store: jpeg}
    recipe: {tier: fast, augmentation: {crop: random_resized, flip: 0.5, mixup: 0.2}}
    resources: {workers: 1, parallel_seeds: 1}
"""


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The project, trained and collected, and what was said."""
    folder = make_project(tmp_path_factory.mktemp("engine"))
    (folder / "config/studies/engine.yaml").write_text(STUDY)
    for number in range(40):
        pixels = np.random.default_rng(number).integers(0, 128, (30, 40, 3)) + 100 * (number % 2)
        file = folder / f"photographs/class{number % 2}/{number}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(file)
    told = run_snakemake(folder, "--config", "study=engine", "--", "results/engine/collected/summary.parquet")
    assert told.returncode == 0, told.stderr
    return folder, told.stdout + told.stderr


def metrics_of(folder: Path, experiment: str) -> pd.DataFrame:
    frame = pd.read_parquet(folder / "results/engine/collected/metrics.parquet")
    return frame[frame["experiments"] == experiment]


def test_a_run_waits_for_the_one_that_it_starts_from_and_ends_as_it_did(collected: tuple[Path, str]) -> None:
    folder, _ = collected
    ends = {
        name: metrics_of(folder, name).query("update == 20").sort_values(["seed", "split"])["loss"].to_list()
        for name in ("first", "restarted")
    }
    assert len(ends["first"]) == 4
    assert ends["first"] == ends["restarted"]


def test_phases_have_subsets_of_their_own(collected: tuple[Path, str]) -> None:
    folder, _ = collected
    rows = metrics_of(folder, "phases")
    assert sorted(set(rows["phase"])) == [0, 1]
    subsets = sorted(path.stem for path in (folder / "results/engine/subsets").glob("digits-*/*.npy"))
    assert subsets == ["f0.2-nested-s0", "f0.5-nested-s0", "f0.5-nested-s0"]  # the last one without the tuning split


def test_early_stopping_saves_updates(collected: tuple[Path, str]) -> None:
    folder, _ = collected
    rows = metrics_of(folder, "stopped")
    assert (rows["update"].max(), set(rows["split"])) == (6, {"train", "tuning", "validation"})


def test_image_files_are_prepared_once_and_told_of(collected: tuple[Path, str]) -> None:
    folder, _ = collected
    assert metrics_of(folder, "photographs").query("split == 'validation'")["top1"].iloc[-1] == 1.0  # dark or bright
    assert len(list((folder / "results/data").glob("folder-*/prepared.json"))) == 1
