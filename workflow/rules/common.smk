from pathlib import Path

from datavolume.artefacts import caption, figure_names, table_names
from datavolume.workflow import open_workflow, prepare_environment

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


# The plan is ancient to the jobs that read it: a run's id changes with its values, so a newer plan makes nothing stale.
PLAN = ancient(PATHS.plan)
ENVIRONMENT = "../../envs/datavolume.yaml"


def log_of(*parts: str) -> str:
    return str(Path("logs", PATHS.root.name, *parts))


def planned(wildcards):
    return WORKFLOW.job(wildcards.configuration, wildcards.block)
