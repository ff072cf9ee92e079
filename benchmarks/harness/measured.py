"""What one side of a round took, and what came out of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Measured", "timed"]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Seconds of wall clock, and of CPU of the command and all that it started; of the runs: the last validation top-1
    and loss, training images a second inside each run, and the number of the network's parameters.
    """

    wall: float
    cpu: float
    top1: list[float]
    loss: list[float]
    images_per_second: list[float]
    parameters: int
    gpu_memory_mb: float = 0.0


def timed(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> tuple[float, float]:
    """Wall and CPU seconds; ends the benchmark with the command's last words where it fails."""
    binaries = str(Path(sys.executable).parent)  # rules say `python`
    own = {"PATH": f"{binaries}:{os.environ['PATH']}", "PYTHONUNBUFFERED": "1", **(environment or {})}
    log = folder / "output.txt"
    with log.open("wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=os.environ | own, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)}\nended with {process.returncode}:\n{log.read_text()[-3000:]}")
    return wall, usage.ru_utime + usage.ru_stime
