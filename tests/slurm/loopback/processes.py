"""Processes that outlive this one: start, recognise again, end.

A pid alone may by now belong to someone else, so a process is remembered by its pid, its start time and the
boot it was started in; nothing that differs in one of them is ever signalled.
"""

import contextlib
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Process", "children_of", "end", "everything", "launch", "look_up", "wait_until"]

PROC = Path("/proc")
FILES = 65_536
FILE_LIMITS = resource.getrlimit(resource.RLIMIT_NOFILE)


@dataclass(frozen=True)
class Process:
    """One process of one boot."""

    pid: int
    started: int
    boot: str

    @property
    def alive(self) -> bool:
        """Whether that very process still runs (a zombie does not)."""
        return self.boot == boot_id() and stat(self.pid)[1:] == ("alive", self.started)

    def signal(self, number: int) -> None:
        """Send a signal if it still is that process."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def boot_id() -> str:
    """Names this boot of the machine; start times are counted from it."""
    try:
        return (PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def stat(pid: int) -> tuple[int, str, int]:
    """(parent, "alive" or "gone", start time in ticks) of a pid."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (OSError, UnicodeDecodeError):
        return 0, "gone", 0
    return int(fields[1]), "gone" if fields[0] in "ZX" else "alive", int(fields[19])


def look_up(pid: int) -> Process:
    """The process that has this pid now."""
    return Process(pid, stat(pid)[2], boot_id())


def everything() -> list[Process]:
    """Every process that is alive and visible."""
    pids = [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]
    return [process for process in map(look_up, pids) if process.alive]


def children_of(parents: Iterable[Process]) -> list[Process]:
    """All living descendants of these processes, those processes not included."""
    offspring: dict[int, list[Process]] = {}
    for process in everything():
        offspring.setdefault(stat(process.pid)[0], []).append(process)
    found: list[Process] = []
    queue = [process.pid for process in parents if process.alive]
    while queue:
        born = offspring.get(queue.pop(), [])
        found += born
        queue += [process.pid for process in born]
    return found


def launch(command: list[str], environment: Mapping[str, str], log: Path, folder: Path) -> Process:
    """Start a program in a session of its own, its output appended to `log`."""
    with log.open("ab") as output:
        started = subprocess.Popen(
            command,
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=limit_open_files,
        )
    return look_up(started.pid)


def limit_open_files() -> None:
    """Containers may allow a thousand million files, and daemons that close them all one by one take minutes."""
    soft, hard = (FILES if limit == resource.RLIM_INFINITY else min(limit, FILES) for limit in FILE_LIMITS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def end(processes: Iterable[Process], patience: float) -> None:
    """SIGTERM; SIGKILL for those that live on after `patience` seconds; return when all are gone."""
    living = [process for process in processes if process.alive]
    for process in living:
        process.signal(signal.SIGTERM)
    if not wait_until(lambda: not any(process.alive for process in living), patience):
        for process in living:
            process.signal(signal.SIGKILL)
        wait_until(lambda: not any(process.alive for process in living), 10)


def wait_until(condition: Callable[[], bool], seconds: float, interval: float = 0.05) -> bool:
    """Ask until the condition holds (True) or the time is up (False)."""
    limit = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > limit:
            return False
        time.sleep(interval)
    return True
