import sys
from pathlib import Path

from datavolume.analysis.tables import CONFIDENCE, STATISTICS
from datavolume.opening import open_workflow, prepare_environment

prepare_environment(Path(workflow.basedir) / "src")

WORKFLOW = open_workflow(config, head=workflow.is_main_process, dry_run=workflow.output_settings.dryrun)
PATHS = WORKFLOW.paths
STUDY = WORKFLOW.study
SHOWING = WORKFLOW.showing

if workflow.is_main_process and (foreword := WORKFLOW.foreword(dry_run=workflow.output_settings.dryrun)):
    print(foreword, file=sys.stderr)


wildcard_constraints:
    configuration=r"[^/]+",
    block=r"[0-9_-]+",
    dataset=r"[^/]+",
    subset=r"[^/]+",
    figure=r"\w+",
    table=r"\w+",
    experiment=r"\w+",
    stage=r"[\w.]+",


# The plan is ancient to the jobs that read it: a run's id changes with its values, so a newer plan makes nothing stale.
PLAN = ancient(PATHS.plan)
ENVIRONMENT = "../../envs/datavolume.yaml"


def log_of(*parts: str) -> str:
    return str(Path("logs", PATHS.root.name, *parts))


def planned(wildcards):
    return WORKFLOW.job(wildcards.configuration, wildcards.block)


def await_decisions(decisions):
    """Ends the look-up until these are made: Snakemake asks again then."""
    for decision in decisions:
        checkpoints.decide.get(experiment=decision.experiment, stage=decision.stage)


def candidates(wildcards):
    await_decisions(WORKFLOW.planning.before(wildcards.experiment, wildcards.stage))
    return WORKFLOW.candidate_files(wildcards.experiment, wildcards.stage)


def decided(experiment):
    """What an experiment decides; each by itself, so that those that wait for nothing go on side by side."""

    def files(wildcards):
        decisions = WORKFLOW.planning.decided_by(experiment)
        await_decisions(decisions)
        return [PATHS.decided(decision.experiment, decision.stage) for decision in decisions]

    return files


# Beside `run_files`, an input of whatever needs all runs: until everything is decided, those that are known are few.
DECIDED = [decided(experiment) for experiment in WORKFLOW.planning.deciding]


def run_files(name):
    """The file of that name of every seed block that is known."""
    return lambda wildcards: WORKFLOW.run_files(name)
