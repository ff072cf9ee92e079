"""The files of one call's jobs, all in one folder: what submitit leaves, and what this plugin adds.

<id>_submitted.pkl, <id>_0_result.pkl, <id>_0_log.err     submitit's: what runs, how it ended, what was said
<id>_attempts.jsonl                                       where and when it ran, see `attempts`
<id>_ended                                                the batch script ended without a result
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from submitit.core.utils import pickle_load

from .node.attempts import Attempt, read_attempts

__all__ = ["Ending", "JobFiles", "setup_of", "tail"]

FAREWELL = (  # how the inner Snakemake ends after an error: not what a person looks for in a log's last lines
    "Shutting down, this might take some time.",
    "Exiting because a job execution failed.",
    "Storing output in storage.",
    "Elapsed time: ",
    "WorkflowError:",
    "At least one job did not complete successfully.",
)


@dataclass(frozen=True)
class Ending:
    """How a job ended: `reason` is one line for a person, `words` what Slurm or submitit said around the job.

    `again` where it was no fault of the job's, so that the head sends it once more. `state` is Slurm's, empty where
    the job has left a result.
    """

    ok: bool
    reason: str = ""
    words: tuple[str, ...] = ()
    again: bool = False
    state: str = ""


@dataclass(frozen=True)
class JobFiles:
    """The files of one job."""

    folder: Path
    job_id: str

    @property
    def result(self) -> Path:
        """submitit's result of the job's first task, the only one that runs a payload."""
        return self.folder / f"{self.job_id}_0_result.pkl"

    @property
    def ended(self) -> Path:
        return self.folder / f"{self.job_id}_ended"

    @property
    def notes(self) -> Path:
        return self.folder / f"{self.job_id}_attempts.jsonl"

    def attempts(self) -> list[Attempt]:
        return read_attempts(self.notes)

    def ending(self) -> Ending:
        """The ending in the result file; a failure's reason is the last line of its trace."""
        try:
            outcome, result = pickle_load(self.result)
        except Exception as problem:
            return Ending(False, f"left an unreadable result ({problem})")
        if outcome == "success":
            return Ending(True)
        kind, _, reason = str(result).strip().splitlines()[-1].partition(": ")
        words = tuple(line for line in self.words() if line.startswith("slurm"))
        if kind.endswith(("StoppedError", "SupersededError")):
            return Ending(False, reason, words, again=True)
        return Ending(False, f"failed: {reason or kind}", words)

    def words(self) -> list[str]:
        """The last lines of what submitit, and Slurm's daemon on the node, wrote around the job."""
        return tail(self.folder / f"{self.job_id}_0_log.err", 30)


def setup_of(folder: Path) -> list[str]:
    """Lines of the batch script that leave `<id>_ended` when it ends without a result, however it ends."""
    job = "${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}${SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}"
    quoted = str(folder).replace("'", "'\\''")
    return [
        f"submitit_job='{quoted}'/{job}",
        'rm -f -- "${submitit_job}_ended"',
        """trap '[ -e "${submitit_job}_0_result.pkl" ] || : >"${submitit_job}_ended"' EXIT""",
    ]


def listing(folders: Iterable[Path]) -> set[Path]:
    """Every file in these folders."""
    return {Path(folder, name) for folder in folders for name in names(folder)}


def names(folder: Path) -> list[str]:
    """The names in a folder, none when it cannot be read."""
    try:
        folder.chmod(0o700)  # as it is, but a network file system now lists what is there, not what was
        return os.listdir(folder)  # noqa: PTH208 (names are all that is wanted)
    except OSError:
        return []


def tail(path: Path, lines: int = 10, start: int = 0) -> list[str]:
    """The last lines that say something, at most `lines`, of a text file from byte `start`; none without the file."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(start, path.stat().st_size - 1000 * lines))
            text = stream.read().decode("utf-8", errors="replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip() and not line.startswith(FAREWELL)][-lines:]
