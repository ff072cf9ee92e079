"""The progress at the bottom of a terminal; what is printed scrolls above it.

    display = Display(sys.stderr, view)     # view(): the View to draw, asked for by the display's own thread
    display.say("[1/33] Train …")
    display.changed()                       # there may be something new to see
    display.close()                         # leaves the lines, and one that says how it ended

Between two frames the cursor waits, visible, on the empty line above the bar, and each frame begins by clearing from
there to the end. So whatever another process prints there stays, `^C` stands alone, a resized terminal keeps no half
bar, and a killed head leaves a terminal that works. Lines are gathered: many jobs at once cost a few frames a second.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from io import StringIO
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from snakemake_logger_plugin_datavolume.picture import View, picture, styled
from snakemake_logger_plugin_datavolume.words import summary

__all__ = ["Display"]

_PAUSE = 0.2  # seconds between two frames, at least
_STILL = 0.8  # more, when nothing happens: the clock runs by seconds
_CLEAR = "\r\x1b[J"  # from the cursor's line to the end of the screen


class Display:
    """Draws on a terminal from a thread of its own."""

    def __init__(self, stream: TextIO, view: Callable[[], View], colour: bool = True) -> None:
        self.stream = stream
        self.view = view
        # Only renders; it would write to its file at any time.
        self.console = Console(file=StringIO(), force_terminal=True, highlight=False, no_color=None if colour else True)
        self.lock = threading.RLock()
        self.lines: list[str] = []
        self.drawn = self.half_line = self.closed = False
        self.wake, self.stop = threading.Event(), threading.Event()
        self.passing = [name for name in ("stdout", "stderr") if _is_terminal(getattr(sys, name))]
        for name in self.passing:
            setattr(sys, name, _Passing(getattr(sys, name), self))
        threading.Thread(target=self._run, name="progress", daemon=True).start()

    def say(self, text: str) -> None:
        """Print above the progress, with the next frame."""
        with self.lock:
            self.lines.append(text)
            if self.closed:
                self._write(self._printed())
        self.wake.set()

    def changed(self) -> None:
        """Draw soon."""
        self.wake.set()

    tell = changed

    def close(self) -> None:
        """Take the progress away, print what is left to print, and how it ended."""
        with self.lock:
            if self.closed:
                return
            self.closed = True
            self._write(self._cleared() + self._printed())
            for name in self.passing:
                if isinstance(stream := getattr(sys, name), _Passing):  # or somebody has put another one there
                    setattr(sys, name, stream.stream)
        self.stop.set()
        self.wake.set()
        view = self.view()
        self.say(summary(view.counts, view.seconds))

    def _run(self) -> None:
        try:
            while not self.closed:
                self._draw(self.view())
                self.wake.wait(_STILL)
                self.stop.wait(_PAUSE)
                self.wake.clear()
        finally:
            self.close()

    def _draw(self, view: View) -> None:
        """One frame, in one write."""
        with self.lock:
            if self.closed:
                return
            frame = self._cleared() + self._printed()
            if not self.half_line and _in_front(self.stream):
                frame += self._rows(view)
                self.drawn = True
            self._write(frame)

    def _rows(self, view: View) -> str:
        """The empty line, the rows, and the way back up."""
        size = os.get_terminal_size(self.stream.fileno())
        rows = picture(view, max(1, size.columns - 1), not self.stream.encoding.lower().startswith("utf"))
        rows = rows[: max(0, size.lines - 2)]
        return "".join(f"\n{self._rendered(row)}" for row in rows) + (f"\r\x1b[{len(rows)}A" if rows else "")

    def _rendered(self, text: Text) -> str:
        with self.console.capture() as capture:
            self.console.print(text, soft_wrap=True, end="")
        return capture.get()

    def _printed(self) -> str:
        """The lines that wait, on lines of their own."""
        lines, self.lines = self.lines, []
        begin = "\n" if lines and self.half_line else ""
        self.half_line = self.half_line and not lines
        return begin + "".join(f"{self._rendered(styled(line))}\n" for line in lines)

    def _cleared(self) -> str:
        """What takes the last frame away. A shell that has stopped us has its prompt there."""
        drawn, self.drawn = self.drawn, False
        return _CLEAR if drawn and _in_front(self.stream) else ""

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):  # the terminal is gone; the workflow goes on
            self.stream.write(text)
            self.stream.flush()

    def pass_on(self, stream: TextIO, text: str) -> int:
        """What another part of this process prints: above the progress, which waits for the end of the line."""
        with self.lock:
            if not self.closed and text:
                self._write(self._cleared() + self._printed())
                self.half_line = not text.endswith("\n")
            count = stream.write(text)
            stream.flush()
        self.wake.set()
        return count


class _Passing:
    """Stands for sys.stdout or sys.stderr while there is a display."""

    def __init__(self, stream: TextIO, display: Display) -> None:
        self.stream = stream
        self.display = display

    def write(self, text: str) -> int:
        return self.display.pass_on(self.stream, text)

    def writelines(self, lines: list[str]) -> None:
        self.write("".join(lines))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def _is_terminal(stream: TextIO | None) -> bool:
    return bool(stream is not None and stream.isatty())


def _in_front(stream: TextIO) -> bool:
    """Whether the terminal is ours: not that of a shell which has put us into the background."""
    try:
        return os.tcgetpgrp(stream.fileno()) == os.getpgrp()
    except (OSError, ValueError):  # it controls no process group, or is gone
        return True
