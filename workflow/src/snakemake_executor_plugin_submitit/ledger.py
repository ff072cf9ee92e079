"""Which jobs are on their way, on disk: a head that is started again finds them, and two heads never submit one twice.

    ledger = Ledger(Path(".snakemake/submitit/ledger"))
    token, mine = ledger.claim(folder, jobs)      # before sbatch: mine are the keys that nobody else has
    ledger.record(token, {key: "1234_0"})         # after it: from now on the payloads may run
    ledger.find(keys)                             # {key: Entry}: what this head, or another, has submitted
    ledger.release(token, keys)                   # when a job's end has been told

`groups/<token>.json` is one submission, written whole and renamed; `claims/<key>` is a link that points to the token of
the job's latest submission; `starts/<key>-<job>-<restart>` marks that Slurm has started it again. A payload whose key
points elsewhere, or whose group does not name its job, must not run (`withdrawn`): so a submission whose answer was
lost does no harm.
"""

import fcntl
import json
import os
import socket
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Claim", "Entry", "Head", "Ledger", "private_folder", "withdrawn"]


@dataclass(frozen=True)
class Head:
    """The Snakemake that submitted: `started` is when its process began, in clock ticks since boot."""

    host: str
    pid: int
    started: str

    @classmethod
    def this(cls) -> "Head":
        return cls(socket.gethostname(), os.getpid(), started(os.getpid()))

    def is_dead(self) -> bool:
        """Whether it surely is: on another host nobody knows."""
        return self.host == socket.gethostname() and started(self.pid) != self.started


def started(pid: int) -> str:
    """When a process began; empty without such a process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except OSError:
        return ""


@dataclass(frozen=True)
class Claim:
    """One job to be submitted. `fingerprint` says what would run; `resubmissions`, how often a head sent it again."""

    key: str
    fingerprint: str = ""
    resubmissions: int = 0


@dataclass(frozen=True)
class Entry:
    """A job on its way: `job_id` is Slurm's, None while its submission has not been answered."""

    key: str
    token: str
    job_id: str | None
    folder: Path
    claimed: float
    submitted: float
    head: Head
    fingerprint: str
    resubmissions: int


