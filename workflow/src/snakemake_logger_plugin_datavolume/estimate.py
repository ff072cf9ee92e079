"""When it may end: the jobs that are left are played through on as many slots as there are, with times as seen so far.

    slots = Slots()
    slots.observe(running=4, now=12.0)      # whenever the number changes
    seconds_left({"train": Kind(times=[58.0, 61.0], ages=[10.0, 25.0], waiting=28)}, slots.mean())

The times of a kind of job come from those that have ended and from those that still run: the first to end are the
quick ones, so a mean of these alone promises too much (the product-limit estimate of Kaplan and Meier, 1958).
Seconds are those of any steady clock.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from math import exp, fsum, log
from typing import NamedTuple

__all__ = ["Kind", "Slots", "Times", "seconds_left"]

_MEMORY = 30.0  # seconds in which the number of jobs at once is forgotten: the cluster gives more, or takes some away
_KNOWN = 0.25  # share of a kind's jobs whose times must be known before anything is said
_ALL = 0.999999  # likewise, above which none are missing
_TAIL = 8  # times that stand for those not seen yet
_FAR = 2.0  # none of which is longer than so many times the longest seen
_OVERTIME = 0.1  # a job that outlasts all others is taken to run on for this share of its age
_ROUNDS = 2  # jobs a slot that are played through; those before them only count with their mean
_GOLDEN = 0.6180339887498949  # its multiples spread evenly over 0..1, in an order without a pattern


class Kind(NamedTuple):
    """Jobs of one kind: seconds of those that ended, ages of those that run, how many are to come."""

    times: Sequence[float] = ()
    ages: Sequence[float] = ()
    waiting: int = 0

    @property
    def left(self) -> int:
        return len(self.ages) + self.waiting


class Slots:
    """How many jobs ran at once of late: a mean over time in which the past fades."""

    def __init__(self) -> None:
        self._running = 0
        self._since: float | None = None
        self._job_seconds = self._seconds = 0.0

    def observe(self, running: int, now: float, stalled: bool = False) -> None:
        """From now on so many run; `stalled` time, in which all wait for the cluster, does not count."""
        if self._since is not None and now > self._since:
            passed = now - self._since
            fading = exp(-passed / _MEMORY)
            self._job_seconds = self._job_seconds * fading + self._running * passed
            self._seconds = self._seconds * fading + passed
        counts = running > 0 or (self._since is not None and not stalled)
        self._running, self._since = running, now if counts else None

    def mean(self) -> float:
        """0 while nothing has run."""
        return self._job_seconds / self._seconds if self._seconds else 0.0


class Times:
    """How long a job of one kind takes, from times of ended jobs and ages of running ones; one must have ended."""

    def __init__(self, times: Sequence[float], ages: Sequence[float]) -> None:
        self._values: list[float] = []
        weights: list[float] = []
        rest, at_risk = 1.0, len(times) + len(ages)
        for value, runs in sorted([*((time, False) for time in times), *((age, True) for age in ages)]):
            if not runs:
                self._values.append(value)
                weights.append(rest / at_risk)
                rest -= weights[-1]
            at_risk -= 1
        self.known = 1.0 - rest  # share of the jobs that take no longer than the longest that has ended
        self._values += self._tail(list(accumulate(weights)), max([*times, *ages]))
        weights += [rest / _TAIL] * _TAIL
        self._shares = list(accumulate(weights))
        self.mean = fsum(value * weight for value, weight in zip(self._values, weights, strict=True))

    def _tail(self, shares: Sequence[float], oldest: float) -> list[float]:
        """Times of the jobs that outlast all that have ended: as if they were log-normal."""
        least = oldest * (1 + _OVERTIME)
        if self.known > _ALL or self._values[0] <= 0 or self._values[0] == self._values[-1]:
            return [least] * _TAIL
        from statistics import NormalDist, linear_regression  # slow to import, and jobs import this too

        normal = NormalDist()
        scores = [normal.inv_cdf(share - (share - before) / 2) for before, share in pairwise([0.0, *shares])]
        slope, middle = linear_regression(scores, [log(value) for value in self._values])
        beyond = [1 - (1 - shares[-1]) * (i + 0.5) / _TAIL for i in reversed(range(_TAIL))]
        times = (exp(middle + slope * normal.inv_cdf(share)) for share in beyond)
        return [min(max(least, time), _FAR * oldest) for time in times]

    def at(self, share: float) -> float:
        """The time that this share of the jobs does not exceed."""
        return self._values[min(bisect_left(self._shares, share), len(self._values) - 1)]

    def rest(self, age: float, share: float) -> float:
        """Likewise what a job of this age still needs."""
        before = bisect_right(self._values, age)
        past = self._shares[before - 1] if before else 0.0
        return max(self.at(past + (1 - past) * share) - age, _OVERTIME * age)


def seconds_left(kinds: Mapping[str, Kind], slots: float) -> float | None:
    """Seconds until all jobs have ended; None while that cannot be said.

    Kinds of which too little is known count as the mean job, as long as they are the fewer jobs.
    slots: jobs at once, for those that wait.
    """
    seen = {name: times for name, kind in kinds.items() if (times := _times(kind)) is not None}
    known = sum(kind.left for name, kind in kinds.items() if name in seen)
    unknown = sum(kind.left for kind in kinds.values()) - known
    waiting = sum(kind.waiting for kind in kinds.values())
    if not known or unknown > known or (waiting and slots <= 0):
        return None
    typical = Times([fsum(times.mean * kinds[name].left for name, times in seen.items()) / known], [])
    return _play([(kind, seen.get(name, typical)) for name, kind in kinds.items()], max(1, round(slots)))


def _play(kinds: Sequence[tuple[Kind, Times]], slots: int) -> float:
    """When the last job ends, if each slot takes the next job as soon as it is free."""
    rests = sorted(times.rest(age, _spread(i)) for kind, times in kinds for i, age in enumerate(kind.ages))
    free = [*[0.0] * (slots - len(rests)), *rests[-slots:]]  # sorted, and so a heap
    skipped = 0.0
    for kind, times in kinds:
        played = min(kind.waiting, _ROUNDS * slots)
        skipped += (kind.waiting - played) * times.mean
        for i in range(played):
            heapq.heapreplace(free, free[0] + times.at(_spread(i)))
    return skipped / slots + max(free)


def _spread(i: int) -> float:
    return (0.5 + i * _GOLDEN) % 1


def _times(kind: Kind) -> Times | None:
    """None while too little is known."""
    if not kind.times:
        return None
    times = Times(kind.times, kind.ages)
    return times if times.known >= _KNOWN else None
