"""The options `--submitit-…`."""

from dataclasses import dataclass, field
from pathlib import Path

from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.settings import ExecutorSettingsBase  # type: ignore[import-untyped]

from .asking.resources import Defaults

__all__ = ["ExecutorSettings"]

CLUSTERS = ("slurm", "local", "debug")
LEAST = {"array_parallelism": 0, "runtime": 1, "requeues": 0, "poll_seconds": 0.1, "state_seconds": 1}


@dataclass
class ExecutorSettings(ExecutorSettingsBase):  # type: ignore[misc]
    """The options `--submitit-…`."""

    cluster: str = field(
        default="slurm",
        metadata={
            "help": "Where jobs run: slurm, local (subprocesses of this machine) or debug (one by one, in-process).",
            "choices": CLUSTERS,
        },
    )
    folder: Path = field(
        default=Path("logs/submitit"),
        metadata={
            "help": "Folder for what jobs print (<rule>/<wildcards>.log) and for submitit's own files (jobs/, "
            "readable only by you). Compute nodes must see it."
        },
    )
    array_parallelism: int = field(
        default=0, metadata={"help": "Jobs of one array that may run at once; 0 for as many as the cluster starts."}
    )
    partition: str = field(
        default="", metadata={"help": "Slurm partition of jobs that name none with the resource slurm_partition."}
    )
    account: str = field(
        default="", metadata={"help": "Slurm account of jobs that name none with the resource slurm_account."}
    )
    runtime: int = field(
        default=60, metadata={"help": "Time limit, in minutes, of jobs that name none with the resource runtime."}
    )
    requeues: int = field(
        default=10,
        metadata={
            "help": "How often a job may be requeued, or sent again, after its time limit, a preemption or the loss of "
            "its node; the resource requeues says otherwise for a rule."
        },
    )
    detach: bool = field(
        default=False,
        metadata={
            "help": "Submit what is ready and leave; the same command, later, finds the jobs and goes on.",
        },
    )
    inner_snakemake: bool = field(
        default=False,
        metadata={
            "help": "Start Snakemake inside of every job, also for a plain shell rule, which needs only its command."
        },
    )
    poll_seconds: float = field(
        default=1.0, metadata={"help": "Least seconds between two looks at the result files of the jobs."}
    )
    state_seconds: float = field(
        default=60.0,
        metadata={
            "help": "Most seconds between two questions to Slurm about the jobs; it is asked more often while jobs "
            "begin and end without a result."
        },
    )

    def __post_init__(self) -> None:
        """Raise WorkflowError, one line, for a value that cannot be meant."""
        if self.cluster not in CLUSTERS:
            raise WorkflowError(f"--submitit-cluster {self.cluster}: unknown, choose one of {', '.join(CLUSTERS)}")
        for name, least in LEAST.items():
            if getattr(self, name) < least:
                option = f"--submitit-{name.replace('_', '-')}"
                raise WorkflowError(f"{option} {getattr(self, name)}: must be at least {least}")
        if self.detach and self.cluster != "slurm":
            raise WorkflowError(f"--submitit-detach: the jobs of --submitit-cluster {self.cluster} end with this call")

    def defaults(self) -> Defaults:
        """Resources for jobs that do not name them."""
        return {"runtime": self.runtime, "slurm_partition": self.partition, "slurm_account": self.account}
