"""How long a job may run: the partition's limit, as Slurm says it, and what a longer job becomes.

limit = slurm_limit("gpu")             Limit("gpu", 1440.0); None where there is no Slurm, or it does not answer
starts(seconds, minutes)               how often a job of so many seconds starts under a limit of so many minutes
"""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from dataclasses import dataclass

__all__ = ["Limit", "parse_minutes", "slurm_limit", "starts"]

_PATIENCE = 2  # seconds; a controller under load is not waited for
_WARNING = 90  # seconds before its limit, a training saves and stops (docs/clusters.md)
_TIME = re.compile(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?")


@dataclass(frozen=True)
class Limit:
    """Of a partition's jobs; None: it has none."""

    partition: str
    minutes: float | None


def slurm_limit(partition: str | None = None) -> Limit | None:
    """Of that partition, or of the one that Slurm takes where none is named."""
    if shutil.which("sinfo") is None:
        return None
    try:
        told = subprocess.run(
            ["sinfo", "-h", "-o", "%P %l"], capture_output=True, text=True, timeout=_PATIENCE, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return _chosen(told.stdout, partition)


def _chosen(text: str, partition: str | None) -> Limit | None:
    for line in text.splitlines():
        name, _, limit = line.strip().partition(" ")
        if name.rstrip("*") == partition if partition else name.endswith("*"):
            return Limit(name.rstrip("*"), parse_minutes(limit))
    return None


def parse_minutes(text: str) -> float | None:
    """Slurm's days-hours:minutes:seconds, any of which may be missing; None for `infinite` and the like."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    days, *parts = found.groups()
    values = [int(part) for part in parts if part is not None]
    if days is not None:  # hours[:minutes[:seconds]]
        hours, minutes, seconds = [*values, 0, 0][:3]
        return int(days) * 1440 + hours * 60 + minutes + seconds / 60
    if len(values) == 3:
        return values[0] * 60 + values[1] + values[2] / 60
    return values[0] + (values[1] / 60 if len(values) == 2 else 0)  # minutes[:seconds]


def starts(seconds: float, minutes: float) -> int:
    """1 where it fits; otherwise it is requeued from its checkpoint, each start losing the time of the warning."""
    limit = minutes * 60
    if seconds <= limit:
        return 1
    return math.ceil(seconds / max(limit - _WARNING, limit / 2))
