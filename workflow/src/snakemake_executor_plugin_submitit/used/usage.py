"""What the attempts of one job add up to: time used, lost and waited, CPU seconds, memory, nodes.

    usage([Submitted(time, read_attempts(path))], ok=True, finished=time.time(), limit=3600)

A job has more than one submission when the head sent it again. When an attempt left no note of its end, Slurm's
accounting may know (`accounted`); without it, it counts as lost up to the job's next start, its time limit at most.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from ..node.attempts import Attempt

__all__ = ["Account", "Submitted", "Usage", "accounted", "usage"]

KEPT = ("ok", "stopped", "requeued")  # outcomes after which the work of an attempt is not lost
CLOCKS_APART = 60.0  # most seconds between Slurm's start of a job and its payload's


@dataclass(frozen=True)
class Account:
    """What Slurm's accounting holds on one run of a job, None where it gathers nothing."""

    start: float
    seconds: float
    cpu_seconds: float | None
    memory_mb: float | None


@dataclass(frozen=True)
class Submitted:
    """One submission of a job: when [seconds since 1970], its attempts, and what accounting holds on them, if asked."""

    time: float
    attempts: Sequence[Attempt]
    accounts: Sequence[Account] = ()


@dataclass(frozen=True)
class Usage:
    """Sums over all attempts, in seconds, and the most memory; `cpu_seconds` is None when one attempt's are unknown."""

    attempts: int
    requeues: int
    queue: float
    elapsed: float
    lost: float
    cpu_seconds: float | None
    memory_mb: float | None
    nodes: tuple[str, ...]


def usage(submissions: Sequence[Submitted], *, ok: bool, finished: float, limit: float) -> Usage:
    """Add up the attempts of a job that ended well or not at `finished`; `limit` [seconds] is that of one attempt."""
    if not submissions:
        return Usage(0, 0, 0.0, 0.0, 0.0, None, None, ())
    attempts: list[Attempt] = []
    queue = 0.0
    ends = [*(submission.time for submission in submissions[1:]), finished]
    for submission, end in zip(submissions, ends, strict=True):
        last = ok and submission is submissions[-1]
        closed = close(submission, last, end, limit)
        queue += waited(submission.time, closed, end)
        attempts += closed
    cpu = [attempt.cpu_seconds for attempt in attempts if attempt.cpu_seconds is not None]
    memory = [attempt.memory_mb for attempt in attempts if attempt.memory_mb is not None]
    return Usage(
        attempts=len(attempts),
        requeues=sum(restarts(submission.attempts) for submission in submissions) + len(submissions) - 1,
        queue=queue,
        elapsed=sum(map(seconds, attempts)),
        lost=sum(seconds(attempt) for attempt in attempts if attempt.outcome not in KEPT),
        cpu_seconds=sum(cpu) if attempts and len(cpu) == len(attempts) else None,
        memory_mb=max(memory, default=None),
        nodes=tuple(dict.fromkeys(attempt.node for attempt in attempts)),
    )


def close(submission: Submitted, ok: bool, finished: float, limit: float) -> list[Attempt]:
    """The attempts in the order of their starts, each with an end."""
    attempts = sorted(submission.attempts, key=lambda attempt: attempt.start)
    if not attempts:
        return []
    if ok and not attempts[-1].outcome:  # its result proves the end that it could not note
        attempts[-1] = replace(attempts[-1], end=max(finished, attempts[-1].start), outcome="ok")
    nexts = [*(attempt.start for attempt in attempts[1:]), finished]
    return [
        attempt if attempt.end is not None else lost(attempt, submission.accounts, until, limit)
        for attempt, until in zip(attempts, nexts, strict=True)
    ]


def lost(attempt: Attempt, accounts: Sequence[Account], until: float, limit: float) -> Attempt:
    """A lost attempt, with the end that accounting knows, or the latest it can have had."""
    known = [account for account in accounts if abs(account.start - attempt.start) <= CLOCKS_APART]
    if not known:
        return replace(attempt, end=max(attempt.start, min(until, attempt.start + limit)))
    account = min(known, key=lambda account: abs(account.start - attempt.start))
    end = max(attempt.start, account.start + account.seconds)
    return replace(attempt, end=end, cpu_seconds=account.cpu_seconds, memory_mb=account.memory_mb)


def waited(submitted: float, attempts: Sequence[Attempt], finished: float) -> float:
    """Seconds from the submission, and from each attempt's end, to the next start; to the end for a job never seen."""
    if not attempts:
        return max(0.0, finished - submitted)
    waited, ready = 0.0, submitted
    for attempt in attempts:
        waited += max(0.0, attempt.start - ready)
        ready = max(ready, attempt.end or attempt.start)
    return waited


def restarts(attempts: Sequence[Attempt]) -> int:
    """How often Slurm started the job again."""
    return max((attempt.restart for attempt in attempts), default=0)


def seconds(attempt: Attempt) -> float:
    """How long an attempt that has an end ran."""
    return max(0.0, (attempt.end or attempt.start) - attempt.start)


def accounted(table: str) -> dict[str, list[Account]]:
    """Accounts by job id, in order, from `sacct -D -P -o JobID,Start,ElapsedRaw,TotalCPU,MaxRSS`, heading and all."""
    accounts: dict[str, list[Account]] = {}
    heading, *lines = table.splitlines() or [""]
    for line in lines:
        row = dict(zip(heading.split("|"), line.split("|"), strict=False))
        with suppress(KeyError, ValueError):  # not started yet, or no such row
            job, dot, _ = row["JobID"].partition(".")
            if not dot:
                cpu = duration(row["TotalCPU"]) or None
                account = Account(moment(row["Start"]), float(row["ElapsedRaw"]), cpu, None)
                accounts.setdefault(job, []).append(account)
            elif job in accounts:  # a step, below its job: memory is only known of steps
                most = max(accounts[job][-1].memory_mb or 0, mebibytes(row["MaxRSS"])) or None
                accounts[job][-1] = replace(accounts[job][-1], memory_mb=most)
    return accounts


def moment(text: str) -> float:
    """Slurm's time, local or in seconds since 1970; raises ValueError for `Unknown`."""
    return float(text) if text.isdecimal() else datetime.fromisoformat(text).timestamp()


def duration(text: str) -> float:
    """Seconds in `[days-][hours:]minutes:seconds`."""
    days, _, clock = text.rpartition("-")
    total = 0.0
    for part in clock.split(":"):
        total = 60 * total + float(part)
    return 86400 * int(days or 0) + total


def mebibytes(text: str) -> float:
    """MiB in `123456K`; a plain number is bytes, nothing is 0."""
    if not text:
        return 0.0
    units = {"K": 2**-10, "M": 1.0, "G": 2**10, "T": 2**20}
    return float(text[:-1]) * units[text[-1]] if text[-1] in units else float(text) * 2**-20
