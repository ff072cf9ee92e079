"""Lines where there is no terminal: what is to be said, and how far it is when nothing was said for a minute.

plain = Plain(line)         # line(): the text of how far it is, "" when there is nothing to wait for
plain.say("[1/33] Train …")
plain.close()
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

__all__ = ["MINUTE", "Plain"]

MINUTE = 60.0  # seconds


class Plain:
    """Prints to stderr at once."""

    def __init__(self, line: Callable[[], str] | None = None, minute: float = MINUTE) -> None:
        """Without `line` nothing is printed but what is said."""
        self.line = line
        self.minute = minute
        self.last = time.monotonic()
        self.stop = threading.Event()
        if line is not None:
            threading.Thread(target=self._run, name="progress", daemon=True).start()

    def say(self, text: str) -> None:
        """Print a line, or several."""
        self.last = time.monotonic()
        print(text, file=sys.stderr, flush=True)

    def changed(self) -> None:
        """Nothing to draw."""

    def tell(self) -> None:
        """Print how far it is."""
        if self.line is not None and (text := self.line()):
            self.say(text)

    def close(self) -> None:
        """No more lines by itself."""
        self.stop.set()

    def _run(self) -> None:
        while not self.stop.wait(self.last + self.minute - time.monotonic()):
            if time.monotonic() >= self.last + self.minute:
                self.last = time.monotonic()
                self.tell()
