"""A project folder as a user has it, with a study that is trained in seconds."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SNAKEMAKE = [sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "Snakefile")]
TINY = """
title: Tiny
question: How many digits are enough for a test?
seeds_per_job: 2
dataset: {name: digits}
recipe: {budget: {updates: 60}, evaluations: 3}
experiments:
  volume: {architectures: [mlp, small_cnn], fractions: [0.1, 0.5, 1], seeds: 2}
"""

Snakemake = Callable[..., "subprocess.CompletedProcess[str]"]


def make_project(folder: Path) -> Path:
    """`config/` with the study `tiny` picked."""
    shutil.copytree(REPOSITORY / "config", folder / "config")
    (folder / "config/studies/tiny.yaml").write_text(TINY)
    config = folder / "config/config.yaml"
    config.write_text(config.read_text().replace("study: digits", "study: tiny"))
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path)


def run_snakemake(folder: Path, *options: str, profile: str = "local") -> subprocess.CompletedProcess[str]:
    """Run the workflow in `folder`; stdout and stderr as text."""
    command = [*SNAKEMAKE, "--profile", str(REPOSITORY / "profiles" / profile), "--directory", str(folder), *options]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A project whose tiny study has run to its report, and what was told."""
    folder = make_project(tmp_path_factory.mktemp("finished"))
    told = run_snakemake(folder)
    assert told.returncode == 0, told.stderr
    return folder, told
