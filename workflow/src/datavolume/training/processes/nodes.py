"""The trainer on several nodes of a Slurm job: one srun, which starts an agent (torchrun) on each of them.

    python -m datavolume.training.processes.nodes --nodes 2 --processes-per-node 2 --cores 4 -- --results ...

The agents meet at a store that this process opens and holds until they have ended: the system chooses its port, so
nobody can take it between the choice and the use. The same store carries a signal to every node, and the exit code
back: at a SIGTERM srun would kill all processes at once, before they had written a checkpoint. So srun stands outside
the process group that a terminal or the executor signals. Slurm's own warning reaches the processes directly as well;
they note it once.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from datavolume.training.surviving.signals import note_signals

if TYPE_CHECKING:  # seconds, in which a signal must be noted already
    from torch.distributed import TCPStore  # type: ignore[attr-defined]

__all__ = ["CODE", "SIGNAL"]

SIGNAL, CODE = "datavolume/signal", "datavolume/code"
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR2, signal.SIGHUP)
_SECONDS_BETWEEN_LOOKS = 0.1
# Of the step that this process may itself be in: an inner srun would inherit its binding.
_OF_THE_STEP = ("SLURM_CPU_BIND", "SLURM_MEM_BIND", "SLURM_DISTRIBUTION")


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the training: as on one node."""
    options = _parser().parse_args(arguments)
    noted = note_signals(_SIGNALS)
    from torch.distributed import TCPStore  # type: ignore[attr-defined]

    store = TCPStore("localhost", 0, is_master=True, wait_for_workers=False, timeout=timedelta(seconds=60))
    if noted:
        return 128 + noted[0]
    try:
        step = subprocess.Popen(
            _srun(options, store.port), stdin=subprocess.DEVNULL, env=_environment(), start_new_session=True
        )
    except FileNotFoundError:
        sys.stderr.write("Error: resources.nodes: the program srun is not on this node, so no other can be used\n")
        return 1
    _wait(step, store, noted)
    return _exit_code(step.returncode, store)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m datavolume.training.processes.nodes")
    parser.add_argument("--nodes", type=int, required=True)
    parser.add_argument("--processes-per-node", type=int, required=True)
    parser.add_argument("--cores", type=int, required=True, help="of each node")
    parser.add_argument("training", nargs="+", help="after --: arguments of python -m datavolume.training")
    return parser


def _srun(options: argparse.Namespace, port: int) -> list[str]:
    """--overlap: this process may stand in a step that holds the same CPUs."""
    step = [f"--nodes={options.nodes}", f"--ntasks={options.nodes}", "--ntasks-per-node=1", "--wait=0", "--overlap"]
    agent = ["--host", socket.gethostname(), "--port", str(port), "--nodes", str(options.nodes)]
    return [
        *("srun", *step, f"--cpus-per-task={options.cores}", "--kill-on-bad-exit=1"),
        *(sys.executable, "-m", "datavolume.training.processes.agent", *agent),
        *("--processes-per-node", str(options.processes_per_node), "--", *options.training),
    ]


def _environment() -> dict[str, str]:
    """torch says each closed connection with forty lines of stack: no news where a job ends."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OF_THE_STEP)}
    return {"TORCH_CPP_LOG_LEVEL": "ERROR", **kept}


def _wait(step: subprocess.Popen[bytes], store: TCPStore, noted: Sequence[int]) -> None:
    """To the step's end; the first signal is passed on."""
    told = False
    while step.poll() is None:
        with suppress(subprocess.TimeoutExpired):
            step.wait(_SECONDS_BETWEEN_LOOKS)
        if noted and not told:
            store.set(SIGNAL, str(noted[0]))
            told = True


def _exit_code(of_srun: int, store: TCPStore) -> int:
    """What the first agent that failed has said; srun's own where none could."""
    if store.check([CODE]):
        return int(store.get(CODE))
    return of_srun if of_srun >= 0 else 128 - of_srun


if __name__ == "__main__":
    sys.exit(main())
