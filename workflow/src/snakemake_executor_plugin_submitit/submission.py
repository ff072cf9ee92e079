"""From requests to submitit's jobs: requests that want the same go out together, as one array."""

import io
import logging
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any

import submitit

from .files import setup_of
from .names import array_name
from .node.payload import Payload
from .requests import Request
from .slurm.outbox import SubmissionError
from .slurm.reasons import submission_problem

__all__ = ["submit"]


def submit(
    group: Sequence[Request],
    payload: Callable[[Request], Payload],
    cluster: str,
    folder: Path,
    parallelism: int = 0,
    **more: Any,
) -> list[Any]:
    """Submit requests that ask for the same as one array, a single one as a plain job, and return submitit's jobs.

    `payload` gives what runs; `parallelism` limits how many of an array run at once, 0 is no limit; `more` are further
    parameters of submitit. Raises SubmissionError.
    """
    logging.getLogger("submitit").setLevel(logging.ERROR)  # Snakemake's log is the one that people read
    executor = submitit.AutoExecutor(folder=folder, cluster=cluster)
    try:
        executor.update_parameters(
            name=array_name([request.job for request in group]),
            slurm_array_parallelism=parallelism or len(group),
            slurm_setup=setup_of(folder),
            local_setup=["trap '' INT"],  # the executor cancels; Ctrl-C in the terminal must not do it by halves
            **{**group[0].parameters, **more},
        )
        with outside_of_a_job(), redirect_stderr(io.StringIO()):  # submitit prints what it raises
            return list(executor.submit_array([payload(request) for request in group]))
    except (OSError, RuntimeError, ValueError) as problem:
        raise SubmissionError(one_line(str(problem)), submission_problem(str(problem))) from problem


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
