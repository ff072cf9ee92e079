"""A project folder as a user has it, and Snakemake as a user calls it; shared by the workflow's and the Slurm tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
SNAKEMAKE = [sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "workflow/Snakefile")]

# Trained in seconds.
TINY = """
title: Tiny
question: How many digits are enough for a test?
seeds_per_job: 2
dataset: {name: digits}
recipe: {budget: {updates: 60}, evaluations: 3}
experiments:
  volume: {architectures: [mlp, small_cnn], fractions: [0.1, 0.5, 1], seeds: 2}
"""

# Decides on the way; `masks` is left out, as its folder is not there.
TUNED = """\
title: Tuned
question: Which rate, batch and shift?
dataset: {name: digits, tuning: 0.2}
recipe: {budget: {updates: 12}, evaluations: 1}
seeds_per_job: 2
answer: {about: factors}
experiments:
  dense:
    architectures: [mlp]
    fractions: [1]
    seeds: 2
    design: one_after_another
    vary:
      recipe.learning_rate: [0.00001, 0.01]
      recipe.batch_size: [32, 64]
  convolutions:
    architectures: [small_cnn]
    fractions: [1]
    seeds: 2
  shifted:
    best_of: [dense, convolutions]
    fractions: [1]
    seeds: 2
    vary:
      recipe.augmentation:
        none: {}
        shift: {shift: 0.25}
  masks:
    optional: true
    architectures: [mlp]
    fractions: [1]
    seeds: 1
    dataset: {name: folder, path: data/masks, image_size: 16}
"""


def make_project(folder: Path) -> Path:
    """`config/` in a folder of its own, with the study `tiny` picked."""
    shutil.copytree(REPOSITORY / "config", folder / "config")
    (folder / "config/studies/tiny.yaml").write_text(TINY)
    config = folder / "config/config.yaml"
    config.write_text(config.read_text().replace("study: digits", "study: tiny"))
    return folder


def snakemake_command(folder: Path, *options: str, profile: str = "local") -> list[str]:
    return [*SNAKEMAKE, "--profile", str(REPOSITORY / "profiles" / profile), "--directory", str(folder), *options]


def run_snakemake(
    folder: Path, *options: str, profile: str = "local", environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the workflow in `folder`; stdout and stderr as text."""
    return subprocess.run(
        snakemake_command(folder, *options, profile=profile),
        cwd=folder,
        env={**os.environ, **(environment or {}), "PYTHONUNBUFFERED": "1"},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
