"""What runs inside a submitted job: one command, its output appended to a log that a person finds.

`Payload` is pickled by submitit at submission and called in the job. The chain below it (bash, the inner Snakemake or
the rule's own command) is a process group of its own that ignores SIGUSR2: a program of the rule that wants the warning
before a time limit or a preemption installs its own handler.

How a job on Slurm ends here: the chain ends well, or fails (PayloadError). Or it stops after the warning: the job is
requeued, and where that cannot be done, the head sends it again (StoppedError). Or Slurm ends it (SIGTERM): nothing is
left, and the head asks Slurm. Or a newer copy of it has started, and this one stops (SupersededError).
"""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn

from .attempts import note_end, note_start
from .chain import Chain
from .lease import Lease
from .signals import Signals

__all__ = ["Payload", "PayloadError", "StoppedError", "SupersededError", "slurm_id"]

SECONDS_TO_REQUEUE = 60


class PayloadError(RuntimeError):
    """The command ended with an exit code other than 0, or was stopped once too often."""


class StoppedError(RuntimeError):
    """The command stopped at a warning, and the job could not be requeued: the head sends it again."""


class SupersededError(RuntimeError):
    """Another submission, or a restart, of this job has taken its place."""


@dataclass(frozen=True)
class Payload:
    """The command of one job: call it where the job runs.

    `log` is relative to `workdir` or absolute; `title` names the job in the log. `notes` is the folder of the attempts'
    notes. `ledger`, `key` and `token` are those of the submission; without a ledger nothing is asked there. `restarts`
    of at most `requeues` the head has made already.
    """

    command: str
    workdir: str
    log: str
    title: str
    notes: str = ""
    ledger: str = ""
    key: str = ""
    token: str = ""
    restarts: int = 0
    requeues: int = 0

    def __call__(self) -> None:
        lease = Lease(self.ledger, self.key, self.token, slurm_id(), restart_count())
        reason = lease.refusal()
        if reason:
            self.make_way(lease, reason)
        self.refuse_to_go_round_for_ever()
        log = Path(self.workdir, self.log)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as stream:
            print(self.heading(), file=stream, flush=True)
            self.run(lease, stream)

    def run(self, lease: Lease, stream: IO[str]) -> None:
        """Run the command, note the attempt, and end as the module says."""
        own = {"SNAKEMAKE_SUBMITIT_JOB": slurm_id(), "SNAKEMAKE_SUBMITIT_RESTART": str(self.total_restarts)}
        since = note_start(self.attempts)
        with Signals() as signals, Chain(self.command, self.workdir, stream, own) as chain:
            signals.warn = chain.warn
            if signals.warned:  # while the chain was starting
                chain.warn()
            with lease.watched(chain.kill):
                code = chain.wait()
        lost = lease.lost or lease.overtaken()
        if lost:
            note_end(self.attempts, "superseded", lost, since=since)
            self.make_way(lease, lost)
        if code and signals.warned:
            note_end(self.attempts, "stopped", "at a warning", since=since)
            self.give_back()
        if code and signals.ended:
            note_end(self.attempts, "ended", signals.ended, since=since)
            sys.exit(128 + signal.SIGTERM)  # not an Exception: submitit leaves no result, and the head asks Slurm
        reason = "" if not code else f"exit code {code}" if code > 0 else f"killed by signal {-code}"
        note_end(self.attempts, "failed" if reason else "ok", reason, since=since)
        if reason:
            raise PayloadError(reason)

    def make_way(self, lease: Lease, reason: str) -> NoReturn:
        """End for another copy of this job: without a result where that copy will leave it in the same file."""
        if lease.restarted():
            sys.exit(reason)
        raise SupersededError(reason)

    @property
    def attempts(self) -> Path:
        """Where this job's attempts are noted."""
        return Path(self.notes or os.devnull, f"{slurm_id()}_attempts.jsonl")

    @property
    def total_restarts(self) -> int:
        """How often this job has been started again, by Slurm and by the head."""
        return self.restarts + restart_count()

    def refuse_to_go_round_for_ever(self) -> None:
        """Raise PayloadError when the job was requeued more often than it may be."""
        if self.total_restarts > self.requeues:
            raise PayloadError(
                f"requeued {self.total_restarts} times, and {self.requeues} are allowed; give it a longer runtime, or "
                "raise --submitit-requeues or the rule's resource requeues; it goes on from its last checkpoint"
            )

    def give_back(self) -> NoReturn:
        """Requeue this job and end without a result; raises StoppedError where Slurm does not let us."""
        if self.total_restarts >= self.requeues:
            raise PayloadError(
                f"stopped by its time limit or a preemption {self.total_restarts + 1} times, and {self.requeues} "
                "requeues are allowed; give it more runtime, or raise --submitit-requeues or its resource requeues"
            )
        try:
            requeue = ["scontrol", "requeue", slurm_id()]
            subprocess.run(requeue, check=True, capture_output=True, text=True, timeout=SECONDS_TO_REQUEUE)
        except (OSError, subprocess.SubprocessError) as problem:
            words = "; ".join((getattr(problem, "stderr", None) or str(problem)).split("\n")).strip("; ")
            raise StoppedError(f"stopped at a warning, and could not be requeued ({words})") from None
        sys.exit(0)

    def heading(self) -> str:
        """The line that starts this attempt's part of the log."""
        again = f", restart {self.total_restarts}" if self.total_restarts else ""
        when = time.strftime("%Y-%m-%d %H:%M:%S")
        return f"=== {self.title}: job {slurm_id()}{again} on {socket.gethostname()}, {when}"


def slurm_id() -> str:
    """This job's id as Slurm's commands show it, `1234_5` for a task of an array; on this machine submitit's."""
    array, task = (os.environ.get(f"SLURM_ARRAY_{part}_ID") for part in ("JOB", "TASK"))
    local = os.environ.get("SUBMITIT_LOCAL_JOB_ID", str(os.getpid()))
    return f"{array}_{task}" if array else os.environ.get("SLURM_JOB_ID", local)


def restart_count() -> int:
    """How often Slurm has started this job again."""
    return int(os.environ.get("SLURM_RESTART_COUNT") or 0)
