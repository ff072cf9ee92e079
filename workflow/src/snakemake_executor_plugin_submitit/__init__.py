"""Snakemake executor plugin: jobs go to Slurm, or to this machine, through submitit.

    snakemake --executor submitit --jobs 100                              # Slurm
    snakemake --executor submitit --submitit-cluster local --jobs 4       # subprocesses of this machine

What a job asks for is written in its rule's `resources`, see `resources.py`; what it prints is found in
`<folder>/<rule>/<wildcards>.log`. Modules: `clusters` (where jobs run), `submission` (arrays), `status` (how they
are doing), `resources`, `names`, `payload` (what runs in the job).
"""

import os
import shutil
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo  # type: ignore[import-untyped]
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor  # type: ignore[import-untyped]
from snakemake_interface_executor_plugins.settings import CommonSettings, ExecutorSettingsBase  # type: ignore[import-untyped]

from .clusters import Cluster, DebugCluster, LocalCluster, SlurmCluster
from .names import label_of, log_of
from .payload import Payload
from .resources import Defaults, parameters_of
from .status import Ending, tail
from .submission import Request, SubmissionError, grouped, private_folder

__all__ = ["Executor", "ExecutorSettings", "common_settings"]

CLUSTERS = ("slurm", "local", "debug")

common_settings = CommonSettings(
    non_local_exec=True,
    implies_no_shared_fs=False,
    job_deploy_sources=False,
    # sbatch and subprocesses hand the environment on; in the command, a secret would be written to disk.
    pass_envvar_declarations_to_cmd=False,
    auto_deploy_default_storage_provider=False,
    init_seconds_before_status_checks=1,  # Snakemake starts its thread before __post_init__ has run
)


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
    poll_seconds: float = field(
        default=1.0, metadata={"help": "Seconds between two looks at the result files of the jobs."}
    )
    state_seconds: float = field(
        default=10.0,
        metadata={"help": "Least seconds between two questions to Slurm about jobs that have left no result."},
    )

    def __post_init__(self) -> None:
        """Raise WorkflowError, one line, for a value that cannot be meant."""
        if self.cluster not in CLUSTERS:
            raise WorkflowError(f"--submitit-cluster {self.cluster}: unknown, choose one of {', '.join(CLUSTERS)}")
        for name, least in (("array_parallelism", 0), ("runtime", 1), ("poll_seconds", 0.1), ("state_seconds", 1)):
            if getattr(self, name) < least:
                option = f"--submitit-{name.replace('_', '-')}"
                raise WorkflowError(f"{option} {getattr(self, name)}: must be at least {least}")

    def defaults(self) -> Defaults:
        """Resources for jobs that do not name them."""
        return {"runtime": self.runtime, "slurm_partition": self.partition, "slurm_account": self.account}


class Executor(RemoteExecutor):  # type: ignore[misc]
    """Submits the jobs that are ready together as arrays and reports how each ends."""

    def __post_init__(self) -> None:
        self.settings: ExecutorSettings = self.workflow.executor_settings
        self.next_seconds_between_status_checks = self.settings.poll_seconds
        self.folder = self.settings.folder
        self.requests: dict[str, Request] = {}  # every job on its way, whichever list Snakemake has it on
        self.cluster = self.open_cluster()

    def open_cluster(self) -> Cluster:
        """The cluster of the settings, with a folder of its own for this call: numbers of jobs come again."""
        name = self.settings.cluster
        if name == "slurm" and not (shutil.which("sbatch") and shutil.which("srun")):
            raise WorkflowError(
                "--submitit-cluster slurm: sbatch and srun are not on the PATH; "
                "log in to the cluster, or use --submitit-cluster local"
            )
        try:
            private = private_folder(self.folder / "jobs")
            folder = private_folder(private / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}").absolute()
        except SubmissionError as problem:
            raise WorkflowError(str(problem)) from None
        patience = float(self.workflow.execution_settings.latency_wait)
        if name == "slurm":
            seconds, parallelism = self.settings.state_seconds, self.settings.array_parallelism
            return SlurmCluster.start(folder, parallelism, seconds, patience, self.logger.warning)
        return LocalCluster(folder, self.local_cores(), patience) if name == "local" else DebugCluster(folder)

    def local_cores(self) -> int:
        """Cores that local jobs may use together: `--cores`, or what this process may use."""
        return self.cores if isinstance(self.cores, int) else len(os.sched_getaffinity(0))

    def run_job(self, job: Any) -> None:
        self.run_jobs([job])

    def run_jobs(self, jobs: Sequence[Any]) -> None:
        requests = []
        for job in jobs:
            self.run_job_pre(job)
            try:
                requests.append(self.request(job))
            except WorkflowError as problem:
                self.report_job_error(SubmittedJobInfo(job), msg=str(problem))
        for group in grouped(requests):
            self.submit(group)

    def request(self, job: Any) -> Request:
        """What to submit for a job; raises WorkflowError for a resource that cannot be meant."""
        parameters = parameters_of(job, self.settings.defaults())
        log = log_of(self.folder, job)
        payload = Payload(self.format_job_exec(job), str(Path.cwd()), str(log), label_of(job))
        return Request(job, parameters, payload, log.stat().st_size if log.exists() else 0)

    def get_job_args(self, job: Any) -> str:
        # The last --cores counts: a job gets the threads it asked for, not all that its node happens to have.
        return f"{super().get_job_args(job)} --cores {max(1, job.threads)}"

    def additional_general_args(self) -> str:
        return "--quiet progress rules host"  # the log is for what the job prints

    def submit(self, group: Sequence[Request]) -> None:
        """Submit requests that ask for the same; when that is refused, it is the error of each of them."""
        try:
            ids = self.cluster.submit(group)
        except SubmissionError as problem:
            for request in group:
                self.report_job_error(SubmittedJobInfo(request.job), msg=f"not submitted: {problem}")
            return
        self.requests.update(zip(ids, group, strict=True))
        for job_id, request in zip(ids, group, strict=True):
            self.logger.info(f"Submitted {label_of(request.job)} as {job_id}, log: {request.payload.log}")
            self.report_job_submission(SubmittedJobInfo(request.job, external_jobid=job_id))

    async def check_active_jobs(self, active_jobs: list[SubmittedJobInfo]) -> AsyncGenerator[SubmittedJobInfo, None]:
        endings = self.cluster.endings([info.external_jobid for info in active_jobs])
        for info in active_jobs:
            ending = endings.get(info.external_jobid)
            if ending is None:
                yield info
            else:
                self.finish(info, ending)

    def finish(self, info: SubmittedJobInfo, ending: Ending) -> None:
        """Report how a job ended, a failure with its log and the log's last lines."""
        request = self.requests.pop(info.external_jobid)
        if ending.ok:
            self.report_job_success(info)
            return
        log = request.payload.log
        headline = f"job {info.external_jobid} {ending.reason}; log: {log}"
        message = "\n        ".join([headline, *tail(Path(log), start=request.log_start), *ending.words])
        self.report_job_error(info, msg=message, aux_logs=[log])

    def print_job_error(self, job_info: SubmittedJobInfo, msg: str | None = None, **kwargs: Any) -> None:
        # Without the base class's advice to look at the cluster's log: the message names it.
        job_info.job.log_error(msg, **kwargs)

    def cancel_jobs(self, active_jobs: list[SubmittedJobInfo]) -> None:
        # Not only active_jobs: while states are looked at, Snakemake has the jobs on no list.
        self.cluster.cancel({info.external_jobid for info in active_jobs} | set(self.requests))
