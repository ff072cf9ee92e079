"""A request to stop: the signal is noted, and the loop acts on it at its next step boundary.

stop = listen()
if stop.signal: ...             # 0 until SIGINT, SIGTERM or SIGUSR2 came; then the first of them
noted = note_signals(numbers)   # for those who pass signals on: all that came, in their order
"""

from __future__ import annotations

import signal
from collections.abc import Iterable
from types import FrameType

__all__ = ["Interrupted", "StopRequest", "listen", "note_signals"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR2)


class Interrupted(Exception):  # noqa: N818 (no error: what was asked for)
    """A run stopped on request, its state on the disk. The process ends with `exit_code`: 130, 143 or 140."""

    def __init__(self, number: int, where: str) -> None:
        name = signal.Signals(number).name
        super().__init__(f"{name}: stopped {where}; the same command goes on from there")
        self.exit_code = 128 + number
        self._arguments = number, where

    def __reduce__(self) -> tuple[type[Interrupted], tuple[int, str]]:
        """From the first process to the others."""
        return Interrupted, self._arguments


class StopRequest:
    """`signal` is the number of the first signal that asked to stop, or 0."""

    def __init__(self) -> None:
        self.signal = 0

    def _note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 (what the interpreter passes)
        # Later ones change nothing: a terminal and torchrun send Ctrl-C twice, and the checkpoint is to be written.
        self.signal = self.signal or number


def listen() -> StopRequest:
    """Note the signals from now on, to the end of the process: one that comes when all is written changes nothing."""
    stop = StopRequest()
    for number in _SIGNALS:
        signal.signal(number, stop._note)
    return stop


def note_signals(numbers: Iterable[int]) -> list[int]:
    """A list that grows by each of these signals when it comes. Under nohup, SIGHUP stays ignored; the executor's bash
    has SIGUSR2 ignored for those who do not ask for it."""
    noted: list[int] = []
    for number in numbers:
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda got, _: noted.append(got))
    return noted
