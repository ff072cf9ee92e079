"""datavolume's side: a study of one configuration through this repository's workflow, in a folder of its own."""

from __future__ import annotations

import csv
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from datavolume.data.index import load_index
from datavolume.data.subsets import load_subset
from datavolume.study import Paths, PlannedRun, expand, load_study
from harness.measured import Measured, timed
from harness.work import Work

__all__ = ["Engine"]

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Engine:
    """One way to run the work: `recipe` are the keys of its tier, `resources` those of its jobs."""

    name: str
    folder: Path
    work: Work
    recipe: dict[str, Any]
    resources: dict[str, Any]
    data_folder: Path

    def run(self, seeds: list[int]) -> Measured:
        """Train the seeds, from nothing or from index and subset on."""
        results = self.folder / "results"
        if results.exists():
            shutil.rmtree(results if not self.work.untimed else results / self.name, ignore_errors=True)
        planned = self._plan(seeds)
        if self.work.untimed:
            self.prepare(planned)
        targets = [str(self._paths.run_file(planned[0].configuration, planned[0].block, "metrics.csv"))]
        wall, cpu = timed(self._snakemake(targets), self.folder)
        return self._read(planned[0], wall, cpu)

    def prepare(self, planned: list[PlannedRun]) -> None:
        """Plan, index and subset: not timed."""
        timed(self._snakemake([str(self._paths.subset(planned[0].dataset, planned[0].subset))]), self.folder)

    def export(self, file: Path, seeds: list[int]) -> None:
        """The very images of the work as the yardstick reads them; index and subset are made for it."""
        planned = self._plan(seeds)
        self.prepare(planned)
        paths = Paths(self.folder / self._paths.root)
        index = load_index(paths, planned[0].dataset)
        subset = load_subset(paths.subset(planned[0].dataset, planned[0].subset), index)
        arrays: dict[str, Any] = {"mean": index.mean, "std": index.std}
        for split, samples in (("train", subset), ("validation", index.validation_samples)):
            images = np.asarray(index.images[samples])
            arrays[f"{split}_images"] = images[:, 0] if index.channels == 1 else images.transpose(0, 2, 3, 1)
            arrays[f"{split}_labels"] = index.labels[samples]
        np.savez(file, **arrays)

    @property
    def _paths(self) -> Paths:
        return Paths(Path("results", self.name))

    def _plan(self, seeds: list[int]) -> list[PlannedRun]:
        """Write the study, and expand it as the workflow will."""
        shutil.copytree(REPOSITORY / "config", self.folder / "config", dirs_exist_ok=True)
        file = self.folder / "config/studies" / f"{self.name}.yaml"
        file.write_text(yaml.safe_dump(self.work.study(seeds, self.recipe, self.resources), sort_keys=False))
        return list(expand(load_study(file)).runs)

    def _snakemake(self, targets: list[str]) -> list[str]:
        snakefile, profile = REPOSITORY / "workflow/Snakefile", REPOSITORY / "profiles/local"
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile), "--profile", str(profile)]
        config = [f"study={self.name}", "scale=full", f"data={self.data_folder}"]
        return [*command, "--no-hooks", "--config", *config, "--", *targets]

    def _read(self, planned: PlannedRun, wall: float, cpu: float) -> Measured:
        paths = Paths(self.folder / self._paths.root)
        tables = {
            name: _rows(paths.run_file(planned.configuration, planned.block, f"{name}.csv"))
            for name in ("metrics", "timing", "summary")
        }
        last = max(int(row["update"]) for row in tables["metrics"])
        ends = [row for row in tables["metrics"] if int(row["update"]) == last and row["split"] == "validation"]
        speeds = [
            int(row["update"]) * self.work.batch_size / float(row["seconds"])
            for row in tables["timing"]
            if int(row["update"]) == last
        ]
        return Measured(
            wall=wall,
            cpu=cpu,
            top1=[float(row["top1"]) for row in ends],
            loss=[float(row["loss"]) for row in ends],
            images_per_second=speeds,
            parameters=int(tables["summary"][0]["parameters"]),
            gpu_memory_mb=max(float(row["peak_memory_mb"]) for row in tables["timing"]),
        )


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))
