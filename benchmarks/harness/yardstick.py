"""The yardstick's side: its script, one process a run, through a Snakefile of one rule or without."""

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
    options: tuple[str, ...] = ()

    def run(self, seeds: list[int]) -> Measured:
        """Train the seeds; its data stand ready."""
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "out").mkdir(parents=True)
        options = [*self.work.options(), *self.options, "--data", str(self.data)]
        options += ["--threads", str(self.setting.threads), "--workers", str(self.setting.workers)]
        script = shlex.join([sys.executable, str(SCRIPT), *options])
        command = self._snakemake(script, seeds) if self.work.through_snakemake else self._processes(script, seeds)
        # As many threads as are meant, from the first import on.
        wall, cpu = timed(command, self.folder, {"OMP_NUM_THREADS": str(self.setting.threads)})
        return self._read(seeds, wall, cpu)

    def _snakemake(self, script: str, seeds: list[int]) -> list[str]:
        each = self.setting.threads + self.setting.workers
        shell = f"{script} --seed {{wildcards.seed}} --output {{output}}"
        (self.folder / "Snakefile").write_text(SNAKEFILE.format(seeds=seeds, cores=each, command=shell))
        cores = str(self.setting.at_once * each)
        return [sys.executable, "-m", "snakemake", "--cores", cores, "--quiet", "all"]

    def _processes(self, script: str, seeds: list[int]) -> list[str]:
        """At most so many at once, with the system's own means."""
        numbers = " ".join(map(str, seeds))
        run = f"{script} --seed {{}} --output out/{{}}.json"
        return ["sh", "-c", f"printf '%s\\n' {numbers} | xargs -P {self.setting.at_once} -I{{}} {run}"]

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
