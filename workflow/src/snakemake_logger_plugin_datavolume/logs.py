"""The end of a failed job's log, as text that is safe to print on a terminal.

last_lines("logs/train.log", since=start)   # ["log: logs/train.log", "| Traceback …", …]
"""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["last_lines"]

_LINES = 10
_CONTROLS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")  # colours, and what moves the cursor


def last_lines(log: str, since: float) -> list[str]:
    """The log's path and the end of what it says; not what an earlier call left there.

    log: path, with or without Snakemake's remark behind it; since: when this call began, in seconds of the epoch.
    """
    path = Path(log.split(" (")[0])
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if _written(path, since) else []
    except OSError:
        lines = []
    if not lines:
        return [f"log: {path} (nothing written)"]
    return [f"log: {path}", *(f"| {_CONTROLS.sub('', line)}" for line in lines[-_LINES:])]


def _written(path: Path, since: float) -> bool:
    return path.stat().st_mtime >= since - 1  # file systems round
