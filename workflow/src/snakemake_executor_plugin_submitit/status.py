"""How the jobs are doing, all of them at once: result files first, then one `sacct`, then one `squeue`.

A job's result file is the proof that its payload ended, so most jobs are noticed by one listing of a folder; Slurm is
asked, and rarely, only for jobs that end without one: cancelled, killed, lost with their node.
"""

import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from submitit.core.utils import pickle_load
from submitit.slurm.slurm import SlurmInfoWatcher

__all__ = ["Ending", "ResultFiles", "SlurmStates", "Watcher", "tail"]

ENDED = frozenset(
    {
        "BOOT_FAIL",
        "CANCELLED",
        "COMPLETED",
        "DEADLINE",
        "FAILED",
        "NODE_FAIL",
        "OUT_OF_MEMORY",
        "PREEMPTED",
        "REVOKED",
        "TIMEOUT",
    }
)
# After these no result can be on its way and nothing runs again; PREEMPTED, NODE_FAIL and COMPLETED are less sure.
FINAL = frozenset({"CANCELLED", "DEADLINE", "FAILED", "OUT_OF_MEMORY", "TIMEOUT"})
FINAL_SECONDS = 5.0
GONE = "UNKNOWN to Slurm"
FAREWELL = (  # how the inner Snakemake ends after an error: not what a person looks for in a log's last lines
    "Shutting down, this might take some time.",
    "Exiting because a job execution failed.",
    "Storing output in storage.",
    "Elapsed time: ",
    "WorkflowError:",
    "At least one job did not complete successfully.",
)
COMMAND_SECONDS = 60  # a Slurm command that hangs longer counts as failed


@dataclass(frozen=True)
class Ending:
    """How a job ended: `reason` is one line for a person, `words` what Slurm or submitit said around the job."""

    ok: bool
    reason: str = ""
    words: tuple[str, ...] = ()


def kind(state: str) -> str:
    """The first word of a state of Slurm, such as `CANCELLED by 1000`."""
    return state.partition(" ")[0].rstrip("+")


class ResultFiles:
    """The results that submitit's payloads left in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def endings(self, ids: Iterable[str]) -> dict[str, Ending]:
        """The endings of those jobs whose result lies there."""
        try:
            self.folder.chmod(0o700)  # as it is, but a network file system now lists what is there, not what was
            present = {path.name for path in self.folder.iterdir()}
        except OSError:
            return {}
        return {job_id: self.read(job_id) for job_id in ids if self.result(job_id).name in present}

    def result(self, job_id: str) -> Path:
        """Where submitit leaves the result of a job's first task, the only one that runs a payload."""
        return self.folder / f"{job_id}_0_result.pkl"

    def read(self, job_id: str) -> Ending:
        """The ending in a job's result file; a failure's reason is the last line of its trace."""
        try:
            outcome, result = pickle_load(self.result(job_id))
        except Exception as problem:
            return Ending(False, f"left an unreadable result ({problem})")
        if outcome == "success":
            return Ending(True)
        reason = str(result).strip().splitlines()[-1].rpartition("Error: ")[2]
        words = tuple(line for line in self.words(job_id) if line.startswith("slurm"))
        return Ending(False, f"failed: {reason}", words)

    def missing(self, job_id: str, state: str) -> Ending:
        """The ending of a job that has left no result."""
        return Ending(False, f"ended as {state} and left no result", tuple(self.words(job_id)[-3:]))

    def words(self, job_id: str) -> list[str]:
        """The last lines of what submitit, and Slurm's daemon on the node, wrote around a job."""
        return tail(self.folder / f"{job_id}_0_log.err", 30)


@dataclass
class SlurmStates:
    """Slurm's own word on jobs: `{id: state}` from one sacct, and from one squeue for those that sacct lacks."""

    warn: Callable[[str], None]
    warned: set[str] = field(default_factory=set)

    def __call__(self, ids: Iterable[str]) -> dict[str, str]:
        wanted = set(ids)
        states = self.ask(["sacct", "-X", "-P", "-o", "JobID,State", "-j"], wanted) or {}
        missing = wanted - states.keys()
        if missing:
            queued = self.ask(["squeue", "-r", "-t", "all", "-o", "%i|%T", "-j"], missing)
            if queued is not None:
                states.update((job_id, queued.get(job_id, GONE)) for job_id in missing)
        return {job_id: state for job_id, state in states.items() if job_id in wanted}

    def ask(self, command: list[str], ids: set[str]) -> dict[str, str] | None:
        """The states that a command prints, or None, with one warning, when it cannot say."""
        numbers = ",".join(sorted({job_id.split("_")[0] for job_id in ids}))
        try:
            done = subprocess.run([*command, numbers], capture_output=True, text=True, timeout=COMMAND_SECONDS)
        except (OSError, subprocess.TimeoutExpired) as problem:
            self.unanswered(command[0], str(problem))
            return None
        if done.returncode == 0:
            return read_states(done.stdout)
        if "Invalid job id" in done.stderr:  # squeue has forgotten every one of them
            return {}
        self.unanswered(command[0], done.stderr.strip())
        return None

    def unanswered(self, command: str, problem: str) -> None:
        """Warn once for each command."""
        if command not in self.warned:
            self.warned.add(command)
            self.warn(f"{command} does not answer ({problem}); going on without it")


def read_states(table: str) -> dict[str, str]:
    """`{job id: state}` from lines `id|state` under a heading; ranges of an array are spelt out."""
    rows = table.splitlines()
    text = "\n".join(["JobID|State", *rows[1:]])
    read: Mapping[str, Mapping[str, str]] = SlurmInfoWatcher().read_info(text)
    return {job_id: row["State"] for job_id, row in read.items()}


class Watcher:
    """Finds the jobs that have ended: results at each look, `states` at most every `interval` seconds.

    A job that ended without a result is given `patience` seconds, in which its file may still arrive or the job may
    run again; a final end is given less.
    """

    def __init__(
        self,
        results: ResultFiles,
        states: Callable[[Iterable[str]], dict[str, str]],
        interval: float,
        patience: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.results, self.states, self.clock = results, states, clock
        self.interval, self.patience = interval, patience
        self.asked = clock()
        self.ended: dict[str, tuple[float, str]] = {}  # job → when its end was first seen, and as what

    def endings(self, ids: Iterable[str]) -> dict[str, Ending]:
        """The endings of those of the jobs that have ended."""
        active = set(ids)
        endings = self.results.endings(active)
        rest = active - endings.keys()
        if rest and self.clock() - self.asked >= self.interval:
            self.look(rest)
        for job_id in rest & self.ended.keys():
            seen, state = self.ended[job_id]
            patience = min(self.patience, FINAL_SECONDS) if kind(state) in FINAL else self.patience
            if self.clock() - seen >= patience:
                endings[job_id] = self.results.missing(job_id, state)
        for job_id in endings:
            self.ended.pop(job_id, None)
        return endings

    def look(self, ids: set[str]) -> None:
        """Ask for the states of `ids` and note those that have ended, and those that run again."""
        states: Mapping[str, Any] = self.states(ids)
        self.asked = self.clock()
        for job_id, state in states.items():
            if state == GONE or kind(state) in ENDED:
                self.ended.setdefault(job_id, (self.asked, state))
            else:
                self.ended.pop(job_id, None)


def tail(path: Path, lines: int = 10, start: int = 0) -> list[str]:
    """The last lines that say something, at most `lines`, of a text file from byte `start`; none without the file."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(start, path.stat().st_size - 1000 * lines))
            text = stream.read().decode("utf-8", errors="replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip() and not line.startswith(FAREWELL)][-lines:]
