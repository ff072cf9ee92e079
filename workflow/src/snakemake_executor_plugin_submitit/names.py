"""How a job is called: in Slurm's queue, in messages, and in the folder where a person looks for its log.

A job's label is its rule and its wildcards, `train.cnn-f0.25`; its log is `<folder>/train/cnn-f0.25.log`.
"""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["array_name", "count_of", "label_of", "log_of"]

SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._=+~-]*")
LONGEST = 100  # characters of a name; file systems allow 255 bytes


def slug(text: str) -> str:
    """`text` as it is when it is a safe file name, else a cleaned one that a hash keeps unique."""
    if SAFE.fullmatch(text) and len(text) <= LONGEST:
        return text
    cleaned = re.sub(r"[^A-Za-z0-9._=+~-]+", "_", text).lstrip(".-") or "_"
    return f"{cleaned[:LONGEST]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def parts_of(job: Any) -> tuple[str, str]:
    """The folder and the file name, without suffix, of a Snakemake job: rule and wildcards, or group and its id."""
    if job.is_group():
        return f"group-{slug(job.name)}", slug(str(job.jobid))
    values = ".".join(str(value) for value in job.wildcards_dict.values())
    return slug(job.name), slug(values) if values else ""


def label_of(job: Any) -> str:
    """Rule and wildcards in one word, such as `train.cnn-f0.25`."""
    return ".".join(part for part in parts_of(job) if part)


def log_of(folder: Path, job: Any) -> Path:
    """Where the job's output is found: the same file for every attempt."""
    room, name = parts_of(job)
    return folder / room / f"{name or room}.log"


def count_of(jobs: int) -> str:
    """`1 job`, `12 jobs`."""
    return f"{jobs} job" if jobs == 1 else f"{jobs} jobs"


def array_name(jobs: Sequence[Any]) -> str:
    """The label of a single job; of several, which share one Slurm name, their rules and their number."""
    if len(jobs) == 1:
        return label_of(jobs[0])
    rules = dict.fromkeys(parts_of(job)[0] for job in jobs)
    return f"{slug('+'.join(rules))}.{len(jobs)}jobs"
