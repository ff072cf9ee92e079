"""Where jobs run, behind one interface: Slurm, subprocesses of this machine, or this very process.

A cluster is given requests and answers with ids; it is asked for the endings of ids; and it cancels ids.
"""

import itertools
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psutil  # type: ignore[import-untyped]

from .status import Ending, ResultFiles, SlurmStates, Watcher
from .submission import Request, SubmissionError, submit

__all__ = ["Cluster", "DebugCluster", "LocalCluster", "SlurmCluster"]

SECONDS_TO_END = 3  # between SIGTERM and SIGKILL for local jobs


class Cluster(Protocol):
    """What the executor needs of a place where jobs run."""

    def submit(self, group: Sequence[Request]) -> list[str]:
        """Submit requests that ask for the same; an id for each. Raises SubmissionError."""

    def endings(self, ids: Iterable[str]) -> dict[str, Ending]:
        """The endings of those of the jobs that have ended."""

    def cancel(self, ids: Iterable[str]) -> None:
        """Cancel jobs, and return once that is on its way."""


@dataclass
class SlurmCluster:
    """Slurm through sbatch, sacct or squeue, and scancel; each called for all jobs at once."""

    folder: Path
    parallelism: int
    watcher: Watcher
    warn: Callable[[str], None]

    @classmethod
    def start(
        cls, folder: Path, parallelism: int, interval: float, patience: float, warn: Callable[[str], None]
    ) -> "SlurmCluster":
        """A cluster whose jobs' files lie in `folder`."""
        return cls(folder, parallelism, Watcher(ResultFiles(folder), SlurmStates(warn), interval, patience), warn)

    def submit(self, group: Sequence[Request]) -> list[str]:
        return [job.job_id for job in submit(group, "slurm", self.folder, self.parallelism)]

    def endings(self, ids: Iterable[str]) -> dict[str, Ending]:
        return self.watcher.endings(ids)

    def cancel(self, ids: Iterable[str]) -> None:
        numbers = sorted({job_id.split("_")[0] for job_id in ids})
        if not numbers:
            return
        try:
            subprocess.run(["scancel", *numbers], check=True, capture_output=True, text=True, timeout=60)
        except (OSError, subprocess.SubprocessError) as problem:
            words = getattr(problem, "stderr", "") or str(problem)
            self.warn(f"scancel failed ({words.strip()}); still in the queue: {' '.join(numbers)}")


class LocalCluster:
    """Subprocesses of this machine, as many at once as `cores` allow; the others wait here.

    Too many threads on too few cores are slower than one job after another. A job that wants more than there are
    runs alone.
    """

    def __init__(self, folder: Path, cores: int, patience: float) -> None:
        self.folder, self.cores = folder, cores
        self.numbers = itertools.count(1)
        self.waiting: dict[str, Request] = {}
        self.running: dict[str, tuple[Request, Any]] = {}
        self.refused: dict[str, Ending] = {}
        self.watcher = Watcher(ResultFiles(folder), self.states, 0.0, patience)
        self.lock = threading.Lock()  # submissions come from Snakemake's main thread, looks from another

    def submit(self, group: Sequence[Request]) -> list[str]:
        ids = [f"local-{next(self.numbers)}" for _ in group]
        with self.lock:
            self.waiting.update(zip(ids, group, strict=True))
            self.start_waiting()
        return ids

    def start_waiting(self) -> None:
        """Start jobs, in their order, while there are cores for the next."""
        for job_id, request in list(self.waiting.items()):
            used = sum(running.parameters["cpus_per_task"] for running, _ in self.running.values())
            if self.running and used + request.parameters["cpus_per_task"] > self.cores:
                return
            del self.waiting[job_id]
            try:
                self.running[job_id] = (request, submit([request], "local", self.folder)[0])
            except SubmissionError as problem:
                self.refused[job_id] = Ending(False, f"was not started: {problem}")

    def states(self, processes: Iterable[str]) -> dict[str, str]:
        """COMPLETED for each controller that has ended; by itself that says nothing about the job."""
        jobs = {job.job_id: job for _, job in self.running.values()}
        return {pid: "COMPLETED" if jobs[pid].done() else "RUNNING" for pid in processes}

    def endings(self, ids: Iterable[str]) -> dict[str, Ending]:
        ids = list(ids)
        with self.lock:
            names = {self.running[job_id][1].job_id: job_id for job_id in ids if job_id in self.running}
            ended = {names[pid]: ending for pid, ending in self.watcher.endings(names).items()}
            for job_id in ended:
                del self.running[job_id]
            self.start_waiting()
            return ended | {job_id: self.refused.pop(job_id) for job_id in ids if job_id in self.refused}

    def cancel(self, ids: Iterable[str]) -> None:
        with self.lock:
            self.waiting.clear()
            jobs = [self.running.pop(job_id)[1] for job_id in ids if job_id in self.running]
        processes = [process for job in jobs for process in family(int(job.job_id))]
        signal_all(processes, signal.SIGTERM)
        signal_all(psutil.wait_procs(processes, timeout=SECONDS_TO_END)[1], signal.SIGKILL)


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


class DebugCluster:
    """This process, one job after another, at submission; Ctrl-C ends the job that runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers = itertools.count(1)
        self.ended: dict[str, Ending] = {}

    def submit(self, group: Sequence[Request]) -> list[str]:
        ids = []
        for request in group:
            ids.append(f"debug-{next(self.numbers)}")
            problem = submit([request], "debug", self.folder)[0].exception()
            self.ended[ids[-1]] = Ending(False, f"failed: {problem}") if problem else Ending(True)
        return ids

    def endings(self, ids: Iterable[str]) -> dict[str, Ending]:
        return {job_id: self.ended.pop(job_id) for job_id in ids if job_id in self.ended}

    def cancel(self, ids: Iterable[str]) -> None:
        for job_id in ids:
            self.ended.pop(job_id, None)
