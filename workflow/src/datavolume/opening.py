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
_NEED_NO_IMAGES = {"plan", "timing"}


def open_workflow(config: Mapping[str, Any], *, head: bool, dry_run: bool = False) -> Workflow:
    """Validate the configuration and open its study; a user's mistake ends Snakemake with one line.

    A plan needs no images: in a dry run, and for the targets plan and timing, it is only said which are missing.
    """
    try:
        only_planned = dry_run or bool(_NEED_NO_IMAGES & {*sys.argv[1:]})
        return _open_head(dict(config), only_planned) if head else _open_job(dict(config))
    except UserError as error:
        sys.exit(f"Error: {error}")


def _open_head(config: dict[str, Any], only_planned: bool = False) -> Workflow:
    check(config, "config", "config/config.yaml")
    os.environ[_PINNED] = json.dumps(config)
    file = find_study(config["study"], STUDIES)
    study = load_study(file, config["scale"])
    paths = _paths(config)
    missing = _without_images(study, file, paths)
    left_out = {one.name: missing[one.name] for one in study.experiments if one.optional and one.name in missing}
    study = without(study, left_out)
    _check_names(study, file)
    absent = {one.name: missing[one.name] for one in study.experiments if one.name in missing}
    if absent and not only_planned:
        name, reason = next(iter(absent.items()))
        raise UserError(f"{file}: experiments.{name}: {reason}")
    device = config.get("device", "")
    workflow = Workflow(study, file, paths, config["data"], device, left_out=left_out, absent=absent)
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


def _without_images(study: Study, file: Path, paths: Paths) -> dict[str, str]:
    """Experiments whose images are not there, each with the reason; what was indexed once may be gone."""
    from datavolume.data import check_dataset, check_source

    reasons: dict[str, str] = {}
    for experiment in study.experiments:
        try:
            check_dataset(experiment.dataset)
        except UserError as error:
            raise UserError(f"{file}: experiments.{experiment.name}: {error}") from error
        try:
            if not paths.data_file(dataset_id(experiment.dataset), "index.parquet").is_file():
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


def _check_names(study: Study, file: Path) -> None:
    """What only the rooms further right know; asked once, by the head, as importing them would slow down every job."""
    from datavolume.models import check_architecture

    for experiment in study.experiments:
        try:
            for architecture in experiment.architectures:
                check_architecture(architecture, experiment.recipe.network)
        except UserError as error:
            raise UserError(f"{file}: experiments.{experiment.name}: {error}") from error


def prepare_environment(source: Path) -> None:
    """Let `python` in a shell command be this one, and find this package in a conda environment too."""
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    os.environ.setdefault("DATAVOLUME_COMMAND", shlex.join(["snakemake", *sys.argv[1:]]))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(source), os.environ.get("PYTHONPATH")]))
