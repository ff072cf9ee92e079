"""Notes of each attempt of a job, written on its node and read by the head: where, when, how it ended, what it used.

    since = note_start(path)                        in the job, before its command
    note_end(path, "ok", since=since)               after it: ok, failed, stopped, requeued, superseded or ended
    read_attempts(path)                             [Attempt(restart=0, node="n1", start=…, end=…, outcome="ok", …)]

One line of JSON a note, in `<folder>/<slurm id>_attempts.jsonl`. A start that has no end was lost with its node, or
killed. Only the standard library: this runs on the node, where each import is paid once a job.
"""

import fcntl
import json
import os
import resource
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

__all__ = ["Attempt", "append_line", "note_end", "note_start", "read_attempts"]

NO_GPU = ("", "-1", "NoDevFiles")  # what CUDA_VISIBLE_DEVICES says where a job has none
LONGEST_REASON = 500  # characters: a note stays one small write


@dataclass(frozen=True)
class Attempt:
    """One start of a job on a node. Times in seconds since 1970; CPUs and GPUs are those of this node, 0 if unknown.

    `end`, `cpu_seconds` and `memory_mb` are None and `outcome` is empty while the attempt runs, or when it was lost.
    """

    restart: int
    node: str
    start: float
    end: float | None = None
    outcome: str = ""
    reason: str = ""
    cpus: int = 0
    gpus: int = 0
    cpu_seconds: float | None = None
    memory_mb: float | None = None


def note_start(path: Path) -> float:
    """Note that an attempt starts here and now; returns the CPU seconds that this process's children used before it.

    Raises nothing: a note that cannot be written is not worth a job.
    """
    note(path, {"event": "start", **identity(os.environ), **processors(os.environ)})
    return children()[0]


def note_end(path: Path, outcome: str, reason: str = "", *, since: float = 0.0) -> None:
    """Note how the attempt of this process ended, and what its children used that it has waited for.

    `since` is what `note_start` returned. Memory is the largest resident set of one of them, in MiB. Raises nothing.
    """
    seconds, memory = children()
    used = {"cpu_seconds": round(seconds - since, 3), "memory_mb": round(memory, 1)}
    words = " ".join(reason.split())[:LONGEST_REASON]
    note(path, {"event": "end", **identity(os.environ), "outcome": outcome, "reason": words, **used})


def note(path: Path, fields: Mapping[str, Any]) -> None:
    """Append one note with the time."""
    with suppress(OSError):
        append_line(path, json.dumps({**fields, "time": round(time.time(), 3)}))


def identity(environment: Mapping[str, str]) -> dict[str, Any]:
    """Which attempt this is: how often Slurm restarted the job, and the node."""
    node = environment.get("SLURMD_NODENAME") or socket.gethostname()
    return {"restart": whole(environment.get("SLURM_RESTART_COUNT")), "node": node}


def processors(environment: Mapping[str, str]) -> dict[str, int]:
    """CPUs and GPUs of the job on this node, 0 where nobody says."""
    cpus = whole(environment.get("SLURM_CPUS_ON_NODE")) or whole(environment.get("SLURM_CPUS_PER_TASK"))
    visible = environment.get("CUDA_VISIBLE_DEVICES", "")
    gpus = whole(environment.get("SLURM_GPUS_ON_NODE")) or (0 if visible in NO_GPU else len(visible.split(",")))
    return {"cpus": cpus, "gpus": gpus}


def whole(text: str | None) -> int:
    """The number in a variable, 0 when there is none."""
    return int(text) if text and text.isdecimal() else 0


def children() -> tuple[float, float]:
    """CPU seconds, user and system, of all children waited for, and the largest resident set of one, in MiB."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def append_line(path: Path, line: str) -> None:
    """Append one line in one write, and flush it to the disk; a torn line before it gets its end first.

    Writers wait for one another, as a line half written looks torn; without locks an empty line may follow it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        size = os.fstat(descriptor).st_size
        torn = size and os.pread(descriptor, 1, size - 1) not in (b"\n", b"")
        os.write(descriptor, (b"\n" if torn else b"") + line.encode() + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_attempts(path: Path) -> list[Attempt]:
    """The attempts in the order of their starts; none without the file. A torn or foreign line is passed over."""
    attempts: list[Attempt] = []
    for fields in read_notes(path):
        with suppress(KeyError, TypeError, ValueError):
            if fields["event"] == "start":
                attempts.append(started(fields))
            elif fields["event"] == "end":
                end(attempts, fields)
    return attempts


def read_notes(path: Path) -> Iterator[dict[str, Any]]:
    """The lines that are notes."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        with suppress(ValueError):
            fields = json.loads(line)
            if isinstance(fields, dict):
                yield fields


def started(fields: Mapping[str, Any]) -> Attempt:
    """The attempt that a note of a start begins."""
    restart, cpus, gpus = (int(fields.get(name) or 0) for name in ("restart", "cpus", "gpus"))
    return Attempt(restart, str(fields["node"]), float(fields["time"]), cpus=cpus, gpus=gpus)


def end(attempts: list[Attempt], fields: Mapping[str, Any]) -> None:
    """Close, in place, the latest open attempt of that restart on that node: two copies of a job may run at once."""
    for index, attempt in reversed(list(enumerate(attempts))):
        if attempt.end is None and (attempt.restart, attempt.node) == (fields["restart"], fields["node"]):
            attempts[index] = replace(
                attempt,
                end=float(fields["time"]),
                outcome=str(fields["outcome"]),
                reason=str(fields.get("reason", "")),
                cpu_seconds=number(fields.get("cpu_seconds")),
                memory_mb=number(fields.get("memory_mb")),
            )
            return


def number(value: Any) -> float | None:
    """A number that may be missing."""
    return None if value is None else float(value)
