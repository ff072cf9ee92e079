"""Snakemake's main process: started, killed, interrupted, started again."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

__all__ = ["Head"]

SECONDS_TO_CANCEL = 60


class Head:
    """The head of one folder, at most one process at a time; what it prints goes to `head.log` there."""

    def __init__(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str], say: Callable[[str], None]
    ) -> None:
        self.command, self.folder, self.environment, self.say = command, folder, environment, say
        self.process: subprocess.Popen[bytes] | None = None
        self.locked = False
        self.starts = 0
        self.errors = 0

    def start(self) -> None:
        """Start it where it does not run, after `--unlock` where the last one was killed."""
        if self.alive:
            return
        if self.locked:
            self.open("--unlock").wait()
            self.locked = False
        self.starts += 1
        self.process = self.open()

    def open(self, *options: str) -> "subprocess.Popen[bytes]":
        """Snakemake in a session of its own, with signals as a shell gives them."""
        before = signal.signal(signal.SIGINT, signal.default_int_handler)  # not "ignored", as in background jobs
        try:
            with (self.folder / "head.log").open("ab") as output:
                return subprocess.Popen(
                    [*self.command, *options],
                    cwd=self.folder,
                    env=dict(self.environment),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
        finally:
            signal.signal(signal.SIGINT, before)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def done(self) -> bool:
        """Whether it has ended well."""
        return self.process is not None and self.process.poll() == 0

    def kill(self) -> None:
        """As a reboot of the login node does it."""
        self.signal(signal.SIGKILL)

    def interrupt(self) -> None:
        """Ctrl-C, and wait until it has cancelled and ended."""
        if not self.alive or self.process is None:
            return
        os.killpg(self.process.pid, signal.SIGINT)
        try:
            self.process.wait(SECONDS_TO_CANCEL)
        except subprocess.TimeoutExpired:
            self.say(f"PROBLEM: the head still runs {SECONDS_TO_CANCEL} s after Ctrl-C, and is killed")
            self.errors += 1
            self.signal(signal.SIGKILL)

    def signal(self, number: int) -> None:
        """A signal to the head and what it has started on this machine; jobs on nodes get none."""
        if self.alive and self.process is not None:
            os.killpg(self.process.pid, number)
            self.process.wait()
            self.locked = True
