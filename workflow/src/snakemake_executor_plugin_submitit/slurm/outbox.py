"""Jobs on their way to Slurm: arrays no larger than the site takes, and patience where the queue is full.

    outbox = Outbox(send, max_size=lambda: 1001)
    outbox.add(requests)
    refused = outbox.flush()        # sends what may go now; {key: why} for what Slurm will never take

A submission that a limit refuses is halved until it fits; when not even one job fits, all wait, longer each time, or
until `room` is told: then as many go out as have ended. Nothing waits for ever: the head is asked to flush at every
look.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence

from ..requests import Request, grouped

__all__ = ["Outbox", "SubmissionError"]

FIRST_WAIT, LONGEST_WAIT = 5.0, 120.0  # seconds
ITSELF = "temporarily unable to accept job"  # the site's own limit: sbatch has tried for two minutes by itself


class SubmissionError(RuntimeError):
    """Slurm, or this machine, took no jobs; the message is one line. `problem`: limit, busy or refused."""

    def __init__(self, message: str, problem: str = "refused") -> None:
        super().__init__(message)
        self.problem = problem


class Outbox:
    """Holds requests until `send` has submitted them.

    `send` raises SubmissionError, and returns the keys of requests that must wait all the same.
    """

    def __init__(
        self,
        send: Callable[[Sequence[Request]], set[str]],
        max_size: Callable[[], int],
        say: Callable[[str], None] = print,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.send, self.max_size, self.say, self.clock = send, max_size, say, clock
        self.waiting: dict[str, Request] = {}
        self.not_before, self.wait = 0.0, FIRST_WAIT
        self.fits = 0  # the size that was taken after a refusal; 0 for no limit known
        self.places: int | None = None  # free ones in a queue that was full; None while it is not known to be
        self.sending, self.changing = threading.Lock(), threading.Lock()

    def __len__(self) -> int:
        return len(self.waiting)

    def add(self, requests: Iterable[Request]) -> None:
        with self.changing:
            self.waiting.update((request.key, request) for request in requests)

    def drop(self, keys: Iterable[str]) -> None:
        with self.changing:
            for key in keys:
                self.waiting.pop(key, None)

    def room(self) -> None:
        """A job has ended: one that a limit held back may fit now."""
        with self.changing:
            self.places = None if self.places is None else self.places + 1
            self.not_before = min(self.not_before, self.clock() + FIRST_WAIT)

    def flush(self) -> dict[str, str]:
        """Send what may go now; `{key: why}` for jobs that were refused for good. Never two threads at once."""
        if not self.waiting or self.clock() < self.not_before or not self.sending.acquire(blocking=False):
            return {}
        try:
            return self.send_groups()
        finally:
            self.sending.release()

    def send_groups(self) -> dict[str, str]:
        refused: dict[str, str] = {}
        with self.changing:
            groups = grouped(self.waiting.values())
        for group in groups:
            while (group := self.still(group)) and self.clock() >= self.not_before:
                part, left = group[: self.size(len(group))], set[str]()
                try:
                    left = self.send(part)
                except SubmissionError as problem:
                    if problem.problem == "refused":
                        refused |= {request.key: str(problem) for request in part}
                    else:
                        self.hold_back(len(part), problem)
                        continue
                else:
                    self.taken(len(part))
                if left:
                    self.hold_back(1, SubmissionError("another Snakemake is submitting them", "busy"))
                self.drop({request.key for request in part} - left)
                group = group[len(part) :]
        return refused

    def still(self, group: Sequence[Request]) -> list[Request]:
        """Those that have not been dropped meanwhile."""
        return [request for request in group if request.key in self.waiting]

    def size(self, wanted: int) -> int:
        """How many jobs to send at once."""
        fits = (self.fits or wanted) if self.places is None else self.places
        return max(1, min(wanted, self.max_size(), fits))

    def taken(self, number: int) -> None:
        """A submission went through: dare a larger one next, but in a full queue only what has ended has room."""
        with self.changing:
            if self.places:
                self.places -= number
                self.not_before = self.not_before if self.places else self.clock() + self.wait
                return
            self.fits = 2 * number if self.fits else 0
            self.places, self.wait = None, FIRST_WAIT

    def hold_back(self, number: int, problem: SubmissionError) -> None:
        """Halve what is sent, or wait: where one job is refused, and where Slurm did not answer at all."""
        if problem.problem == "limit":
            halve = number > 1 and ITSELF not in str(problem)
            self.fits, self.places = max(1, number // 2), None if halve else 0
            if halve:
                return
        if self.wait == FIRST_WAIT:
            number = len(self.waiting)
            jobs, them = ("1 job waits", "it") if number == 1 else (f"{number} jobs wait", "them")
            self.say(f"{jobs} here until Slurm takes {them}: {problem}")
        self.not_before = self.clock() + self.wait
        self.wait = min(2 * self.wait, LONGEST_WAIT)
