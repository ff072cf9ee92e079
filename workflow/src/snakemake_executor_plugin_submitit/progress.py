"""How the jobs are doing, for those who watch: counts for logger plugins, and a plain line a minute for everybody.

Snakemake's own handlers print each record's text, so a change without text goes to the logger plugins alone.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from logging import INFO, Logger
from logging.handlers import QueueHandler
from typing import Any

from .requests import Counts

__all__ = ["Progress", "tell"]

SECONDS = 60.0


class Progress:
    """Tells the counts when they have changed."""

    def __init__(self, logger: Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self.logger, self.clock = logger, clock
        self.last, self.told, self.said = Counts(), clock(), Counts()
        self.concluded = False

    def show(self, counts: Counts) -> None:
        """At each look: to plugins what has changed, and once a minute a line."""
        if counts != self.said and self.clock() - self.told >= SECONDS:
            self.said, self.told = counts, self.clock()
            tell(self.logger, asdict(counts), text_of(counts))
        elif counts != self.last:
            tell(self.logger, asdict(counts))
        self.last = counts

    def conclude(self, lines: Sequence[str]) -> None:
        """What a person should know at the end, in one piece, once: Ctrl-C at the end makes Snakemake end twice."""
        if lines and not self.concluded:
            self.concluded = True
            tell(self.logger, {"summary": True}, "\n".join(lines))


def text_of(counts: Counts) -> str:
    """`12 running, 30 pending, 2 requeued so far`."""
    parts = [f"{counts.running} running", f"{counts.pending} pending"]
    parts += [f"{counts.waiting} not yet submitted"] if counts.waiting else []
    parts += [f"{counts.requeued} requeued so far"] if counts.requeued else []
    return ", ".join(parts)


def tell(logger: Logger, counts: Mapping[str, Any], text: str = "") -> None:
    """Hand counts to logger plugins; `text` also to Snakemake's terminal and log file."""
    extra = {"submitit": dict(counts)}
    if text:
        logger.info(text, extra=extra)
        return
    record = logger.makeRecord(logger.name, INFO, __file__, 0, "", (), None, extra=extra)
    for handler in logger.handlers:  # there when a logger plugin is in use
        if isinstance(handler, QueueHandler):
            handler.handle(record)
