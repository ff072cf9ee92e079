"""Snakemake's side: its jobs come in, their ends go out."""

import time
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo  # type: ignore[import-untyped]
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor  # type: ignore[import-untyped]
from snakemake_interface_executor_plugins.settings import CommonSettings  # type: ignore[import-untyped]

from .asking.resources import parameters_of, requeues_of
from .files import tail
from .leaving import chance_to_leave
from .names import label_of, log_of
from .node.payload import Payload
from .opening import open_cluster
from .progress import Progress
from .records import fingerprint_of, record_row
from .requests import Report, Request, key_of
from .settings import ExecutorSettings
from .shell_rules.direct import script_of_plain
from .used.efficiency import Row
from .used.summary import summary

__all__ = ["Executor", "ExecutorSettings", "common_settings"]

common_settings = CommonSettings(
    non_local_exec=True,
    implies_no_shared_fs=False,
    job_deploy_sources=False,
    # sbatch and subprocesses hand the environment on; in the command, a secret would be written to disk.
    pass_envvar_declarations_to_cmd=False,
    auto_deploy_default_storage_provider=False,
    init_seconds_before_status_checks=1,  # Snakemake starts its thread before __post_init__ has run
)


class Executor(RemoteExecutor):  # type: ignore[misc]
    """Submits the jobs that are ready together as arrays and reports how each ends."""

    def __post_init__(self) -> None:
        self.settings: ExecutorSettings = self.workflow.executor_settings
        self.next_seconds_between_status_checks = self.settings.poll_seconds
        self.folder = self.settings.folder
        self.infos: dict[str, tuple[Request, SubmittedJobInfo]] = {}
        self.reports: dict[str, Report] = {}
        self.rows: list[Row] = []
        self.left = False
        self.progress = Progress(self.logger)
        self.cluster = open_cluster(self)

    # Snakemake's jobs come in

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
        for request in requests:
            self.infos[request.key] = (request, SubmittedJobInfo(request.job, aux={"key": request.key}))
        self.cluster.submit(requests)
        for request in requests:
            info = self.infos[request.key][1]
            info.external_jobid = self.cluster.name_of(request.key) or None
            self.report_job_submission(info)

    def request(self, job: Any) -> Request:
        """What to submit for a job; raises WorkflowError for a resource that cannot be meant."""
        parameters = parameters_of(job, self.settings.defaults())
        log = log_of(self.folder, job)
        plain = None if self.settings.inner_snakemake else script_of_plain(job, self.workflow)
        command = plain or self.format_job_exec(job)
        requeues = requeues_of(job, self.settings.requeues)
        payload = Payload(command, str(Path.cwd()), str(log), label_of(job), requeues=requeues)
        size = log.stat().st_size if log.exists() else 0
        return Request(job, key_of(job), label_of(job), parameters, payload, fingerprint_of(job), size)

    def get_job_args(self, job: Any) -> str:
        # The last --cores counts: a job gets the threads it asked for, not all that its node happens to have.
        return f"{super().get_job_args(job)} --cores {max(1, job.threads)}"

    def additional_general_args(self) -> str:
        return "--quiet progress rules host"  # the log is for what the job prints

    # Their ends go out

    async def check_active_jobs(self, active_jobs: list[SubmittedJobInfo]) -> AsyncGenerator[SubmittedJobInfo, None]:
        started = time.monotonic()
        self.reports |= self.cluster.ended()  # also of jobs whose submission Snakemake has not been told of yet
        self.progress.show(self.cluster.counts())
        for info in active_jobs:
            report = self.reports.pop(info.aux["key"], None)
            if report:
                self.finish(info, report)
            else:
                yield info
        if self.settings.detach and self.nothing_left_to_submit():
            self.detach()
        # Where looking takes long, on a slow file system, look more rarely.
        self.next_seconds_between_status_checks = max(self.settings.poll_seconds, 10 * (time.monotonic() - started))

    def finish(self, info: SubmittedJobInfo, report: Report) -> None:
        """Report how a job ended, a failure with its log and the log's last lines."""
        request, _ = self.infos.pop(info.aux["key"])
        row = record_row(self.folder, self.logger, request, report)
        self.rows += [row] if row else []
        ending, log = report.ending, request.payload.log
        if ending.ok:
            self.report_job_success(info)
            return
        name = f"job {report.job_id} " if report.job_id else ""
        message = [f"{name}{ending.reason}; log: {log}", *tail(Path(log), start=request.log_start), *ending.words]
        self.report_job_error(info, msg="\n        ".join(message), aux_logs=[log])

    def print_job_error(self, job_info: SubmittedJobInfo, msg: str | None = None, **kwargs: Any) -> None:
        # Without the base class's advice to look at the cluster's log: the message names it.
        job_info.job.log_error(msg, **kwargs)

    # The end

    def cancel_jobs(self, active_jobs: list[SubmittedJobInfo]) -> None:  # noqa: ARG002 (the cluster knows them all)
        if self.left or (self.infos and chance_to_leave(len(self.infos), self.settings.cluster, self.logger.warning)):
            self.leave()
        else:
            self.cluster.cancel()

    def leave(self) -> str:
        """Let the jobs go on without this head; how to find them again."""
        self.left = True
        number = self.cluster.leave()
        words = f"{number} jobs left to themselves; the same command, later, finds them and goes on."
        self.logger.warning(words)
        return words

    def nothing_left_to_submit(self) -> bool:
        """Whether all that is ready is on its way to the cluster, and nothing runs on this machine."""
        scheduler, dag = self.workflow.scheduler, self.workflow.dag
        return bool(self.infos) and len(scheduler.running) == len(self.infos) and not dag.ready_jobs

    def detach(self) -> None:
        """End this call as Snakemake ends one that an executor cannot go on with: without cancelling."""
        if not self.left:
            self.workflow.scheduler.executor_error_callback(WorkflowError(self.leave()))

    def shutdown(self) -> None:
        self.progress.conclude([*summary(self.rows), *self.cluster.farewell()])
        if not self.left:
            super().shutdown()
            return
        # Not the base class's: it deletes a folder that waiting jobs look for.
        with self.lock:
            self.wait = False
        self.wait_thread.join()
