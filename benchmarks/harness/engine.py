"""datavolume's side: a study of one configuration, in a folder of its own."""

from __future__ import annotations

import csv
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from datavolume.data.index import build_index, load_index
from datavolume.data.subsets import choose_subset, load_subset, write_subset
from datavolume.study import Paths, Plan, PlannedRun, expand, load_study, write_plan
from harness.measured import Measured, timed
from harness.work import Work

__all__ = ["Engine"]

REPOSITORY = Path(__file__).resolve().parents[2]
TABLES = ("metrics", "timing", "summary")


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
        """Train the seeds."""
        plan = self._plan(seeds)
        configuration, block = next(iter(plan.blocks))
        if self.work.through_snakemake:
            shutil.rmtree(self.folder / "results", ignore_errors=True)
            command = self._snakemake(Paths(self._root).run_file(configuration, block, "metrics.csv"))
        else:
            shutil.rmtree(self.folder / self._root / "checkpoints", ignore_errors=True)
            self._prepare(plan)
            command = [sys.executable, "-m", "datavolume.training", "--results", str(self._root)]
            command += ["--configuration", configuration, "--block", block]
        wall, cpu = timed(command, self.folder)
        return self._read(configuration, block, wall, cpu)

    def export(self, file: Path) -> None:
        """The very images of the work as the yardstick reads them."""
        planned = self._prepare(self._plan([0]))
        index = load_index(self._paths, planned.dataset)
        subset = load_subset(self._paths.subset(planned.dataset, planned.subset), index)
        arrays: dict[str, Any] = {"mean": index.mean, "std": index.std}
        for split, samples in (("train", subset), ("validation", index.validation_samples)):
            images = np.asarray(index.images[samples])
            arrays[f"{split}_images"] = images[:, 0] if index.channels == 1 else images.transpose(0, 2, 3, 1)
            arrays[f"{split}_labels"] = index.labels[samples]
        np.savez(file, **arrays)

    @property
    def _root(self) -> Path:
        return Path("results", self.name)

    @property
    def _paths(self) -> Paths:
        return Paths(self.folder / self._root)

    def _plan(self, seeds: list[int]) -> Plan:
        """Write the study, and expand it as the workflow will."""
        shutil.copytree(REPOSITORY / "config", self.folder / "config", dirs_exist_ok=True)
        file = self.folder / "config/studies" / f"{self.name}.yaml"
        file.write_text(yaml.safe_dump(self.work.study(seeds, self.recipe, self.resources), sort_keys=False))
        return expand(load_study(file))

    def _prepare(self, plan: Plan) -> PlannedRun:
        """Plan, index and subset, without Snakemake; the index once for all sides. The first run of the plan."""
        first = plan.runs[0]
        write_plan(plan, self._paths.plan)
        if not self._paths.data_file(first.dataset, "prepared.json").exists():
            build_index(first.unpack().dataset, self._paths, self.data_folder)
        index = load_index(self._paths, first.dataset)
        labels, volume = index.labels[index.train], first.unpack().volume
        ids = choose_subset(index.train_samples, labels, volume, dataset=index.name, classes=index.classes)
        write_subset(self._paths.subset(first.dataset, first.subset), ids)
        return first

    def _snakemake(self, target: Path) -> list[str]:
        snakefile, profile = REPOSITORY / "workflow/Snakefile", REPOSITORY / "profiles/local"
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile), "--profile", str(profile)]
        config = [f"study={self.name}", "scale=full", f"data={self.data_folder}"]
        return [*command, "--no-hooks", "--config", *config, "--", str(target)]

    def _read(self, configuration: str, block: str, wall: float, cpu: float) -> Measured:
        files = {name: self._paths.run_file(configuration, block, f"{name}.csv") for name in TABLES}
        tables = {name: _rows(file) for name, file in files.items()}
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
