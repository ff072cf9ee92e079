"""Every question to Slurm, for all jobs at once; none raises, and each has an end.

    slurm = Commands(logger.warning)
    slurm.states({"1234_0", "1234_1", "1240"})   # {"1234_0": "RUNNING", "1240": "PENDING"}: nobody knew 1234_1
    slurm.cancel(["1234_1", "1240"])             # None, or what went wrong

A program that fails or hangs is left alone for a while, see `programs`; the others are asked meanwhile.
"""

import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from .programs import SECONDS, Programs
from .reasons import submission_problem

__all__ = ["GONE", "Commands", "Limits"]

GONE = "UNKNOWN to Slurm"  # the state of a job that slurmctld answered about, and has forgotten
FORGOTTEN = "Invalid job id"
OVER = (FORGOTTEN, "already completing or completed")  # scancel on jobs that have ended: what was wanted
NO_TASK = "4294967294"  # what scontrol prints for the tasks of an array that were cancelled before they started
AT_ONCE = 10_000  # job ids on one command line: 90 kB, where Linux takes 128 in one argument


@dataclass(frozen=True)
class Limits:
    """What a site allows: `max_array_size` tasks in one array, numbered from 0."""

    max_array_size: int = 1001


class Commands:
    """Slurm's programs; `warn` is called with one line when one of them fails or answers again."""

    def __init__(
        self, warn: Callable[[str], None], clock: Callable[[], float] = time.monotonic, seconds: float = SECONDS
    ) -> None:
        self.programs = Programs(warn, clock, seconds)
        self.known_limits: Limits | None = None
        self.lost: set[str] = set()  # tokens of submissions that may be in the queue though nobody wants them

    # What is known of jobs

    def states(self, ids: Iterable[str]) -> dict[str, str]:
        """Slurm's word on jobs, such as `CANCELLED by 1000`, or GONE; those that nobody can tell now are left out.

        sacct is asked first, squeue for what it lacks, scontrol when squeue does not answer.
        """
        self.cancel_lost()
        wanted, states = set(ids), dict[str, str]()
        for source in (self.accounted, self.queued, self.controlled):
            missing = wanted - states.keys()
            if missing:
                states |= source(missing)
        return states

    def accounted(self, ids: set[str]) -> dict[str, str]:
        """The states that accounting knows; it lags some seconds, and of a requeued job tells the newest start."""
        rows = self.table(["sacct", "-X", "-P", "-n", "-o", "JobID,State", "-j"], ids) or {}
        return {job_id: rows[job_id] for job_id in ids & rows.keys()}

    def queued(self, ids: set[str]) -> dict[str, str]:
        """The states that slurmctld knows, GONE for what it has forgotten; empty when squeue does not answer."""
        rows = self.table(["squeue", "-a", "-h", "-t", "all", "-o", "%i|%T", "-j"], ids, FORGOTTEN)
        return {} if rows is None else {job_id: found(job_id, rows) for job_id in ids}

    def controlled(self, ids: set[str]) -> dict[str, str]:
        """As `queued`, by scontrol; not asked when squeue has just found no slurmctld."""
        if submission_problem(self.programs.last_words("squeue")) == "busy":
            return {}
        answer = self.programs.ask(["scontrol", "-a", "-o", "show", "job"])
        if answer is None:
            return {}
        rows = spelt_out(controlled_rows(answer))
        return {job_id: found(job_id, rows) for job_id in ids}

    def pending(self, ids: Iterable[str]) -> dict[str, str]:
        """Slurm's reason, such as `Priority`, for each of the jobs that wait in the queue; empty without an answer."""
        wanted = set(ids)
        rows = self.table(["squeue", "-a", "-h", "-t", "PENDING", "-o", "%i|%r", "-j"], wanted, FORGOTTEN) or {}
        return {job_id: rows[job_id] for job_id in wanted & rows.keys()}

    def tokens(self) -> dict[str, str] | None:
        """`{comment: number}` of one's own jobs and arrays with a comment, ended ones too; None without an answer."""
        answer = self.programs.ask(["squeue", "--me", "-a", "-h", "-t", "all", "-o", "%F|%k"])
        if answer is None:
            return None
        rows = (line.split("|", 1) for line in answer.splitlines() if "|" in line)
        return {comment.strip(): number for number, comment in rows if comment.strip() not in ("", "(null)")}

    def limits(self) -> Limits:
        """What the site allows; Slurm's defaults until scontrol has answered."""
        if self.known_limits is None:
            answer = self.programs.ask(["scontrol", "show", "config"])
            if answer is None:
                return Limits()
            sizes = re.findall(r"^MaxArraySize\s*=\s*(\d+)|\bmax_array_tasks=(\d+)", answer, re.MULTILINE)
            self.known_limits = Limits(min((int(a or b) for a, b in sizes), default=Limits.max_array_size))
        return self.known_limits

    # What is done to jobs

    def cancel(self, ids: Iterable[str], states: Sequence[str] = ()) -> str | None:
        """Cancel jobs, tasks (`8_1`) and whole arrays (`8`), only those in `states` if given; the words of a failure.

        A job that has ended already is no failure.
        """
        filters = [f"--state={','.join(states)}"] if states else []
        said = [self.programs.told(["scancel", *filters, *targets(some)], OVER) for some in chunks(ids)]
        return "; ".join(dict.fromkeys(words for words in said if words)) or None

    def cancel_lost(self, tokens: Set[str] = frozenset()) -> None:
        """Cancel submissions with these tokens, whose answer was lost, if Slurm has them; they would not run, see
        `ledger`. Those that squeue does not tell of now are cancelled at a later call, as `states` makes them.
        """
        self.lost |= tokens
        lost = set(self.lost)
        known = self.tokens() if lost else None
        if known is None:
            return
        numbers = [number for comment, number in known.items() if comment.removeprefix("submitit:") in lost]
        self.lost -= lost
        if numbers:
            self.cancel(numbers)

    def exclude(self, numbers: Iterable[str], nodes: Iterable[str]) -> None:
        """Keep what still waits of these jobs and arrays off `nodes`, which replace those it was kept off before.

        As far as Slurm lets us. Where no node is left, it holds the job for BadConstraints until it may use one again.
        """
        names = ",".join(sorted(nodes))
        for some in chunks({job_id.partition("_")[0] for job_id in numbers}):
            if not self.programs.resting("scontrol"):
                self.programs.told(["scontrol", "update", f"jobid={','.join(some)}", f"excnodelist={names}"])

    def table(self, command: Sequence[str], ids: Iterable[str], empty: str = "") -> dict[str, str] | None:
        """`{job id: text}` from lines `id|text` about the jobs with these numbers; None without an answer."""
        lines: list[str] = []
        for numbers in chunks({job_id.partition("_")[0] for job_id in ids}):
            answer = self.programs.ask([*command, ",".join(numbers)], empty)
            if answer is None:
                return None
            lines += answer.splitlines()
        rows = (line.split("|", 1) for line in lines if "|" in line)
        return spelt_out((job_id, text.strip()) for job_id, text in rows)


