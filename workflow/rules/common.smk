from pathlib import Path

from datavolume.opening import open_workflow, prepare_environment

prepare_environment(Path(workflow.basedir) / "src")

WORKFLOW = open_workflow(config, head=workflow.is_main_process)
PATHS = WORKFLOW.paths
STUDY = WORKFLOW.study


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


def run_files(name):
    """The file of that name of every seed block, once all are known."""

    def files(wildcards):
        await_decisions(WORKFLOW.planning.decisions)
        return WORKFLOW.run_files(name)

    return files
