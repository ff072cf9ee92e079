"""Jobs that wait in Slurm's queue: whether they ever can start."""

import math
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future

from ..files import Ending
from .aside import Aside
from .commands import Commands
from .reasons import hopeless, worth_a_warning
from .status import Watcher

__all__ = ["Queue"]

FIRST_LOOK, LOOKS = 5.0, 60.0  # seconds after jobs were submitted, and between two looks
CONFIRMED = 15.0  # seconds after which a reason that makes waiting vain must still be Slurm's


class Queue:
    """Asks, rarely and in the background, why jobs are pending."""

    def __init__(
        self,
        commands: Commands,
        warn: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        background: Executor | None = None,
    ) -> None:
        self.commands, self.warn, self.clock = commands, warn, clock
        self.background = background or Aside()
        self.question: Future[dict[str, str]] | None = None
        self.next = math.inf
        self.known: set[str] = set()
        self.vain: dict[str, tuple[float, str]] = {}  # job → since when, and why it cannot start
        self.warned: set[str] = set()

    def stuck(self, ids: set[str], watcher: Watcher) -> dict[str, Ending]:
        """The endings of jobs that would wait for ever; they are cancelled."""
        waiting = {job_id for job_id in ids if not watcher.started(job_id)}
        self.vain = {job_id: vain for job_id, vain in self.vain.items() if job_id in waiting}
        endings = self.learn() if self.question and self.question.done() else {}
        if waiting - self.known:
            self.next = min(self.next, self.clock() + FIRST_LOOK)
            self.known |= waiting
        self.known &= ids
        if waiting and not self.question and self.clock() >= self.next:
            self.next = self.clock() + (CONFIRMED if self.vain else LOOKS)
            self.question = self.background.submit(self.commands.pending, waiting)
        return {job_id: ending for job_id, ending in endings.items() if job_id in waiting}

    def learn(self) -> dict[str, Ending]:
        """Take the answer: what is vain for long enough has ended."""
        reasons: dict[str, str] = {} if not self.question or self.question.exception() else self.question.result()
        self.question = None
        endings = {}
        for job_id, reason in reasons.items():
            words = hopeless(reason)
            if words is None:
                self.vain.pop(job_id, None)
                self.tell(reason)
                continue
            since, _ = self.vain.setdefault(job_id, (self.clock(), words))
            if self.clock() - since >= CONFIRMED:
                endings[job_id] = Ending(False, f"would wait for ever: {words}", state="CANCELLED")
                del self.vain[job_id]
            else:
                self.next = min(self.next, since + CONFIRMED)
        if endings:
            self.commands.cancel(endings)
        return endings

    def tell(self, reason: str) -> None:
        """Warn once of a reason that somebody should look at."""
        words = worth_a_warning(reason)
        if words and reason not in self.warned:
            self.warned.add(reason)
            self.warn(f"jobs wait in the queue: {words}")