def chunks(ids: Iterable[str]) -> Iterator[list[str]]:
    """The ids in order, as many at once as a command line surely takes."""
    ordered = sorted(set(ids), key=place)
    for start in range(0, len(ordered), AT_ONCE):
        yield ordered[start : start + AT_ONCE]


def place(job_id: str) -> tuple[float, ...]:
    """Where a job stands in the order of numbers: 9, 10, 10_0."""
    return tuple(float(part) if part.isdecimal() else math.inf for part in job_id.split("_"))


def targets(ids: Iterable[str]) -> list[str]:
    """The ids with the tasks of an array as one word, `8_[0,2]`."""
    tasks: dict[str, list[str]] = {}
    for job_id in ids:
        number, _, task = job_id.partition("_")
        tasks.setdefault(number, []).append(task)
    return [number if "" in some else f"{number}_[{','.join(some)}]" for number, some in tasks.items()]


def found(job_id: str, rows: Mapping[str, str]) -> str:
    """The job's state, else its array's: tasks that were cancelled before they started are left under its number."""
    return rows.get(job_id) or rows.get(job_id.partition("_")[0]) or GONE


def spelt_out(rows: Iterable[tuple[str, str]]) -> dict[str, str]:
    """`{job id: text}` with ranges spelt out; a task's own row counts more than a range, which sacct may print last."""
    ranges: dict[str, str] = {}
    single: dict[str, str] = {}
    for job_id, text in rows:
        number, bracket, tasks = job_id.partition("_[")
        if bracket:
            ranges |= {f"{number}_{task}": text for task in numbers_in(tasks)}
        else:
            single[job_id] = text
    return ranges | single


def numbers_in(tasks: str) -> Iterator[int]:
    """The numbers in an array's `0-3,7,10-20:5%2]`."""
    for part in re.findall(r"[\d:-]+", tasks.partition("%")[0]):
        if match := re.fullmatch(r"(\d+)(?:-(\d+)(?::(\d+))?)?", part):
            first, last, step = match.groups()
            yield from range(int(first), int(last or first) + 1, int(step or 1))


def controlled_rows(answer: str) -> Iterator[tuple[str, str]]:
    """Job id and state from the lines of `scontrol -o show job`."""
    for line in answer.splitlines():
        if match := re.match(r"JobId=(\d+)(?: ArrayJobId=(\d+) ArrayTaskId=(\S+))?.*? JobState=([A-Z_]+) ", line):
            job, array, tasks, state = match.groups()
            yield (job if tasks in (None, NO_TASK) else f"{array}_{tasks if tasks.isdecimal() else f'[{tasks}'}"), state
