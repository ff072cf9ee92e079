"""What to do about a job that the ledger knows when it is asked for again: an earlier head may have submitted it.

follow     it is under way, or has ended since this head began: wait for it, it is not submitted twice
wait       another head submits it at this moment
replace    it is under way, but would now run something else: cancel it, and run the new one after it
anew       it has ended, or was never submitted
"""

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Literal

from ..files import JobFiles
from ..ledger import Entry
from ..requests import Request
from .commands import GONE
from .status import AGAIN, ENDED, kind

__all__ = ["Decision", "Reattach"]

Decision = Literal["follow", "wait", "replace", "anew"]
STALE_SECONDS = 600.0  # a submission of a head on another host that got no answer for so long was lost
CLOCKS_APART = 2.0


class Reattach:
    """Decides with Slurm's states, asked once for all jobs of the ledger, when the first is asked for.

    `since` is when this head began to look at the workflow's files [seconds since 1970]; `forced` whether a person
    demands that jobs run again.
    """

    def __init__(
        self,
        entries: Mapping[str, Entry],
        states: Callable[[Iterable[str]], Mapping[str, str]],
        since: float,
        forced: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.entries, self.ask, self.since, self.forced, self.clock = entries, states, since, forced, clock
        self.known: dict[str, str] | None = None

    def decide(self, request: Request, entry: Entry) -> Decision:
        if entry.job_id is None:
            lost = entry.head.is_dead() or self.clock() - entry.claimed > STALE_SECONDS
            return "anew" if lost else "wait"
        files = JobFiles(entry.folder, entry.job_id)
        if files.result.exists():
            return self.about_result(request, entry, files)
        state = self.state(entry.job_id)
        changed = entry.fingerprint != request.fingerprint
        if kind(state) in ENDED - AGAIN or (changed and state == GONE):
            return "anew"
        return "replace" if changed else "follow"

    def about_result(self, request: Request, entry: Entry, files: JobFiles) -> Decision:
        """A job that has ended: its result counts when it came after Snakemake's look at the files, or still holds."""
        if entry.fingerprint != request.fingerprint:
            return "anew"
        ended = files.result.stat().st_mtime
        if ended >= self.since:
            return "follow"
        ending = files.ending()
        if ending.again:
            return "follow"
        return "follow" if ending.ok and not self.forced and still_holds(request, entry.submitted, ended) else "anew"

    def state(self, job_id: str) -> str:
        """Slurm's word on a job of an earlier head; empty where nobody can tell."""
        if self.known is None:
            ids = {entry.job_id for entry in self.entries.values() if entry.job_id}
            self.known = dict(self.ask(ids))
        if job_id not in self.known:
            self.known |= self.ask({job_id})
        return self.known.get(job_id, "")


def still_holds(request: Request, submitted: float, ended: float) -> bool:
    """Whether a job's files are as it left them: outputs whole and not newer than its end, inputs not newer than it."""
    try:
        outputs = [Path(file).stat().st_mtime for file in request.job.output]
        inputs = [Path(file).stat().st_mtime for file in request.job.input if not getattr(file, "is_ancient", False)]
    except (OSError, AttributeError):
        return False
    return max(outputs, default=ended) <= ended + CLOCKS_APART and max(inputs, default=0.0) <= submitted + CLOCKS_APART
