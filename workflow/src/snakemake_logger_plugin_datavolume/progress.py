"""How far a workflow is, and when it may end: from the mean time of each rule and the jobs that ran side by side."""

from __future__ import annotations

from collections import Counter

__all__ = ["Progress", "duration"]


class Progress:
    """Counts jobs by rule; times are seconds of any steady clock."""

    def __init__(self) -> None:
        self.planned: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.busy: Counter[str] = Counter()
        self.starts: dict[int, float] = {}
        self.first = self.last = 0.0

    def plan(self, counts: dict[str, int]) -> None:
        self.planned = Counter(counts)

    def start(self, job: int, now: float) -> None:
        if not self.starts and not self.done:
            self.first = now
        self.starts[job] = now

    def finish(self, job: int, rule: str, now: float) -> float:
        """The job's seconds."""
        seconds = now - self.starts.pop(job, now)
        self.done[rule] += 1
        self.busy[rule] += seconds  # type: ignore[assignment]
        self.last = now
        return seconds

    def count(self) -> str:
        """`[14/33]`, the numbers set under one another."""
        total = str(self.planned.total())
        return f"[{self.done.total():>{len(total)}}/{total}]"

    def seconds_left(self) -> float:
        """0 while nothing is known. A rule that has not run yet is taken to last as long as the mean job."""
        if not self.done.total() or self.last <= self.first:
            return 0.0
        mean = self.busy.total() / self.done.total()
        work = sum(
            max(0, count - self.done[rule]) * (self.busy[rule] / self.done[rule] if self.done[rule] else mean)
            for rule, count in self.planned.items()
        )
        side_by_side = max(1.0, self.busy.total() / (self.last - self.first))
        return work / side_by_side


def duration(seconds: float) -> str:
    """`4.1 s`, `50 s`, `3 min`, `2 h 05 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