class Ledger:
    """The files below one folder, for this user alone; small and few, they suit a network file system."""

    def __init__(self, folder: Path) -> None:
        self.folder = private_folder(folder).absolute()
        names = ("claims", "groups", "starts")
        self.claims, self.groups, self.starts = (private_folder(self.folder / name) for name in names)

    def claim(self, folder: Path, jobs: Sequence[Claim]) -> tuple[str, set[str]]:
        """Claim jobs whose files will lie in `folder`: the submission's token, and the keys that nobody else held."""
        token = uuid.uuid4().hex
        with self.locked():
            held = self.find(job.key for job in jobs)  # a link to a submission that is no more holds nothing
            mine = [job for job in jobs if job.key not in held]
            if mine:
                head, taken = vars(Head.this()), [vars(job) for job in mine]
                self.write(token, {"folder": str(folder), "head": head, "claimed": time.time(), "jobs": taken})
            for job in mine:
                self.link(job.key).unlink(missing_ok=True)
                self.link(job.key).symlink_to(token)
            flush(self.claims)
        return token, {job.key for job in mine}

    def record(self, token: str, ids: Mapping[str, str]) -> None:
        """Note the ids that Slurm gave to the jobs of a submission."""
        group = self.read(token) or {"jobs": []}
        jobs = [job | {"job_id": ids[job["key"]]} for job in group["jobs"] if job["key"] in ids]
        self.write(token, group | {"jobs": jobs, "submitted": time.time()})

    def find(self, keys: Iterable[str]) -> dict[str, Entry]:
        """The entries of those jobs that are on their way, or were when their head died."""
        tokens = {key: token for key in keys if (token := self.token(key))}
        groups = {token: self.entries(token) for token in set(tokens.values())}
        return {key: groups[token][key] for key, token in tokens.items() if key in groups[token]}

    def keys(self) -> set[str]:
        """Every job on its way."""
        return {path.name for path in self.claims.iterdir()}

    def restarts(self) -> int:
        """How often Slurm has started jobs again that are on their way."""
        return sum(1 for _ in self.starts.iterdir())

    def release(self, token: str, keys: Iterable[str]) -> None:
        """Forget jobs of a submission, unless a newer one has them; and the submission, once it holds none."""
        with self.locked():
            for key in keys:
                if self.token(key) == token:
                    self.link(key).unlink(missing_ok=True)
                    for start in self.starts.glob(f"{key}-*"):
                        start.unlink(missing_ok=True)
            if not any(self.token(key) == token for key in self.entries(token)):
                self.group(token).unlink(missing_ok=True)

    def entries(self, token: str) -> dict[str, Entry]:
        """The jobs of one submission by their keys."""
        group = self.read(token)
        if group is None:
            return {}
        told = {
            "folder": Path(group["folder"]),
            "head": Head(**group["head"]),
            "claimed": group["claimed"],
            "submitted": group.get("submitted", 0.0),
        }
        return {job["key"]: Entry(token=token, **told, **({"job_id": None} | job)) for job in group["jobs"]}

    def token(self, key: str) -> str:
        """The token that a job's claim points to; empty without a claim."""
        try:
            return str(self.link(key).readlink())
        except OSError:
            return ""

    def link(self, key: str) -> Path:
        return self.claims / key

    def group(self, token: str) -> Path:
        return self.groups / f"{token}.json"

    def read(self, token: str) -> dict[str, Any] | None:
        """One submission, None when its file is no more."""
        try:
            content: dict[str, Any] = json.loads(self.group(token).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return content

    def write(self, token: str, group: Mapping[str, Any]) -> None:
        """Write one submission: to a temporary name, flushed, renamed."""
        temporary = self.groups / f".{token}.tmp"
        with temporary.open("w", encoding="utf-8") as stream:
            json.dump(group, stream)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(self.group(token))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone among the heads; file systems without locks are left to Snakemake's own lock."""
        with (self.folder / "lock").open("w") as stream:
            with suppress(OSError):
                fcntl.lockf(stream, fcntl.LOCK_EX)
            yield


def withdrawn(ledger: Path, key: str, token: str, job_id: str) -> str:
    """Why the job `job_id` of a submission must not run, or not any longer; empty when it may.

    "unknown" while the submission's answer has not been recorded: its head may be about to.
    """
    try:
        newest = str((ledger / "claims" / key).readlink())
        group = json.loads((ledger / "groups" / f"{token}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "its submission has been withdrawn"
    if newest != token:
        return "a newer submission has taken its place"
    ids = {job["key"]: job.get("job_id") for job in group["jobs"]}
    if ids.get(key) is None:
        return "unknown"
    return "" if ids[key] == job_id else f"its submission is recorded as job {ids[key]}"


def newest_token(ledger: Path, key: str) -> str | None:
    """The token of a job's latest submission, empty when nobody waits for the job, None when nothing can be read."""
    try:
        return str((ledger / "claims" / key).readlink())
    except OSError:
        return "" if (ledger / "claims").is_dir() else None


def seen_restart(ledger: Path, key: str, job_id: str) -> int:
    """The highest restart of a job that has begun, 0 when none was noted."""
    starts = ledger.joinpath("starts").glob(f"{key}-{job_id}-*")
    return max((int(path.name.rpartition("-")[2]) for path in starts), default=0)


def take(ledger: Path, key: str, job_id: str, restart: int) -> str:
    """Note that a restart of a job begins, so that the copy before it stops; why not, if that failed."""
    if restart == 0:
        return ""
    try:
        (ledger / "starts" / f"{key}-{job_id}-{restart}").touch()
    except OSError as problem:
        return f"its start could not be noted ({problem})"
    return ""


def flush(folder: Path) -> None:
    """Bring a folder's entries to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def private_folder(path: Path) -> Path:
    """Make `path` for this user alone, since what lies there is run.

    Raises OSError when it cannot be made, PermissionError when another user owns it.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = path.stat().st_uid
    if owner != os.geteuid():
        raise PermissionError(0, f"belongs to the user with id {owner}; name a folder of your own", str(path))
    path.chmod(0o700)
    return path
