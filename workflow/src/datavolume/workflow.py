"""What the Snakefile asks for: the study, its plan, and what each job needs; the only module that rules call.

The head expands the study's YAML. A job on the cluster starts Snakemake again: it reads `plan.csv`, so that editing the
YAML while jobs wait in the queue changes nothing for them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

from datavolume.data import check_dataset
from datavolume.errors import UserError
from datavolume.models import check_architecture
from datavolume.study import Paths, Plan, PlannedRun, Study, expand, find_study, load_study, read_plan
from datavolume.study.validate import check

__all__ = ["Workflow", "open_workflow", "prepare_environment"]

STUDIES = Path("config/studies")


@dataclass(frozen=True)
class Workflow:
    """One study at one scale, as the rules see it."""

    study: Study
    file: Path
    plan: Plan
    paths: Paths
    data_folder: str

    def runs(self, configuration: str, block: str) -> tuple[PlannedRun, ...]:
        return self.plan.block(configuration, block)

    def run_files(self, name: str) -> list[Path]:
        """The file of that name of every seed block."""
        return [self.paths.run_file(configuration, block, name) for configuration, block in self.plan.blocks]

    def threads(self, configuration: str, block: str) -> int:
        """CPU threads of one job: those of all its processes."""
        resources = self.runs(configuration, block)[0].resources
        return resources.threads * resources.processes

    def launcher(self, configuration: str, block: str) -> str:
        """`python`, or torchrun's words where the study asks for several processes."""
        processes = self.runs(configuration, block)[0].resources.processes
        if processes == 1:
            return "python"
        return f"python -m torch.distributed.run --standalone --nproc-per-node {processes}"

    @cached_property
    def answer(self) -> str:
        """What a person reads at the end; empty while there is no report."""
        file = self.paths.analysis("answer.json")
        if not (file.is_file() and self.paths.report.is_file()):
            return ""
        answer = json.loads(file.read_text(encoding="utf-8"))
        return f"\n{answer['question']}\n{answer['answer']}\n\nReport: {self.paths.report}\nAnswer: {file}\n"


def open_workflow(config: Mapping[str, Any], *, head: bool) -> Workflow:
    """Validate the configuration and open its study; a user's mistake ends Snakemake with one line."""
    try:
        return _open(dict(config), head)
    except UserError as error:
        _stop(error)


def _stop(error: UserError) -> NoReturn:
    print(f"Error: {error}", file=sys.stderr)
    sys.stderr.flush()
    os._exit(1)


def _open(config: dict[str, Any], head: bool) -> Workflow:
    check(config, "config", "config/config.yaml")
    file = find_study(config["study"], STUDIES)
    folder = file.stem if config["scale"] == "full" else f"{file.stem}-{config['scale']}"
    paths = Paths(Path(config["results"]) / folder)
    study = load_study(file, config["scale"])
    plan = expand(study) if head or not paths.plan.is_file() else read_plan(paths.plan)
    if head:
        _check_names(study, file)
    return Workflow(study, file, plan, paths, config["data"])


def _check_names(study: Study, file: Path) -> None:
    """Names that only the rooms further right know; asked once, by the head."""
    for experiment in study.experiments:
        try:
            check_dataset(experiment.dataset)
            for architecture in experiment.architectures:
                check_architecture(architecture)
        except UserError as error:
            raise UserError(f"{file}: experiments.{experiment.name}: {error}") from error


def prepare_environment(source: Path) -> None:
    """Let `python` in a shell command be this one, and find this package in a conda environment too."""
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(source), os.environ.get("PYTHONPATH")]))


def commit() -> str:
    """The checkout's commit, marked where files differ from it; `unknown` outside git."""
    described = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return described.stdout.strip() or "unknown"
