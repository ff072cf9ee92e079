"""What the Snakefile asks for: the study, its plan, and what each job needs; the only module that rules call.

The head reads config and study, and expands the plan. A job on the cluster starts Snakemake again: it reads what the
head wrote, `plan.csv` and `study.yaml` of the results, and the head's configuration from the environment. So an edit of
the YAML files while jobs wait in the queue changes nothing for them.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from datavolume.errors import UserError
from datavolume.study import (
    Dataset,
    Paths,
    Plan,
    PlannedRun,
    Study,
    Volume,
    dataset_id,
    expand,
    find_study,
    load_study,
    read_plan,
)
from datavolume.study.validate import check

__all__ = ["Workflow", "answer_of", "open_workflow", "prepare_environment"]

STUDIES = Path("config/studies")
_PINNED = "DATAVOLUME_CONFIG"


@dataclass(frozen=True)
class Workflow:
    """One study at one scale, as the rules see it."""

    study: Study
    file: Path
    plan: Plan
    paths: Paths
    data_folder: str

    def job(self, configuration: str, block: str) -> PlannedRun:
        """The first run of a seed block; what a job asks for is the same for all of them."""
        return self.plan.block(configuration, block)[0]

    def run_files(self, name: str) -> list[Path]:
        """The file of that name of every seed block."""
        return [self.paths.run_file(configuration, block, name) for configuration, block in self.plan.blocks]

    def training_inputs(self, configuration: str, block: str) -> dict[str, Path | list[Path]]:
        """The data and subsets of one job, pretrained weights and the runs that its runs start from, by name."""
        run = self.job(configuration, block)
        files = ("index.parquet", "images.npy", "classes.json")
        data = {Path(file).stem: self.paths.data_file(run.dataset, file) for file in files}
        subsets = [self.paths.subset(run.dataset, subset) for subset in run.subsets]
        return {**data, "subset": subsets, **self._weights(run), **self._origins(configuration, block)}

    def _weights(self, run: PlannedRun) -> dict[str, Path | list[Path]]:
        return {"weights": self.paths.weights(run.architecture)} if '"pretrained":true' in run.spec else {}

    def _origins(self, configuration: str, block: str) -> dict[str, Path | list[Path]]:
        """Metrics of the runs that these start from; the checkpoints, no outputs of any rule, are as old."""
        if '"start":' not in self.job(configuration, block).spec:
            return {}
        starts = [run.unpack().start for run in self.plan.block(configuration, block)]
        origins = [self.plan.find(start.run) for start in starts if start]
        files = [self.paths.run_file(run.configuration, run.block, "metrics.csv") for run in origins]
        return {"origins": list(dict.fromkeys(files))}

    def dataset(self, name: str) -> Dataset:
        """The dataset of an id. Raises UserError where no run uses it."""
        for run in self.plan.runs:
            if run.dataset == name:
                return run.unpack().dataset
        raise UserError(f"the plan has no dataset {name}; run `snakemake plan` again")

    def dataset_options(self, name: str) -> dict[str, Any]:
        """What a study says of a dataset: the same for the same id, whichever study it is."""
        dataset = self.dataset(name)
        return {key: value for key, value in asdict(dataset).items() if value != getattr(Dataset, key, None)}

    def fetched(self, dataset: str) -> list[Path]:
        """What says that a dataset was fetched, where it is one that can be."""
        from datavolume.data import can_be_fetched

        return [self.paths.data_file(dataset, "fetched.json")] if can_be_fetched(self.dataset(dataset)) else []

    def listing(self, dataset: str) -> str:
        """Changes when images are added to a user's data; once they are indexed, the originals may also be gone."""
        from datavolume.data import listing

        report = self.paths.data_file(dataset, "prepared.json")
        now = listing(self.dataset(dataset))
        if now or not report.is_file():
            return now
        before: str = json.loads(report.read_text(encoding="utf-8"))["listing"]
        return before

    @cached_property
    def compared(self) -> list[tuple[str, list[str]]]:
        """Datasets, each with the ids of its subsets of one volume that were drawn with several seeds."""
        groups: dict[tuple[str, Volume], dict[str, None]] = {}
        for run in {(run.dataset, run.subset): run for run in self.plan.runs}.values():
            for subset, volume in run.subsets.items():
                groups.setdefault((run.dataset, replace(volume, seed=0)), {})[subset] = None
        return [(dataset, list(names)) for (dataset, _), names in groups.items() if len(names) > 1]

    @property
    def compared_subsets(self) -> list[Path]:
        return [self.paths.subset(dataset, name) for dataset, names in self.compared for name in names]

    @property
    def decoded(self) -> str:
        """A pattern: the names of the datasets whose images are files, to be decoded when they are indexed."""
        from datavolume.data import file_datasets

        return f"(?:{'|'.join(file_datasets())})"

    @property
    def answer(self) -> str:
        return answer_of(self.paths)


def answer_of(paths: Paths) -> str:
    """Question, answer, and where they stand; empty while there is no report."""
    file = paths.analysis("answer.json")
    if not (file.is_file() and paths.report.is_file()):
        return ""
    answer = json.loads(file.read_text(encoding="utf-8"))
    return f"\n{answer['question']}\n{answer['answer']}\n\nReport: {paths.report}\nAnswer: {file}\n"


def open_workflow(config: Mapping[str, Any], *, head: bool) -> Workflow:
    """Validate the configuration and open its study; a user's mistake ends Snakemake with one line."""
    try:
        return _open_head(dict(config)) if head else _open_job(dict(config))
    except UserError as error:
        sys.exit(f"Error: {error}")


def _open_head(config: dict[str, Any]) -> Workflow:
    check(config, "config", "config/config.yaml")
    os.environ[_PINNED] = json.dumps(config)
    file = find_study(config["study"], STUDIES)
    study = load_study(file, config["scale"])
    paths = _paths(config)
    _check_names(study, file, paths)
    return Workflow(study, file, expand(study), paths, config["data"])


def _open_job(config: dict[str, Any]) -> Workflow:
    config = json.loads(os.environ.get(_PINNED, json.dumps(config)))
    paths = _paths(config)
    if not (paths.plan.is_file() and paths.study.is_file()):
        return _open_head(config)
    study = replace(load_study(paths.study), scale=config["scale"])
    return Workflow(study, Path(config["study"]), read_plan(paths.plan), paths, config["data"])


def _paths(config: Mapping[str, Any]) -> Paths:
    name, scale = Path(config["study"]).stem, config["scale"]
    return Paths(Path(config["results"]) / (name if scale == "full" else f"{name}-{scale}"))


def _check_names(study: Study, file: Path, paths: Paths) -> None:
    """What only the rooms further right know; asked once, by the head, as importing them would slow down every job."""
    from datavolume.data import check_dataset, check_source
    from datavolume.models import check_architecture

    for experiment in study.experiments:
        indexed = paths.data_file(dataset_id(experiment.dataset), "index.parquet").is_file()
        try:
            (check_dataset if indexed else check_source)(experiment.dataset)
            for architecture in experiment.architectures:
                check_architecture(architecture, experiment.recipe.network)
        except UserError as error:
            raise UserError(f"{file}: experiments.{experiment.name}: {error}") from error


def prepare_environment(source: Path) -> None:
    """Let `python` in a shell command be this one, and find this package in a conda environment too."""
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    os.environ.setdefault("DATAVOLUME_COMMAND", shlex.join(["snakemake", *sys.argv[1:]]))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(source), os.environ.get("PYTHONPATH")]))
