"""Free the folder from a Snakemake that was killed; called by `make demo` before it starts.

Snakemake takes its lock away when it ends or is interrupted, not when it is killed (kill -9, power cut). A left lock is
removed only if this machine started the last demo here and no Snakemake of this user runs in this folder any more:
otherwise it may belong to a run that goes on, here or on another login node.
"""

import socket
import sys
from pathlib import Path

import psutil  # type: ignore[import-untyped]

__all__ = ["free", "running"]

STATE = Path(".snakemake")


def running(folder: Path) -> list[int]:
    """Process ids of the Snakemakes that work in this folder."""
    found = []
    for process in psutil.process_iter():
        try:
            command = process.cmdline()[:3]
            if any(Path(word).name == "snakemake" for word in command) and process.cwd() == str(folder):
                found.append(process.pid)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def free(state: Path, host: str) -> str:
    """Remove left locks and note that `host` starts the demo now; "" or one line that says why not."""
    locks, record = sorted(state.glob("locks/*.lock")), state / "demo-host"
    if locks:
        if pids := running(state.resolve().parent):
            return f"a Snakemake (process {pids[0]}) runs in this folder already: wait for it, or end it"
        if not record.exists() or record.read_text().strip() != host:
            return "Snakemake's lock is on this folder: if nothing runs here any more: .venv/bin/snakemake --unlock"
        for lock in locks:
            lock.unlink()
    state.mkdir(exist_ok=True)
    record.write_text(host + "\n")
    return ""


def main() -> int:
    """The exit status: 0 when the demo may start."""
    refusal = free(STATE, socket.gethostname())
    if refusal:
        print(f"error: {refusal}", file=sys.stderr)
    return 1 if refusal else 0


if __name__ == "__main__":
    sys.exit(main())
