"""Heads that work at the same time: the jobs that one has seen end stay in the ledger for the others.

    company = Company(ledger)
    company.present()                # at each look
    company.forget(token, key)       # instead of ledger.release: a slower head finds the result, and runs nothing twice
    company.leave()

`heads/<pid>-<start>-<host>` below the ledger's folder stands for a head; one that died does not count, and neither does
one on another host whose file is old.
"""

import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from ..ledger import Head, Ledger, private_folder

__all__ = ["Company"]

PRESENT_SECONDS = 60.0  # between two signs of life
STALE_SECONDS = 600.0


class Company:
    """This head among those of one ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.folder = private_folder(ledger.folder / "heads")
        head = Head.this()
        self.own = self.folder / f"{head.pid}-{head.started}-{head.host}"
        self.kept: list[tuple[str, str]] = []
        self.shown = 0.0
        self.present()

    def present(self) -> None:
        """Show, now and then, that this head is alive."""
        if not self.shown or time.monotonic() - self.shown >= PRESENT_SECONDS:
            with suppress(OSError):  # the next sign may get through
                self.own.touch()
            self.shown = time.monotonic()

    def alone(self) -> bool:
        """Whether no other head is alive; those that died are forgotten."""
        others = [path for path in self.folder.iterdir() if path != self.own]
        if not others:
            return True
        self.own.touch()  # on the file system's clock, not this host's
        now = self.own.stat().st_mtime
        dead = [path for path in others if is_dead(path, now)]
        for path in dead:
            path.unlink(missing_ok=True)
        return len(dead) == len(others)

    def forget(self, token: str, key: str) -> None:
        """Release a job that has ended: now, or when no other head may still ask for it."""
        if self.alone():
            self.ledger.release(token, [key])
        else:
            self.kept.append((token, key))

    def retried(self, keys: Collection[str]) -> None:
        """This head wants jobs once more whose end it has seen: their claims stood for the end."""
        for token, key in [kept for kept in self.kept if kept[1] in keys]:
            self.ledger.release(token, [key])
            self.kept.remove((token, key))

    def leave(self) -> None:
        """This head ends; the last one leaves a tidy ledger."""
        if self.alone():
            for token, key in self.kept:
                self.ledger.release(token, [key])
        self.own.unlink(missing_ok=True)


def is_dead(path: Path, now: float) -> bool:
    """Whether the head that a file stands for is no more."""
    pid, start, host = path.name.split("-", 2)
    try:
        return Head(host, int(pid), start).is_dead() or path.stat().st_mtime < now - STALE_SECONDS
    except FileNotFoundError:
        return True
