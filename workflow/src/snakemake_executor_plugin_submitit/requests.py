"""What the executor hands to a cluster, and what a cluster is."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .files import Ending
from .node.payload import Payload
from .used.usage import Submitted

__all__ = ["Cluster", "Counts", "Request", "grouped", "key_of", "rule_and_outputs"]


@dataclass(frozen=True)
class Request:
    """One Snakemake job, what it asks for (AutoExecutor's parameters) and what runs in it.

    `key` is the same for every attempt; `fingerprint` changes with what would run. `log_start` is the size in bytes of
    what earlier attempts left in its log.
    """

    job: Any
    key: str
    label: str
    parameters: dict[str, Any]
    payload: Payload
    fingerprint: str = ""
    log_start: int = 0

    @property
    def asked(self) -> str:
        """What it asks for, as one text."""
        return repr(sorted(self.parameters.items()))


@dataclass(frozen=True)
class Counts:
    """How many jobs wait to be submitted, wait in the queue, run; and how often one was requeued so far."""

    waiting: int = 0
    pending: int = 0
    running: int = 0
    requeued: int = 0


@dataclass(frozen=True)
class Report:
    """A job that has ended: how, under which id, and what its submissions used."""

    ending: Ending
    job_id: str
    submissions: Sequence[Submitted] = field(default_factory=tuple)


class Cluster(Protocol):
    """Where jobs run. Requests are known by their keys; every method may be called from any thread."""

    def submit(self, requests: Sequence[Request]) -> None:
        """Take jobs in charge: submitted now or, where a limit says so, later."""

    def name_of(self, key: str) -> str:
        """The id of a job's latest submission, empty before it."""

    def ended(self) -> dict[str, Report]:
        """The jobs that have ended since the last call; also does what is due."""

    def counts(self) -> Counts:
        """How the jobs are doing."""

    def cancel(self) -> None:
        """Cancel all jobs, and return once that is on its way."""

    def leave(self) -> int:
        """Let all jobs go on without this head, and return how many do."""

    def farewell(self) -> list[str]:
        """What a person should know at the end."""


def grouped(requests: Iterable[Request]) -> list[list[Request]]:
    """The requests by what they ask for, in the order of each group's first."""
    groups: dict[str, list[Request]] = {}
    for request in requests:
        groups.setdefault(request.asked, []).append(request)
    return list(groups.values())


def rule_and_outputs(job: Any) -> str:
    """What makes a Snakemake job itself: its rules and outputs, or its wildcards and log where it has none."""
    members = list(job.jobs) if job.is_group() else [job]
    lines = sorted(f"{member.rule.name}: {sorted(map(str, member.output)) or str(member)}" for member in members)
    return "\n".join(lines)


def key_of(job: Any) -> str:
    """A short name for a Snakemake job that every head gives it."""
    return hashlib.sha256(rule_and_outputs(job).encode()).hexdigest()[:20]
