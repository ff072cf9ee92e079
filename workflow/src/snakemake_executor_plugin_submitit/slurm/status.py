"""How the jobs are doing, all of them at once: result files first, then Slurm, rarely.

A job's result file is the proof that its payload ended, so most jobs are noticed by one listing of a folder. Slurm is
asked when a batch script has ended without one, and otherwise at intervals that double while nothing is news.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path

from ..files import Ending, JobFiles, listing
from .aside import Aside
from .commands import GONE

__all__ = ["Watcher", "kind"]

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
# After these no result can be on its way and nothing runs again; of the others Slurm may yet start the job once more.
FINAL = frozenset({"CANCELLED", "DEADLINE", "FAILED", "OUT_OF_MEMORY", "TIMEOUT"})
FINAL_SECONDS = 4.0
UNSURE_SECONDS = 20.0  # at least, until an end that Slurm may yet undo counts: a requeue takes it some seconds
AGAIN = frozenset({"PREEMPTED", "NODE_FAIL", "BOOT_FAIL", "REVOKED", GONE})  # no fault of the job's
FIRST_QUESTION, HINTED_QUESTION, UNSURE_QUESTION = 2.0, 1.0, 5.0  # seconds since the last one
HINT_SECONDS = 60.0
WAITING = frozenset({"PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT"})
TOO_EARLY = "User defined signal 2"  # srun's words where a warning ended Python before the payload could listen to it
WORDS = {
    "TIMEOUT": "ended at its time limit: its program did not stop at the warning before it",
    "OUT_OF_MEMORY": "ended for want of memory: ask for more mem_mb, or let it grow with attempt",
    GONE: "is unknown to Slurm, which has lost it",
}


@dataclass(frozen=True)
class Seen:
    """A job that Slurm says has ended: since when, and as what, and when Slurm last said so [s on the clock]."""

    since: float
    state: str
    confirmed: float


def kind(state: str) -> str:
    """The first word of a state of Slurm, such as `CANCELLED by 1000`."""
    return state if state == GONE else state.partition(" ")[0].rstrip("+")


class Watcher:
    """Finds the jobs that have ended. `states` is asked in the background: a command that hangs stops nothing.

    A job that ended without a result is given `patience` seconds, in which its file may still arrive or the job may
    run again; a final end is given less. `most` is the longest time between two questions.
    """

    def __init__(
        self,
        states: Callable[[Iterable[str]], Mapping[str, str]],
        patience: float,
        most: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
        background: Executor | None = None,
    ) -> None:
        self.ask, self.patience, self.most, self.clock = states, patience, most, clock
        self.background = background or Aside()
        self.question: Future[Mapping[str, str]] | None = None
        self.asked, self.interval = clock(), FIRST_QUESTION
        self.next = self.asked + self.interval
        self.states: dict[str, str] = {}  # what Slurm said last
        self.seen: dict[str, Seen] = {}
        self.hints: dict[Path, float] = {}  # hint → when Slurm was asked because of it
        self.present: set[Path] = set()

    def submitted(self) -> None:
        """New jobs are on their way: look closely again."""
        self.interval = FIRST_QUESTION
        self.next = min(self.next, self.clock() + FIRST_QUESTION)

    def endings(self, jobs: Mapping[str, JobFiles]) -> dict[str, Ending]:
        """The endings of those of the jobs, by their ids, that have ended."""
        self.present = listing({files.folder for files in jobs.values()})
        endings = {job_id: files.ending() for job_id, files in jobs.items() if files.result in self.present}
        rest = {job_id: files for job_id, files in jobs.items() if job_id not in endings}
        self.listen(rest)
        for job_id, files in rest.items():
            if job_id in self.seen and self.over(job_id):
                endings[job_id] = missing(files, self.seen[job_id].state)
        for job_id in endings:
            self.seen.pop(job_id, None)
            self.states.pop(job_id, None)
        return endings

    def over(self, job_id: str) -> bool:
        """Whether an end that Slurm told of counts by now: final, or said again after its time of grace."""
        seen = self.seen[job_id]
        if kind(seen.state) in FINAL:
            return self.clock() - seen.since >= min(self.patience, FINAL_SECONDS)
        return seen.confirmed - seen.since >= max(self.patience, UNSURE_SECONDS if kind(seen.state) in AGAIN else 0.0)

    def listen(self, jobs: Mapping[str, JobFiles]) -> None:
        """Take Slurm's answer when it is there, and ask anew when that is due."""
        if self.question and self.question.done():
            error = self.question.exception()
            self.learn({} if error else self.question.result())
            self.question = None
        if jobs and not self.question and self.due(jobs):
            self.asked = self.clock()
            self.interval = min(2 * self.interval, self.most)
            self.next = self.asked + self.interval
            self.question = self.background.submit(self.ask, set(jobs))
            if self.question.done():  # in tests
                self.listen(jobs)

    def due(self, jobs: Mapping[str, JobFiles]) -> bool:
        """Whether it is time to ask: a job ended without a result, an end is in doubt, or the interval is over."""
        waited, now = self.clock() - self.asked, self.clock()
        present = {files.ended: job_id for job_id, files in jobs.items() if files.ended in self.present}
        news = present.keys() - self.hints.keys()
        self.hints = {hint: self.hints.get(hint, now) for hint in present}
        if news and waited >= HINTED_QUESTION:
            return True
        doubted = any(kind(seen.state) not in FINAL for seen in self.seen.values()) or any(
            now - since < HINT_SECONDS and self.unexplained(present[hint]) for hint, since in self.hints.items()
        )
        return now >= self.next or (doubted and waited >= UNSURE_QUESTION)

    def unexplained(self, job_id: str) -> bool:
        """Whether Slurm has not said yet why a batch script ended: accounting lags behind."""
        return job_id not in self.seen and kind(self.states.get(job_id, "")) not in WAITING

    def started(self, job_id: str) -> bool:
        """Whether Slurm has said that a job runs."""
        return kind(self.states.get(job_id, "")) == "RUNNING"

    def running(self, jobs: Mapping[str, JobFiles]) -> int:
        """How many of the jobs have begun, by their notes, unless Slurm says that they wait again."""
        present = [job_id for job_id, files in jobs.items() if files.notes in self.present]
        return sum(kind(self.states.get(job_id, "")) not in WAITING for job_id in present)

    def learn(self, states: Mapping[str, str]) -> None:
        """Note which jobs have ended by Slurm's word, and which of those run again."""
        now = self.clock()
        self.states |= states
        for job_id, state in states.items():
            if state == GONE or kind(state) in ENDED:
                since = self.seen[job_id].since if job_id in self.seen else now
                self.seen[job_id] = Seen(since, state, now)
            else:
                self.seen.pop(job_id, None)


def missing(files: JobFiles, state: str) -> Ending:
    """The ending of a job that has left no result."""
    said = tuple(files.words()[-3:])
    if kind(state) == "FAILED" and any(TOO_EARLY in line for line in said):
        return Ending(False, "was warned before it had begun", said, again=True, state=state)
    words = WORDS.get(kind(state), f"ended as {state} and left no result")
    return Ending(False, words, said, again=kind(state) in AGAIN, state=state)
