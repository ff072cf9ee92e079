"""Snakemake as a person calls it, on a cluster of a test, and trainings of seconds that tell how they were treated.

grid = Grid(tmp_path, slurm, SNAKEFILE)
with grid.started("--submitit-detach", "all") as head:
    until(lambda: grid.starts("a"), head)
    head.kill()
grid.unlock()
grid.run("all")                      # (exit code, output)
assert grid.starts("a") == ["1234_0 0 n1 4711"]
assert grid.told("a") == ["start 1234_0 0 n1 4711", "done"]
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from loopback.client import Slurm

__all__ = ["PATIENCE", "TRAINER", "Grid", "Head", "final_values", "until"]

PATIENCE = 120  # seconds; what takes longer has gone wrong, even on a busy machine
COMMAND = [
    sys.executable,
    "-m",
    "snakemake",
    "--executor",
    "submitit",
    "--jobs",
    "300",
    "--latency-wait",
    "5",
    "--rerun-incomplete",
]

# The training: each step's value comes from the one before, so that a step that is lost or done twice shows in the
# result. It writes its state after each step, stops at a warning, and notes what happens to it; it does not end while
# there is a file `hold` or `hold.<name>`.
TRAINER = """\
import fcntl, hashlib, os, signal, sys, time
name, steps, result = sys.argv[1], int(sys.argv[2]), sys.argv[3]
warned = []
signal.signal(signal.SIGUSR2, lambda *_: warned.append(1))
record = open(f"told.{name}", "a")
def tell(words):
    record.write(words + "\\n")
    record.flush()
job, restart = (os.environ[f"SNAKEMAKE_SUBMITIT_{what}"] for what in ("JOB", "RESTART"))
tell(f"start {job} {restart} {os.environ['SLURMD_NODENAME']} {os.getpid()}")
try:
    fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    tell("beside another copy")
state = f"state.{name}"
values = open(state).read().split() if os.path.exists(state) else []
while len(values) < steps or os.path.exists("hold") or os.path.exists(f"hold.{name}"):
    if len(values) < steps:
        values.append(hashlib.sha256(f"{name} {values[-1:]}".encode()).hexdigest())
        with open(f"{state}.{os.getpid()}", "w") as new:
            new.write("\\n".join(values))
        os.replace(f"{state}.{os.getpid()}", state)
    time.sleep(0.1)
    if warned:
        tell("warned")
        sys.exit(140)
with open(result, "w") as stream:
    stream.write("\\n".join(values))
tell("done")
"""


@dataclass
class Head:
    """A running Snakemake; a session of its own, so that a signal to its group reaches no test."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def says(self, words: str) -> bool:
        return words in self.output

    def kill(self) -> None:
        """As a reboot of the login node does it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def interrupt(self) -> None:
        """Ctrl-C in the terminal."""
        os.killpg(self.process.pid, signal.SIGINT)

    def end(self, seconds: float = PATIENCE) -> tuple[int, str]:
        """Exit code and output, once it has ended."""
        try:
            return self.process.wait(seconds), self.output
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still runs after {seconds:.0f} s:\n{self.output}") from None


@dataclass
class Grid:
    """A folder with a Snakefile and the trainer, and heads in it."""

    folder: Path
    site: Slurm
    snakefile: str
    heads: list[Head] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        (self.folder / "Snakefile").write_text(self.snakefile)
        (self.folder / "trainer.py").write_text(TRAINER)

    def with_first_on_path(self, folder: Path) -> Grid:
        """The same folder and heads, with other programs before those on the PATH."""
        path = f"{folder}:{self.site.environment['PATH']}"
        return replace(self, site=replace(self.site, environment={**self.site.environment, "PATH": path}))

    def start(self, *arguments: str) -> Head:
        """Start a head; its signals are as a shell gives them."""
        log = self.folder / f"head.{len(self.heads)}.log"
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            with log.open("wb") as output:
                process = subprocess.Popen(
                    [*COMMAND, *arguments],
                    cwd=self.folder,
                    env=self.site.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
        finally:
            signal.signal(signal.SIGINT, before)
        self.heads.append(Head(process, log))
        return self.heads[-1]

    @contextlib.contextmanager
    def started(self, *arguments: str) -> Iterator[Head]:
        """A head that does not outlive the block."""
        head = self.start(*arguments)
        try:
            yield head
        finally:
            head.kill()

    def run(self, *arguments: str) -> tuple[int, str]:
        """Exit code and output of a head."""
        with self.started(*arguments) as head:
            return head.end()

    def unlock(self) -> None:
        """What `snakemake --unlock` does after a head has died, without the seconds that its start takes."""
        shutil.rmtree(self.folder / ".snakemake/locks", ignore_errors=True)

    def told(self, name: str) -> list[str]:
        """What a training noted."""
        record = self.folder / f"told.{name}"
        return record.read_text().splitlines() if record.exists() else []

    def starts(self, name: str) -> list[str]:
        """The starts of a training: job, restart, node and process."""
        return [line.removeprefix("start ") for line in self.told(name) if line.startswith("start ")]

    def result(self, name: str) -> list[str]:
        return (self.folder / f"{name}.out").read_text().split()

    def touch(self, name: str) -> None:
        (self.folder / name).touch()

    def remove(self, name: str) -> None:
        (self.folder / name).unlink()

    def queue(self) -> list[str]:
        """The ids of what this cluster still has to do."""
        return self.site.run("squeue", "-h", "-r", "-o", "%i", "-t", "PENDING,RUNNING,COMPLETING").stdout.split()

    def ledger(self) -> list[Path]:
        """What the ledger still holds; an empty list when every job has been told."""
        folder = self.folder / ".snakemake/submitit/ledger"
        return [path for room in ("claims", "groups", "starts") for path in (folder / room).iterdir()]


def final_values(name: str, steps: int) -> list[str]:
    """What a training that nobody disturbs has in its result."""
    values: list[str] = []
    for _ in range(steps):
        values.append(hashlib.sha256(f"{name} {values[-1:]}".encode()).hexdigest())
    return values


def until(true: Callable[[], object], head: Head | None = None, seconds: float = PATIENCE) -> None:
    """Wait for a condition, while the head, if one is given, lives."""
    last = time.monotonic() + seconds
    while not true():
        assert head is None or head.process.poll() is None, head.output
        assert time.monotonic() < last, head.output if head else "waited in vain"
        time.sleep(0.1)
