"""A study that decides on the way, through Slurm: later stages are trained at the best of the one before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from projects import TUNED, make_project, run_snakemake

pytestmark = pytest.mark.slurm


def test_stages_follow_one_another_on_the_cluster(tmp_path: Path, slurm: Any) -> None:
    folder = make_project(tmp_path)
    (folder / "config/studies/tuned.yaml").write_text(TUNED)
    told = run_snakemake(folder, "--config", "study=tuned", profile="slurm", environment=slurm.environment)
    assert told.returncode == 0, told.stderr
    decided = json.loads((folder / "results/tuned/decided/dense/recipe.learning_rate.json").read_text())
    assert decided["value"] == "0.01"
    metrics = pd.read_parquet(folder / "results/tuned/collected/metrics.parquet")
    assert metrics["run"].nunique() == 10
    assert (folder / "results/tuned/report.html").is_file()
