"""The yardstick's side: its script, one process a run, through a Snakefile of one rule."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

from harness.measured import Measured, timed
from harness.work import Work

__all__ = ["Setting", "Yardstick"]

SCRIPT = Path(__file__).resolve().parents[1] / "reference/train.py"
SNAKEFILE = """
rule all:
    input: expand("out/{{seed}}.json", seed={seeds})
rule train:
    output: "out/{{seed}}.json"
    threads: {cores}
    shell: {command!r}
"""


@dataclass(frozen=True)
class Setting:
    """Threads of a process, workers of its DataLoader, and how many such processes at once."""

    threads: int
    workers: int
    at_once: int

    def __str__(self) -> str:
        return f"{self.threads} threads, {self.workers} workers, {self.at_once} at once"


@dataclass
class Yardstick:
    folder: Path
    work: Work
    data: Path
    setting: Setting = field(default_factory=lambda: Setting(1, 0, 1))
    device: str = "cpu"

    def run(self, seeds: list[int]) -> Measured:
        """Train the seeds; its data stand ready."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        options = [*self.work.options(), "--data", str(self.data), "--device", self.device]
        options += ["--threads", str(self.setting.threads), "--workers", str(self.setting.workers)]
        command = shlex.join([sys.executable, str(SCRIPT), *options]) + " --seed {wildcards.seed} --output {output}"
        text = SNAKEFILE.format(seeds=seeds, cores=self.setting.threads + self.setting.workers, command=command)
        (self.folder / "Snakefile").write_text(text)
        cores = self.setting.at_once * (self.setting.threads + self.setting.workers)
        snakemake = [sys.executable, "-m", "snakemake", "--cores", str(cores), "--quiet", "all"]
        # As many threads as are meant, from the first import on.
        wall, cpu = timed(snakemake, self.folder, {"OMP_NUM_THREADS": str(self.setting.threads)})
        return self._read(seeds, wall, cpu)

    def _read(self, seeds: list[int], wall: float, cpu: float) -> Measured:
        results = [json.loads((self.folder / f"out/{seed}.json").read_text()) for seed in seeds]
        ends = [[row for row in one["metrics"] if row["split"] == "validation"][-1] for one in results]
        return Measured(
            wall=wall,
            cpu=cpu,
            top1=[row["top1"] for row in ends],
            loss=[row["loss"] for row in ends],
            images_per_second=[one["images_per_second"] for one in results],
            parameters=results[0]["parameters"],
            gpu_memory_mb=max(one["gpu_memory_mb"] for one in results),
        )
