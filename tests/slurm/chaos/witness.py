"""Who trained what, from when to when, as seen from outside of the trainer: one file for each attempt, kept alive.

    watch(folder, "mlp-f0.5~0-1")     in the training process: from now to its end, however that comes
    attempts(folder)                  afterwards, the oldest first
    together(attempts(folder))        pairs of attempts at the same training that ran at the same time

The file's time is the last sign of life, some tenths of a second before the end. Standard library only; it is copied
beside `sitecustomize.py`, see `grids`.
"""

import json
import os
import threading
import time
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

__all__ = ["Attempt", "attempts", "together", "watch"]

SECONDS = 0.1  # between two signs of life


@dataclass(frozen=True)
class Attempt:
    """One process that trained `name`; times in seconds since the epoch; `job` is Slurm's id."""

    name: str
    pid: int
    job: str
    node: str
    start: float
    seen: float


def watch(folder: str, name: str) -> None:
    """Note this process's start, and that it lives, from now on."""
    start = time.time()
    job = "_".join(filter(None, map(os.environ.get, ("SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID"))))
    note = {
        "name": name,
        "pid": os.getpid(),
        "job": job or os.environ.get("SLURM_JOB_ID", "none"),
        "node": os.environ.get("SLURMD_NODENAME", ""),
        "start": start,
    }
    path = Path(folder, f"{name}~{time.time_ns()}~{os.getpid()}")
    new = path.with_name(f".{path.name}")
    new.write_text(json.dumps(note))
    new.rename(path)

    def live() -> None:
        while True:
            os.utime(path)
            time.sleep(SECONDS)

    threading.Thread(target=live, daemon=True).start()


def attempts(folder: Path) -> list[Attempt]:
    """All that has been noted, the oldest first."""
    files = [path for path in folder.iterdir() if not path.name.startswith(".")]
    found = [Attempt(**json.loads(path.read_text()), seen=path.stat().st_mtime) for path in files]
    return sorted(found, key=lambda attempt: attempt.start)


def together(all_attempts: list[Attempt]) -> list[tuple[Attempt, Attempt]]:
    """Attempts at one training of which the later started while the earlier still lived."""
    pairs = combinations(all_attempts, 2)
    return [(one, two) for one, two in pairs if one.name == two.name and two.start < one.seen]
