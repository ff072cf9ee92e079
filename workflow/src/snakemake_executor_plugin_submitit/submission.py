"""From Snakemake's jobs to submitit's: requests that want the same go out together, as one array."""

import io
import logging
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import submitit

from .names import array_name
from .payload import Payload

__all__ = ["Request", "SubmissionError", "grouped", "private_folder", "submit"]


class SubmissionError(RuntimeError):
    """Slurm, or this machine, refused jobs; the message is one line."""


@dataclass(frozen=True)
class Request:
    """One Snakemake job, what it asks for (AutoExecutor's parameters) and what runs in it.

    `log_start` is the size in bytes of what earlier attempts left in its log.
    """

    job: Any
    parameters: dict[str, Any]
    payload: Payload
    log_start: int = 0


def grouped(requests: Iterable[Request]) -> list[list[Request]]:
    """The requests by what they ask for, in the order of each group's first."""
    groups: dict[str, list[Request]] = {}
    for request in requests:
        groups.setdefault(repr(sorted(request.parameters.items())), []).append(request)
    return list(groups.values())


def submit(group: Sequence[Request], cluster: str, folder: Path, parallelism: int = 0) -> list[Any]:
    """Submit requests that ask for the same as one array, a single one as a plain job, and return submitit's jobs.

    `parallelism` limits how many of an array run at once; 0 is no limit. Raises SubmissionError.
    """
    logging.getLogger("submitit").setLevel(logging.ERROR)  # Snakemake's log is the one that people read
    executor = submitit.AutoExecutor(folder=folder, cluster=cluster)
    try:
        executor.update_parameters(
            name=array_name([request.job for request in group]),
            slurm_array_parallelism=parallelism or len(group),
            local_setup=["trap '' INT"],  # the executor cancels; Ctrl-C in the terminal must not do it by halves
            **group[0].parameters,
        )
        with outside_of_a_job(), redirect_stderr(io.StringIO()):  # submitit prints what it raises
            return list(executor.submit_array([request.payload for request in group]))
    except (OSError, RuntimeError, ValueError) as problem:
        raise SubmissionError(one_line(str(problem))) from problem


def one_line(message: str) -> str:
    """Slurm's own words in one line, without the command's name before each."""
    lines = (re.sub(r"^\w+: (error: )?", "", line.strip()) for line in message.splitlines())
    return "; ".join(dict.fromkeys(line for line in lines if line))


@contextmanager
def outside_of_a_job() -> Iterator[None]:
    """Hide the variables of a Slurm job that Snakemake itself runs in: sbatch would hand them to the new job."""
    kept = ("SLURM_CONF", "SLURM_CLUSTERS", "SLURM_TIME_FORMAT")
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("SLURM_") and name not in kept}
    try:
        yield
    finally:
        os.environ.update(hidden)


def private_folder(path: Path) -> Path:
    """Make `path` for this user alone: submitit runs what lies there. Raises SubmissionError when it is another's."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
    except OSError as problem:
        raise SubmissionError(f"the job folder {path} cannot be used: {problem.strerror}") from problem
    return path
