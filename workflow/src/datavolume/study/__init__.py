"""The study room: from one YAML file to a plan of runs, each with an identity and its paths."""

from datavolume.study.identity import configuration_id, dataset_id, run_id, subset_id
from datavolume.study.load import find_study, load_study
from datavolume.study.model import Budget, Dataset, Experiment, Recipe, Resources, Run, Study, Volume
from datavolume.study.paths import Paths
from datavolume.study.plan import Plan, PlannedRun, expand, planned_run, read_plan, write_plan

__all__ = [
    "Budget",
    "Dataset",
    "Experiment",
    "Paths",
    "Plan",
    "PlannedRun",
    "Recipe",
    "Resources",
    "Run",
    "Study",
    "Volume",
    "configuration_id",
    "dataset_id",
    "expand",
    "find_study",
    "load_study",
    "planned_run",
    "read_plan",
    "run_id",
    "subset_id",
    "write_plan",
]
