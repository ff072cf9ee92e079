"""Two copies of one run never write the same files: the newer one holds the run's lease, and the older stops itself.

    with Lease(stop) as lease:       gives back what it holds at the end
        lease.take(folder)           of the next run, before its checkpoint is read
        lease.look()                 at every step: TAKEN_OVER, or 0; looks at the disk every few seconds
        lease.check()                before every write: raises TakenOver

Newer is, of one Slurm job, the higher restart count; of two jobs of one cluster, the one that was submitted later
(an array's tasks by the array's id); of any others, whoever takes the lease last. So no two clocks are ever compared,
and a copy of an older job or restart that starts late stops itself, unless the newer one has died: whoever lives renews
the lease, and nothing that a dead copy leaves behind holds anybody up for longer than SECONDS_TO_SHOW_LIFE.
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from json import loads
from pathlib import Path
from typing import Any

from datavolume.errors import UserError
from datavolume.files import write_json
from datavolume.training.surviving.signals import Interrupted, StopRequest

__all__ = ["TAKEN_OVER", "Holder", "Lease", "TakenOver"]

TAKEN_OVER = 75
"""The exit code, and what `look` says: greater than any signal, so that it prevails where processes agree."""
NAME = "lease.json"
SECONDS_BETWEEN_LOOKS = 5.0
SECONDS_TO_SHOW_LIFE = 30.0  # a step or an evaluation may take longer: then the newer one takes the lease back
_TRIES = 5  # a network file system may say "stale file" where a file was just replaced


class TakenOver(Exception):  # noqa: N818 (no error: the run goes on elsewhere)
    """Another copy of the run is the newer one. The process ends with TAKEN_OVER."""


@dataclass(frozen=True, kw_only=True)
class Holder:
    """One copy of a run. `job` is 1234 or 1234_5 as Slurm counts, anything else elsewhere; `taken` is for people."""

    job: str
    restart: int
    cluster: str
    host: str
    pid: int
    token: str
    taken: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Holder:
        """This process, by its environment: the executor's names, else Slurm's own."""
        array, task = (environment.get(f"SLURM_ARRAY_{name}_ID") for name in ("JOB", "TASK"))
        slurm = f"{array}_{task}" if array else environment.get("SLURM_JOB_ID", "")
        own = "SNAKEMAKE_SUBMITIT_JOB" in environment
        restart = environment.get("SNAKEMAKE_SUBMITIT_RESTART" if own else "SLURM_RESTART_COUNT", "0")
        return cls(
            job=environment.get("SNAKEMAKE_SUBMITIT_JOB", slurm),
            restart=int(restart) if restart.isdecimal() else 0,
            cluster=environment.get("SLURM_CLUSTER_NAME", ""),
            host=environment.get("SLURMD_NODENAME", socket.gethostname()),
            pid=os.getpid(),
            token=uuid.uuid4().hex,
            taken=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    @property
    def _submission(self) -> int | None:
        """A number that grows with every submission. Tasks of an array get ids of their own when they start: later."""
        number = self.job.partition("_")[0]
        return int(number) if number.isdecimal() else None

    def outranks(self, other: Holder) -> bool:
        """Whether Slurm says that this copy is the newer one; False also where it cannot tell."""
        mine, others = self._submission, other._submission
        if mine is None or others is None or self.cluster != other.cluster:
            return False
        return self.restart > other.restart if self.job == other.job else mine > others

    def __str__(self) -> str:
        name = f"job {self.job} restart {self.restart}" if self.job else f"process {self.pid}"
        return f"{name} on node {self.host}"


@dataclass(frozen=True)
class _Seen:
    """A lease as it stands on the disk; `renewed` only ever tells whether it changed."""

    holder: Holder
    renewed: int


class Lease:
    """Of one run at a time: in the job's first process. In the others nothing is taken, and every look says 0."""

    def __init__(self, stop: StopRequest, environment: Mapping[str, str] = os.environ) -> None:
        self._stop, self._own = stop, Holder.of(environment)
        self._file: Path | None = None
        self._taken_by: Holder | None = None
        self._next_look = 0.0

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def take(self, folder: Path) -> None:
        """The lease of the run in `folder`, and give back the one before.

        Raises TakenOver where a newer copy lives, Interrupted where a stop signal comes while that is found out, and
        UserError where the folder cannot be written.
        """
        self.release()
        file = folder / NAME
        seen = _read(file)
        if seen and seen.holder.outranks(self._own) and self._lives(file, seen):
            raise TakenOver(f"a newer copy of this run, {seen.holder}, is at work; this one stops")
        self._file = file
        self._write(file)

    def look(self) -> int:
        """TAKEN_OVER once another copy has the lease."""
        if self._file and not self._taken_by and time.monotonic() >= self._next_look:
            self._renew(self._file)
        return TAKEN_OVER if self._taken_by else 0

    def check(self) -> None:
        """Raises TakenOver once another copy has the lease; always looks at the disk."""
        if self._file and not self._taken_by:
            self._renew(self._file)
        if self._taken_by:
            raise TakenOver(f"another copy of this run, {self._taken_by}, has taken over; this one stops")

    def release(self) -> None:
        """Give it back. Should another copy take it in this very moment, that one finds it gone and writes it again."""
        with suppress(OSError, UserError):
            seen = _read(self._file) if self._file else None
            if self._file and seen and seen.holder == self._own:
                self._file.unlink()
        self._file = None

    def _write(self, file: Path) -> None:
        write_json(file, asdict(self._own))
        self._next_look = time.monotonic() + SECONDS_BETWEEN_LOOKS

    def _renew(self, file: Path) -> None:
        seen = _read(file)
        if seen is None or self._own.outranks(seen.holder):
            self._write(file)
        elif seen.holder == self._own:
            with suppress(OSError):
                os.utime(file)
            self._next_look = time.monotonic() + SECONDS_BETWEEN_LOOKS
        else:
            self._taken_by = seen.holder

    def _lives(self, file: Path, seen: _Seen) -> bool:
        """Whether the newer copy renews its lease while we watch."""
        until = time.monotonic() + SECONDS_TO_SHOW_LIFE
        while time.monotonic() < until:
            if self._stop.signal:
                raise Interrupted(self._stop.signal, f"while {seen.holder} was watched")
            time.sleep(min(0.2, SECONDS_TO_SHOW_LIFE))
            now = _read(file)
            if now != seen:
                return now is not None and now.holder.outranks(self._own)
        return False


def _read(file: Path) -> _Seen | None:
    """None where there is no lease, or none that we wrote. The file is opened each time: that is what makes network
    file systems ask their server."""
    for _ in range(_TRIES):
        try:
            with file.open(encoding="utf-8") as stream:
                return _Seen(_holder(loads(stream.read())), os.fstat(stream.fileno()).st_mtime_ns)
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            return None
        except OSError as error:
            reason = error.strerror
            time.sleep(0.1)
    raise UserError(f"{file}: cannot be read ({reason}); it says which copy of the run may write")


def _holder(values: Any) -> Holder:
    """Raises ValueError, TypeError or KeyError where the values are not of a lease; a later version may add some."""
    holder = Holder(**{field.name: values[field.name] for field in fields(Holder)})
    if not (isinstance(holder.job, str) and isinstance(holder.restart, int)):
        raise ValueError(f"not a lease: {values}")
    return holder
