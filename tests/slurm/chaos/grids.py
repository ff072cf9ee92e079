"""What is trained under faults: a small study by the real workflow, or stand-ins of some seconds.

Both train nothing in the head, checkpoint often, and write files that hold nothing but what was computed, so that those
of a run with faults must equal those of a quiet one byte for byte. `sitecustomize.py` in the folder `site` makes each
training process a witness of itself (`witness`), without a change to the trainer.
"""

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from projects import make_project, snakemake_command

__all__ = ["GRIDS", "Grid"]

HERE = Path(__file__).resolve().parent
MEGABYTES = 120_000  # of a node's 512 000: few enough at a time for two cores

SITECUSTOMIZE = """
import os
import sys

words = sys.orig_argv
if "datavolume.training" in words and "--block" in words and "RANK" not in os.environ:
    from witness import watch

    configuration, block = (words[words.index(option) + 1] for option in ("--configuration", "--block"))
    watch(os.environ["CHAOS_WITNESS"], f"{configuration}~{block}")
    sys.argv += ["--checkpoint-seconds", "1"]
"""
STUDY = """
title: Chaos
question: Does a fault change a digit?
seeds_per_job: 2
dataset: {name: digits}
recipe: {budget: {updates: 2500}, evaluations: 5}
resources: {mem_mb: MEGABYTES}
experiments:
  volume: {architectures: [mlp, small_cnn], fractions: [0.25, 0.5, 1], seeds: 4}
""".replace("MEGABYTES", str(MEGABYTES))
SNAKEFILE = """
localrules: all, collect
rule all:
    input: "summary.txt"
rule train:
    output: "runs/{n}/metrics.csv"
    resources: mem_mb=250000, runtime=30
    shell: "python site/standin.py {wildcards.n} STEPS checkpoints/{wildcards.n}.json {output}"
rule score:
    input: "runs/{n}/metrics.csv"
    output: "runs/{n}/summary.csv"
    resources: mem_mb=MEGABYTES, runtime=20
    shell: "tail -n 1 {input} > {output}"
rule collect:
    input: expand("runs/{n}/summary.csv", n=range(RUNS))
    output: "summary.txt"
    shell: "cat {input} > {output}"
"""
OPTIONS = ("--keep-going", "--rerun-incomplete", "--latency-wait", "10")


@dataclass(frozen=True)
class Grid:
    """`trainings` are the jobs that train; `results` is where their files lie, below a run's folder."""

    name: str
    trainings: int
    results: str

    def prepare(self, folder: Path) -> None:
        """Make a new folder ready to be run in."""
        (folder / "witness").mkdir(parents=True)
        (folder / "site").mkdir()
        for name in ("witness.py", "standin.py"):
            shutil.copy(HERE / name, folder / "site" / name)
        if self.name == "standin":
            text = SNAKEFILE.replace("RUNS", str(self.trainings)).replace("STEPS", "60")
            (folder / "Snakefile").write_text(text.replace("MEGABYTES", str(MEGABYTES)))
            return
        (folder / "site/sitecustomize.py").write_text(SITECUSTOMIZE)
        make_project(folder)
        (folder / "config/studies/tiny.yaml").write_text(STUDY)

    def command(self, folder: Path, retries: int) -> list[str]:
        """Snakemake's command line."""
        options = [*OPTIONS, "--retries", str(retries)]
        if self.name == "standin":
            return [sys.executable, "-m", "snakemake", "--executor", "submitit", "--jobs", "100", *options]
        return snakemake_command(folder, "collect", *options, profile="slurm")

    def environment(self, folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
        """An environment in which jobs find this Python, and witnesses their folder."""
        wrappers, _, path = environment["PATH"].partition(":")
        return {
            **environment,
            "PATH": f"{wrappers}:{Path(sys.executable).parent}:{path}",
            "PYTHONPATH": ":".join(filter(None, [str(folder / "site"), environment.get("PYTHONPATH")])),
            "CHAOS_WITNESS": str(folder / "witness"),
            "OMP_NUM_THREADS": "1",
        }

    def files(self, folder: Path) -> dict[str, bytes]:
        """What must be the same after faults as without."""
        root = folder / self.results
        names = ("metrics.csv", "summary.csv", "predictions.npz")
        return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.name in names}


GRIDS = {"study": Grid("study", 12, "results/tiny/runs"), "standin": Grid("standin", 16, "runs")}
