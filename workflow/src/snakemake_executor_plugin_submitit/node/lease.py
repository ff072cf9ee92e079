"""Whether this copy of a job is the one that counts: asked of the ledger before it starts, and now and then afterwards.

Two copies of a job run when a node that was given up is alive, or when a head that lost sight of a job sent it again.
The newer one wins; the older stops itself within `WATCH_SECONDS`.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..ledger import newest_token, seen_restart, take, withdrawn

__all__ = ["Lease"]

WATCH_SECONDS = 5.0
RECORD_SECONDS = 60.0  # a submission whose answer is not recorded by then was lost with its head


class Lease:
    """The right of one start of a job to run; `lost` says why it has ended, and is empty until then."""

    def __init__(self, ledger: str, key: str, token: str, job_id: str, restart: int) -> None:
        self.ledger, self.key, self.token = Path(ledger) if ledger else None, key, token
        self.job_id, self.restart = job_id, restart
        self.lost = ""

    def refusal(self) -> str:
        """Why the job must not run, empty when it may; from then on older copies of it stop."""
        if self.ledger is None:
            return ""
        until = time.monotonic() + RECORD_SECONDS
        reason = withdrawn(self.ledger, self.key, self.token, self.job_id)
        while reason == "unknown" and time.monotonic() < until:
            time.sleep(0.2)
            reason = withdrawn(self.ledger, self.key, self.token, self.job_id)
        if reason == "unknown":
            return "its submission was never recorded; its head died while it submitted"
        return reason or self.overtaken() or take(self.ledger, self.key, self.job_id, self.restart)

    def overtaken(self) -> str:
        """Why this copy no longer counts, empty while it does."""
        if self.ledger is None:
            return ""
        newest = newest_token(self.ledger, self.key)
        if newest not in (self.token, None):
            return "a newer submission has taken its place" if newest else "nobody waits for it any longer"
        return "Slurm has started it again elsewhere" if self.restarted() else ""

    def restarted(self) -> bool:
        """Whether Slurm has started this very job once more."""
        return self.ledger is not None and seen_restart(self.ledger, self.key, self.job_id) > self.restart

    @contextmanager
    def watched(self, stop: Callable[[], None]) -> Iterator[None]:
        """Call `stop` as soon as another copy has taken over while the block runs."""
        done = threading.Event()

        def watch() -> None:
            while not done.wait(WATCH_SECONDS):
                self.lost = self.overtaken()
                if self.lost:
                    stop()
                    return

        thread = threading.Thread(target=watch, daemon=True)
        if self.ledger is not None:
            thread.start()
        try:
            yield
        finally:
            done.set()
            if thread.is_alive():
                thread.join()
