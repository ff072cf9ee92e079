"""How Snakemake opens a study: the only module, beside `workflow`, that rules call.

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
from dataclasses import replace
from pathlib import Path
from typing import Any

from datavolume.errors import UserError
from datavolume.study import Paths, Study, dataset_id, find_study, load_study, read_plan
from datavolume.study.validate import check
from datavolume.study.without import without
from datavolume.workflow import Workflow

__all__ = ["open_workflow", "prepare_environment"]

STUDIES = Path("config/studies")
_PINNED = "DATAVOLUME_CONFIG"


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
    left_out = _unavailable(study)
    study = without(study, left_out)
    _check_names(study, file, paths)
    workflow = Workflow(study, file, paths, config["data"], config.get("device", ""), left_out=left_out)
    _check_artefacts(workflow)
    return workflow


def _open_job(config: dict[str, Any]) -> Workflow:
    config = json.loads(os.environ.get(_PINNED, json.dumps(config)))
    paths = _paths(config)
    if not (paths.plan.is_file() and paths.study.is_file()):
        return _open_head(config)
    study = replace(load_study(paths.study), scale=config["scale"])
    file = find_study(config["study"], STUDIES)
    workflow = Workflow(study, file, paths, config["data"], config.get("device", ""))
    return workflow if workflow.planning.staged else replace(workflow, written=read_plan(paths.plan))


def _unavailable(study: Study) -> dict[str, str]:
    """Optional experiments whose images are not there, each with the reason."""
    from datavolume.data import check_source

    reasons: dict[str, str] = {}
    for experiment in (one for one in study.experiments if one.optional):
        try:
            check_source(experiment.dataset)
        except UserError as error:
            reasons[experiment.name] = str(error)
    return reasons


def _check_artefacts(workflow: Workflow) -> None:
    try:
        assert workflow.showing.artefacts
        missing = [file for file in workflow.showing.published if not file.is_file()]
        if missing:
            raise UserError(f"published: {missing[0]} does not exist; the path is relative to the study's file")
    except UserError as error:
        raise UserError(f"{workflow.file}: {error}") from error


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
