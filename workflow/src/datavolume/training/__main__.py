"""Train one job: the runs of one seed block of the plan.

    python -m datavolume.training --results results/digits --configuration mlp-f0.25-bs32-88d0b3c1fe --block 0-4

Where the plan asks for several processes, this one becomes torchrun, which starts them; for several nodes, the one that
starts torchrun on each node of its Slurm job.

Exit code: 0 finished; 1 a mistake or a run that diverged, said in one line; 130, 143 or 140 stopped by SIGINT, SIGTERM
or SIGUSR2 with a checkpoint written: the same command goes on from there; 75 another copy of a run is the newer one.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from datavolume.errors import UserError
from datavolume.study.model import Resources
from datavolume.study.paths import Paths
from datavolume.study.plan import read_plan
from datavolume.training.measuring.watching import TENSORBOARD
from datavolume.training.processes.layout import check_layout
from datavolume.training.surviving.lease import TAKEN_OVER, TakenOver
from datavolume.training.surviving.signals import Interrupted, listen

CHECKPOINT_SECONDS = 60.0


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        _train(options, sys.argv[1:] if arguments is None else arguments)
    except UserError as error:
        return _ended(f"Error: {error}", 1)
    except Interrupted as stopped:
        return _ended(str(stopped), stopped.exit_code)
    except TakenOver as other:
        return _ended(str(other), TAKEN_OVER)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m datavolume.training", description="Train one seed block of a plan."
    )
    parser.add_argument("--results", type=Path, required=True, help="the study's results, where plan.csv is")
    parser.add_argument("--configuration", required=True, help="a configuration of the plan")
    parser.add_argument("--block", required=True, help="one of its seed blocks, as 0-4")
    parser.add_argument("--processes", type=int, help="training processes (default: as the plan says)")
    parser.add_argument(
        "--cores", type=int, help="CPU cores that the job may use on each node (default: all that this process may)"
    )
    parser.add_argument(
        "--checkpoint-seconds", type=float, default=CHECKPOINT_SECONDS, help="time between checkpoints (%(default)s)"
    )
    parser.add_argument("--tensorboard", type=Path, help="also write what is measured for TensorBoard, in this folder")
    return parser


def _train(options: argparse.Namespace, arguments: Sequence[str]) -> None:
    if options.tensorboard:
        os.environ[TENSORBOARD] = str(options.tensorboard.absolute())
    stop = listen()
    paths = Paths(options.results)
    block = read_plan(paths.plan).block(options.configuration, options.block)
    processes, nodes = _processes_and_nodes(options.processes, block[0].resources)
    check_layout(block[0], processes, options.cores, nodes)
    if processes > 1 and "RANK" not in os.environ:
        cores = options.cores or processes // nodes * block[0].resources.threads
        _become_launcher(processes, nodes, cores, arguments)
    from datavolume.training.block import train_block  # imports torch: seconds, and a mistake is said before

    train_block(paths, block, options.checkpoint_seconds, stop, options.cores)


def _processes_and_nodes(asked: int | None, resources: Resources) -> tuple[int, int]:
    """Of this training. A job of fewer nodes than the study asks for, as on a laptop, has the processes of one of them:
    fewer processes give the same bits."""
    if asked:
        return asked, 1
    processes, nodes = resources.processes, resources.nodes
    here = int(os.environ.get("SLURM_JOB_NUM_NODES", "1"))
    if nodes <= here or "RANK" in os.environ:
        return processes, nodes
    print(
        f"the study asks for {nodes} nodes and this job has {here}: training on one, with {processes // nodes} of "
        f"{processes} processes",
        file=sys.stderr,
        flush=True,
    )
    return processes // nodes, 1


def _become_launcher(processes: int, nodes: int, cores: int, arguments: Sequence[str]) -> NoReturn:
    """As this very process, so that signals find it. `cores` are those of each node."""
    each = str(processes // nodes)
    if nodes > 1:
        options = ["--nodes", str(nodes), "--processes-per-node", each, "--cores", str(cores), "--", *arguments]
        command = ["datavolume.training.processes.nodes", *options]
    else:
        options = ["--standalone", "--nproc-per-node", each]
        command = ["datavolume.training.processes.launch", *options, "-m", "datavolume.training", *arguments]
    os.execv(sys.executable, [sys.executable, "-m", *command])


def _ended(said: str, exit_code: int) -> int:
    """Several processes say the same mistake: only the first without its number."""
    rank = os.environ.get("RANK", "0")
    line = said if rank == "0" else f"process {rank}: {said}"
    sys.stderr.write(f"{line}\n")  # in one piece: print's newline may come after another process's line
    sys.stderr.flush()
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
