"""The study room: from one YAML file to a plan of runs, each with an identity and its paths."""

from datavolume.study.decisions import find_decision, following, read_decided, write_decided
from datavolume.study.designs import Decided, Decision, LaidOut, Point, designs
from datavolume.study.identity import configuration_id, dataset_id, run_id, subset_id
from datavolume.study.load import find_study, load_study
from datavolume.study.model import (
    Answer,
    Artefact,
    Augmentation,
    Budget,
    Choice,
    Dataset,
    EarlyStopping,
    Experiment,
    Factor,
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
from datavolume.study.plan import Plan, PlannedRun, expand, plan_of, planned_run, read_plan, write_plan

__all__ = [
    "Answer",
    "Artefact",
    "Augmentation",
    "Budget",
    "Choice",
    "Dataset",
    "Decided",
    "Decision",
    "EarlyStopping",
    "Experiment",
    "Factor",
    "LaidOut",
    "Network",
    "Paths",
    "Phase",
    "Plan",
    "PlannedRun",
    "Point",
    "Recipe",
    "ResolvedPhase",
    "Resources",
    "Run",
    "Start",
    "Study",
    "Volume",
    "configuration_id",
    "dataset_id",
    "designs",
    "expand",
    "find_decision",
    "find_study",
    "following",
    "load_study",
    "phases_of",
    "plan_of",
    "planned_run",
    "read_decided",
    "read_plan",
    "run_id",
    "subset_id",
    "volumes_of",
    "write_decided",
    "write_plan",
]
