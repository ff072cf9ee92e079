"""How far a workflow is: what Snakemake and the executor tell of jobs, counted.

    progress = Progress()
    progress.plan({"train": 30, "report": 1}, now)
    progress.start(7, "train", now, local=False)
    progress.hear({"running": 1, "pending": 0}, now)   # an executor's own counts, see `Progress.hear`
    progress.finish(7, now)
    progress.counts(), progress.seconds_left(now)

`now`: seconds of the epoch, as all times here.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from snakemake_logger_plugin_datavolume.estimate import Kind, Slots, seconds_left

__all__ = ["Counts", "Progress"]

_PAUSE = 1.0  # seconds between two estimates; they cost milliseconds
_LATEST = 500  # jobs of a rule whose times count


class Counts(NamedTuple):
    """Jobs by how they are doing. waiting: not submitted, or their inputs are not there yet; requeued: times so far."""

    planned: int = 0
    done: int = 0
    failed: int = 0
    running: int = 0
    pending: int = 0
    waiting: int = 0
    requeued: int = 0


class Progress:
    """Counts jobs by rule."""

    def __init__(self) -> None:
        self.since = 0.0
        self._planned: Counter[str] = Counter()
        self._done: Counter[str] = Counter()
        self._failed: dict[int, str] = {}
        self._rules: dict[int, str] = {}  # of jobs that were started
        self._local: dict[int, float] = {}  # jobs that Snakemake runs itself: when they began
        self._sent: dict[int, float] = {}  # jobs that an executor has: since when
        self._times: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=_LATEST))  # seconds
        self._slots = Slots()
        self._executor = _Executor()
        self._until: float | None = None  # the estimated end
        self._estimated = 0.0  # when

    def plan(self, counts: Mapping[str, int], now: float) -> None:
        """How many jobs of each rule there are to do."""
        self.since = self.since or now
        self._planned = Counter(counts)

    def start(self, job: int, rule: str, now: float, local: bool) -> None:
        """A job was started here, or handed to an executor; a failed one may be tried again."""
        self._failed.pop(job, None)
        self._rules[job] = rule
        self._planned.setdefault(rule, 1)  # a checkpoint adds jobs
        (self._local if local else self._sent)[job] = now
        self._observe(now)

    def hear(self, told: Mapping[str, Any], now: float) -> None:
        """An executor's record; every key may be absent.

        `pending`, `running`: jobs now; `requeued`: times so far; `reattached`: when each job that an earlier call left
        running began; `ran`: job → seconds on its nodes, for jobs about to be reported as finished.
        """
        self._executor.hear(told, now, len(self._sent))
        self._observe(now)

    def finish(self, job: int, now: float) -> float:
        """The seconds that the job has run."""
        seconds = self._seconds(job, now)
        rule = self._take(job)
        self._done[rule] += 1
        self._planned[rule] = max(self._planned[rule], self._done[rule])
        self._times[rule].append(seconds)
        self._observe(now)
        return seconds

    def fail(self, job: int, now: float) -> None:
        """The job failed; it may be started again."""
        self._seconds(job, now)
        self._failed[job] = self._take(job)
        self._observe(now)

    def _seconds(self, job: int, now: float) -> float:
        """How long a job that ends now has run."""
        began = self._local.get(job, self._sent.get(job, now))
        if job in self._sent and self._executor.tells:
            began = self._executor.end(now)
        return self._executor.ran.pop(job, max(0.0, now - began))

    def _take(self, job: int) -> str:
        self._local.pop(job, None)
        self._sent.pop(job, None)
        return self._rules.get(job, "")

    def counts(self) -> Counts:
        """All at once, so that they add up."""
        planned, done, failed = self._planned.total(), self._done.total(), len(self._failed)
        running, pending = self._running(), self._pending()
        waiting = max(0, planned - done - failed - running - pending)
        return Counts(planned, done, failed, running, pending, waiting, self._executor.requeued)

    def seconds_left(self, now: float) -> float | None:
        """None while it cannot be said: too few jobs have ended, or all wait for the cluster."""
        self._observe(now)
        counts = self.counts()
        if not counts.running and (counts.pending or not counts.waiting):
            return None
        if self._until is None or abs(now - self._estimated) >= _PAUSE:
            left = seconds_left(self._kinds(now), self._slots.mean())
            self._until, self._estimated = None if left is None else now + left, now
        return None if self._until is None else max(0.0, self._until - now)

    def _kinds(self, now: float) -> dict[str, Kind]:
        """The jobs that are left, by rule. Those that an executor runs are taken to be of the rule it has most of."""
        ages: dict[str, list[float]] = {rule: [] for rule in self._planned}
        for job, began in self._local.items():
            ages[self._rules[job]].append(max(0.0, now - began))
        for rule, _ in Counter(self._rules[job] for job in self._sent).most_common(1):
            ages[rule] += [max(0.0, now - began) for began in self._begins()]
        failed = Counter(self._failed.values())
        waiting = {rule: n - self._done[rule] - failed[rule] - len(ages[rule]) for rule, n in self._planned.items()}
        return {rule: Kind(self._times[rule], ages[rule], max(0, waiting[rule])) for rule in self._planned}

    def _running(self) -> int:
        return len(self._local) + len(self._begins())

    def _pending(self) -> int:
        return min(self._executor.pending, len(self._sent) - len(self._executor.began))

    def _begins(self) -> Collection[float]:
        """When the jobs that an executor runs began; one that tells nothing is taken to run all it has."""
        return self._executor.began if self._executor.tells else self._sent.values()

    def _observe(self, now: float) -> None:
        running = self._running()
        self._slots.observe(running, now, stalled=not running and self._pending() > 0)


class _Executor:
    """What an executor tells of its jobs as a whole; which of them run is not known, so first in is first out."""

    def __init__(self) -> None:
        self.tells = False
        self.pending = self.requeued = 0
        self.ran: dict[int, float] = {}
        self.began: deque[float] = deque()  # a time for each running job, the oldest first
        self._left: deque[float] = deque()  # likewise of jobs that no longer run and are not reported yet

    def hear(self, told: Mapping[str, Any], now: float, jobs: int) -> None:
        """`jobs`: how many the executor has."""
        self.ran |= told.get("ran", {})
        self.began.extendleft(sorted(told.get("reattached", ()), reverse=True))
        requeues = told.get("requeued", self.requeued) - self.requeued
        self.requeued += requeues
        self.pending = told.get("pending", self.pending)
        if "running" in told:
            self.tells = True
            self._match(min(told["running"], jobs), now, requeues)

    def _match(self, running: int, now: float, requeues: int) -> None:
        """Keep a time for each of so many running jobs."""
        while len(self.began) > running:
            began = self.began.popleft()
            if requeues > 0:
                requeues -= 1
            else:
                self._left.append(began)
        self.began.extend([now] * (running - len(self.began)))

    def end(self, now: float) -> float:
        """When a job that ended by now began."""
        ended = self._left or self.began
        return ended.popleft() if ended else now
