"""The study room: from one YAML file to a plan of runs, each with an identity and its paths."""

from datavolume.study.identity import configuration_id, dataset_id, run_id, subset_id
from datavolume.study.load import find_study, load_study
from datavolume.study.model import (
    Augmentation,
    Budget,
    Dataset,
    EarlyStopping,
    Experiment,
    Network,
    Phase,
    Recipe,
    Resources,
    Run,
    Start,
    Study,
    Volume,
)
from datavolume.study.paths import Paths
from datavolume.study.phases import ResolvedPhase, phases_of, volumes_of
from datavolume.study.plan import Plan, PlannedRun, expand, planned_run, read_plan, write_plan

__all__ = [
    "Augmentation",
    "Budget",
    "Dataset",
    "EarlyStopping",
    "Experiment",
    "Network",
    "Paths",
    "Phase",
    "Plan",
    "PlannedRun",
    "Recipe",
    "ResolvedPhase",
    "Resources",
    "Run",
    "Start",
    "Study",
    "Volume",
    "configuration_id",
    "dataset_id",
    "expand",
    "find_study",
    "load_study",
    "phases_of",
    "planned_run",
    "read_plan",
    "run_id",
    "subset_id",
    "volumes_of",
    "write_plan",
]
