"""Which nodes fail jobs: bookkeeping only, told of each job that ends, and asked whom new jobs should avoid.

    nodes = NodeBlame()
    nodes.observe(key, attempts, state="NODE_FAIL", ok=False, label="train.a")
    nodes.excluded        ["n13"], for sbatch --exclude
    nodes.summary()       ["node n13 failed 2 jobs (train.a lost; train.b failed, but not on n2): excluded since …"]

What a node can be guilty of, and a program that fails everywhere cannot:

- **lost**: Slurm says NODE_FAIL or BOOT_FAIL, or an attempt has no end and the job went on elsewhere. Counts as it is.
- **no result**: the job failed and its payload could not say why, as where a file system is missing; or it **failed**
  there, and the same request then succeeded on another node. Counts while the node does far worse than the others:
  what fails now and then on all nodes is the job's own.

Cancelled, preempted, timed out, out of memory, superseded: nobody's fault. A node that failed two different jobs is
excluded from then on, but never more than half of the nodes seen: what so many share is more likely the file system's,
or the workflow's, and somewhere the jobs must run.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ..node.attempts import Attempt

__all__ = ["NodeBlame"]

LOST = frozenset({"NODE_FAIL", "BOOT_FAIL"})
SILENT = frozenset({"FAILED", "COMPLETED"})  # without a result: the payload did not get so far as to leave one
JOBS_TO_EXCLUDE = 2
# A node's share of failed jobs against that of the others. When 1 in 20 of 1000 jobs fails by chance, 6 of 20 sound
# nodes look guilty at some time with 2, and 2 with 4; a node that fails all it gets is found at its second job.
TIMES_WORSE = 4
JOBS_NAMED = 3


@dataclass
class Record:
    """One node: the jobs it failed (key → label and how), those lost among them, and how many it brought to an end."""

    failed: dict[str, str] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    good: int = 0


@dataclass
class NodeBlame:
    """What is known of the nodes so far; `clock` gives the seconds since 1970 at which a node is found guilty."""

    clock: Callable[[], float] = time.time
    records: dict[str, Record] = field(default_factory=dict)
    guilty: dict[str, float] = field(default_factory=dict)
    suspects: dict[str, dict[str, str]] = field(default_factory=dict)  # job → node it failed on → what it asked for

    def observe(
        self,
        key: str,
        attempts: Sequence[Attempt],
        state: str = "",
        ok: bool = False,
        *,
        label: str = "",
        asked: str = "",
        node: str = "",
        nodes: int = 1,
    ) -> None:
        """A job has ended, or one submission of it: `attempts` are those of this submission, in order.

        `state` is Slurm's where the job left no result; `asked` any text that is the same for the same request; `node`
        where Slurm says it ran, for a job without attempts. Of a job on several `nodes` nobody knows which one failed.
        """
        places = [attempt.node for attempt in attempts] or [node] * bool(node)
        for place in places:
            self.records.setdefault(place, Record())
        if not places or nodes > 1:
            return
        for place in gone_on_elsewhere(attempts):
            self.charge(place, key, f"{label or key} lost", lost=True)
        if ok:
            self.praise(key, winner(attempts) or places[-1], label or key, asked)
        else:
            self.failure(key, places[-1], attempts[-1] if attempts else None, state, label or key, asked)
        self.judge()

    def praise(self, key: str, place: str, label: str, asked: str) -> None:
        """A job succeeded: where it failed before, asking for the same, it was the node."""
        self.records[place].good += 1
        for suspect, wanted in self.suspects.pop(key, {}).items():
            if suspect != place and wanted == asked:
                self.charge(suspect, key, f"{label} failed, but not on {place}")

    def failure(self, key: str, place: str, last: Attempt | None, state: str, label: str, asked: str) -> None:
        """A job's last attempt was no success: the node's fault, perhaps the node's, or nobody's."""
        kind = (state.split() or [""])[0].rstrip("+")
        outcome = last.outcome if last else ""
        if kind in LOST:
            self.charge(place, key, f"{label} lost", lost=True)
        elif outcome == "failed" or (not outcome and not kind):
            self.suspects.setdefault(key, {})[place] = asked
        elif not outcome and kind in SILENT:
            self.charge(place, key, f"{label} left no result")

    def charge(self, place: str, key: str, words: str, *, lost: bool = False) -> None:
        """Note that a node failed a job; the same job twice is one."""
        record = self.records[place]
        record.failed.setdefault(key, words)
        if lost:
            record.lost.add(key)

    def judge(self) -> None:
        """Find guilty, from now on, each node that failed two different jobs; or not, when others turn out as bad."""
        for place, record in self.records.items():
            lost, failed = (len(jobs) >= JOBS_TO_EXCLUDE for jobs in (record.lost, record.failed))
            if lost or (failed and self.worse_than_others(place)):
                self.guilty.setdefault(place, self.clock())
            else:
                self.guilty.pop(place, None)

    def worse_than_others(self, place: str) -> bool:
        """Whether more of a node's jobs fail than on the nodes that nobody excludes, one of which is known to work."""
        here = self.records[place]
        others = [record for name, record in self.records.items() if name != place and name not in self.guilty]
        failed, good = sum(len(record.failed) for record in others), sum(record.good for record in others)
        share = len(here.failed) / (len(here.failed) + here.good)
        return good > 0 and share > TIMES_WORSE * failed / (failed + good)

    @property
    def excluded(self) -> list[str]:
        """The nodes that new jobs should avoid, sorted: the first found guilty, at most half of those seen."""
        return sorted(list(self.guilty)[: len(self.records) // 2])

    def summary(self) -> list[str]:
        """A line for each node found guilty."""
        return [self.line(place, since) for place, since in self.guilty.items()]

    def line(self, place: str, since: float) -> str:
        """What a node did, and what became of it."""
        failed = list(self.records[place].failed.values())
        named = "; ".join(failed[:JOBS_NAMED]) + (f"; and {len(failed) - JOBS_NAMED} more" * (len(failed) > JOBS_NAMED))
        moment = time.strftime("%Y-%m-%d %H:%M", time.localtime(since))
        fate = f"excluded since {moment}; tell your administrators"
        if place not in self.excluded:
            fate = "still used, as half of the nodes seen are excluded already; is it really the nodes?"
        return f"node {place} failed {len(failed)} jobs ({named}): {fate}"


def gone_on_elsewhere(attempts: Sequence[Attempt]) -> Iterator[str]:
    """The nodes of attempts that have no end, though the job was started on another node after them."""
    for index, attempt in enumerate(attempts):
        if not attempt.outcome and any(later.node != attempt.node for later in attempts[index + 1 :]):
            yield attempt.node


def winner(attempts: Sequence[Attempt]) -> str:
    """The node on which a job succeeded, empty where its end was not noted."""
    return next((attempt.node for attempt in reversed(attempts) if attempt.outcome == "ok"), "")
