"""What the faults befall: a cluster, its commands, a head, and the jobs that run."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from loopback.client import Slurm
from loopback.ending import is_task
from loopback.processes import Process, children_of, everything, look_up
from loopback.wrappers import Calls

from .head import Head
from .witness import attempts

__all__ = ["Ended", "NothingToHit", "World"]

Thing = TypeVar("Thing")


class NothingToHit(Exception):  # noqa: N818 (no error: the fault is left out)
    """No job, process or node is there for this fault at this moment."""


@dataclass(frozen=True)
class Ended:
    """How a lasting fault ends, and when; `needs_controller` waits for slurmctld, should that be away."""

    due: float
    fault: str
    action: Callable[[], object]
    needs_controller: bool = False


@dataclass
class World:
    """One run under faults; `away` holds what is stopped or crashed now."""

    slurm: Slurm
    calls: Calls
    head: Head
    witnesses: Path
    struck: list[str] = field(default_factory=list)
    away: set[str] = field(default_factory=set)
    touched_jobs: bool = False
    began: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        """One line, with the time since the start."""
        print(f"{time.monotonic() - self.began:7.1f} s  {text}", flush=True)

    def pick(self, things: list[Thing], choice: float) -> Thing:
        """One of them."""
        if not things:
            raise NothingToHit
        return things[min(int(choice * len(things)), len(things) - 1)]

    def running_jobs(self) -> list[str]:
        """Ids of the jobs that run."""
        told = self.slurm.run("squeue", "-h", "-r", "-t", "RUNNING", "-o", "%i", check=False).stdout
        return sorted(told.split())

    def payloads(self) -> list[Process]:
        """The processes of submitit that run a payload on a node."""
        found = [process for process in everything() if is_payload(words(process))]
        return [process for process in found if is_task(process, self.slurm.cluster.site)]

    def trainers(self) -> list[Process]:
        """The processes that train."""
        noted = [look_up(attempt.pid) for attempt in attempts(self.witnesses) if time.time() - attempt.seen < 1]
        return [process for process in noted if process.alive and is_task(process, self.slurm.cluster.site)]

    def kill_tree(self, process: Process) -> None:
        """Kill a process and then all below it, as Slurm's cgroups do when a step has ended."""
        below = children_of([process])
        for victim in [process, *below]:
            victim.signal(9)


def is_payload(command: list[bytes]) -> bool:
    """Whether it is Python that runs submitit's module, not the srun that has started it."""
    return b"submitit.core._submit" in command and not command[0].endswith(b"srun")


def words(process: Process) -> list[bytes]:
    """The command line of a process."""
    try:
        return Path(f"/proc/{process.pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []
