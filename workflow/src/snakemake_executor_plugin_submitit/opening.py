"""Which cluster an executor works with, from its settings."""

import os
import shutil
import time
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
from snakemake_interface_common.exceptions import WorkflowError

from .ledger import Ledger, private_folder
from .local import DebugCluster, LocalCluster
from .names import count_of
from .records import adopt
from .requests import Cluster
from .slurm.cluster import SlurmCluster
from .slurm.commands import Commands
from .slurm.reattach import Reattach
from .slurm.status import Watcher

__all__ = ["open_cluster"]

LEDGER = Path(".snakemake/submitit/ledger")


def open_cluster(executor: Any) -> Cluster:
    """The cluster of the settings, with a folder of its own for this call. Raises WorkflowError, one line."""
    name = executor.settings.cluster
    if name == "slurm" and not (shutil.which("sbatch") and shutil.which("srun")):
        raise WorkflowError(
            "--submitit-cluster slurm: sbatch and srun are not on the PATH; "
            "log in to the cluster, or use --submitit-cluster local"
        )
    try:
        private = private_folder(executor.folder / "jobs")
        folder = private_folder(private / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}").absolute()
        ledger = Ledger(LEDGER) if name == "slurm" else None
    except OSError as problem:
        raise WorkflowError(f"the job folder {problem.filename} cannot be used: {problem.strerror}") from None
    if ledger:
        return slurm_cluster(executor, folder, ledger)
    return LocalCluster(folder, local_cores(executor)) if name == "local" else DebugCluster(folder)


def slurm_cluster(executor: Any, folder: Path, ledger: Ledger) -> SlurmCluster:
    """Slurm, with what earlier heads have left in the ledger."""
    workflow, settings, logger = executor.workflow, executor.settings, executor.logger
    adopted = adopt(workflow, ledger)
    if adopted:
        logger.info(f"{count_of(adopted)} ended well while no Snakemake was there to see it")
    commands = Commands(logger.warning)
    dag = workflow.dag_settings
    forced = bool(dag.forceall or dag.forcerun or dag.forcetargets)
    known = ledger.find(ledger.keys())
    reattach = Reattach(known, commands.states, psutil.Process().create_time(), forced)
    watcher = Watcher(commands.states, float(workflow.execution_settings.latency_wait), settings.state_seconds)
    parallelism = settings.array_parallelism
    cluster = SlurmCluster(folder, ledger, commands, watcher, reattach, parallelism, logger.warning, logger.info)
    commands.cancel_lost({entry.token for entry in known.values() if not entry.job_id and entry.head.is_dead()})
    return cluster


def local_cores(executor: Any) -> int:
    """Cores that local jobs may use together: `--cores`, or what this process may use."""
    return executor.cores if isinstance(executor.cores, int) else len(os.sched_getaffinity(0))
