"""Jobs without Slurm: subprocesses of this machine, or this very process."""

import signal
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from .files import Ending, JobFiles
from .requests import Counts, Report, Request
from .slurm.outbox import SubmissionError
from .submission import submit
from .used.usage import Submitted

__all__ = ["DebugCluster", "LocalCluster"]

SECONDS_TO_END = 3  # between SIGTERM and SIGKILL for local jobs
SECONDS_TO_RESULT = 2  # from the end of a job's controller to its result


class LocalCluster:
    """Subprocesses of this machine, as many at once as `cores` allow; the others wait here.

    Too many threads on too few cores are slower than one job after another. A job that wants more than there are
    runs alone.
    """

    def __init__(self, folder: Path, cores: int) -> None:
        self.folder, self.cores = folder, cores
        self.waiting: dict[str, Request] = {}
        self.running: dict[str, tuple[Request, Any, float]] = {}
        self.refused: dict[str, Ending] = {}
        self.gone: dict[str, float] = {}  # job → when its controller was first seen ended
        self.lock = threading.Lock()  # submissions come from Snakemake's main thread, looks from another

    def submit(self, requests: Sequence[Request]) -> None:
        with self.lock:
            self.waiting.update((request.key, request) for request in requests)
            self.start_waiting()

    def start_waiting(self) -> None:
        """Start jobs, in their order, while there are cores for the next."""
        for key, request in list(self.waiting.items()):
            used = sum(running.parameters["cpus_per_task"] for running, _, _ in self.running.values())
            if self.running and used + request.parameters["cpus_per_task"] > self.cores:
                return
            del self.waiting[key]
            try:
                job = submit([request], self.payload, "local", self.folder)[0]
                self.running[key] = (request, job, time.time())
            except SubmissionError as problem:
                self.refused[key] = Ending(False, f"was not started: {problem}")

    def payload(self, request: Request) -> Any:
        return replace(request.payload, notes=str(self.folder))

    def name_of(self, key: str) -> str:
        return f"local-{self.running[key][1].job_id}" if key in self.running else ""

    def ended(self) -> dict[str, Report]:
        with self.lock:
            told = {key: Report(ending, "") for key, ending in self.refused.items()}
            self.refused.clear()
            for key, (_, job, since) in list(self.running.items()):
                files = JobFiles(self.folder, job.job_id)
                ending = self.ending(key, job, files)
                if ending:
                    told[key] = Report(ending, self.name_of(key), [Submitted(since, files.attempts())])
                    del self.running[key]
            self.start_waiting()
            return told

    def ending(self, key: str, job: Any, files: JobFiles) -> Ending | None:
        """How a job ended; None while its controller runs, or its result may still come."""
        if files.result.exists():
            return files.ending()
        if not job.done():
            return None
        since = self.gone.setdefault(key, time.monotonic())
        if time.monotonic() - since < SECONDS_TO_RESULT:
            return None
        return Ending(False, "ended and left no result", tuple(files.words()[-3:]))

    def counts(self) -> Counts:
        return Counts(waiting=len(self.waiting), running=len(self.running))

    def cancel(self) -> None:
        with self.lock:
            self.waiting.clear()
            jobs = [job for _, job, _ in self.running.values()]
            self.running.clear()
        processes = [process for job in jobs for process in family(int(job.job_id))]
        signal_all(processes, signal.SIGTERM)
        signal_all(psutil.wait_procs(processes, timeout=SECONDS_TO_END)[1], signal.SIGKILL)

    def leave(self) -> int:
        self.cancel()
        return 0

    def farewell(self) -> list[str]:
        return []


class DebugCluster:
    """This process, one job after another, at submission; Ctrl-C ends the job that runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.over: dict[str, Report] = {}

    def submit(self, requests: Sequence[Request]) -> None:
        for request in requests:
            since = time.time()
            problem = submit([request], lambda request: request.payload, "debug", self.folder)[0].exception()
            ending = Ending(False, f"failed: {problem}") if problem else Ending(True)
            self.over[request.key] = Report(ending, "", [Submitted(since, [])])

    def name_of(self, key: str) -> str:  # noqa: ARG002 (the interface's)
        return ""

    def ended(self) -> dict[str, Report]:
        over, self.over = self.over, {}
        return over

    def counts(self) -> Counts:
        return Counts(running=len(self.over))

    def cancel(self) -> None:
        self.over.clear()

    def leave(self) -> int:
        return 0

    def farewell(self) -> list[str]:
        return []


def family(pid: int) -> list[Any]:
    """A process and all below it."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def signal_all(processes: Iterable[Any], number: signal.Signals) -> None:
    """Send a signal to those of the processes that are still there."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)
