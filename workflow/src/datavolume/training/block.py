"""One job: the runs of a seed block, one after another or side by side, in a process that reads its images once.

    train_block(Paths(results), plan.block(configuration, label), options, stop)

A finished run is never trained again, also where seeds are cut into blocks differently: its last checkpoint holds all
that is written of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

import torch

from datavolume.errors import UserError
from datavolume.study.model import Run
from datavolume.study.paths import Paths
from datavolume.study.plan import PlannedRun
from datavolume.training.data import Data
from datavolume.training.determinism import make_deterministic
from datavolume.training.loop import Training
from datavolume.training.measuring.environment import Environment
from datavolume.training.measuring.outputs import Finished, write_outputs
from datavolume.training.measuring.usage import Usage
from datavolume.training.origin import Origin
from datavolume.training.processes.distributed import joined
from datavolume.training.processes.side_by_side import train_side_by_side, workers_of
from datavolume.training.surviving.checkpoint import Checkpoints, Progress
from datavolume.training.surviving.lease import Lease
from datavolume.training.surviving.signals import Interrupted, StopRequest

__all__ = ["train_block"]


def train_block(
    paths: Paths,
    block: Sequence[PlannedRun],
    checkpoint_seconds: float,
    stop: StopRequest,
    cores: int | None = None,
) -> None:
    """Train what is not finished, and write the block's files. `cores`: of the job (None: as this process may use).

    Raises UserError for the user's mistakes, TrainingDiverged, Interrupted after a stop signal, and TakenOver where
    another copy of a run is the newer one.
    """
    job = _Job(paths, block, checkpoint_seconds, stop)
    workers = workers_of(block[0].resources, len(block), cores)
    if workers > 1:
        torch.set_num_threads(1)  # a fork does not survive more
        job = replace(job, data=_read(paths, block))
        train_side_by_side([planned.run for planned in block], workers, job.train, stop)
        job = replace(job, tells=False)
    job.train(range(len(block)), write=True)


@dataclass(frozen=True)
class _Job:
    """What the runs of a block have in common, in each process that trains some of them."""

    paths: Paths
    block: Sequence[PlannedRun]
    checkpoint_seconds: float
    stop: StopRequest
    data: Data | None = None
    tells: bool = True

    def train(self, turns: Iterable[int], write: bool = False) -> None:
        """Those whose turn it is, one after another; then `write` the files of all."""
        first = self.block[0]
        make_deterministic(first.resources.threads)
        with joined(first.resources.gpus) as group, Usage(group) as usage, Lease(self.stop) as lease:
            environment = Environment.now(group, first.resources.threads)
            data = self.data or Data.of(self.paths, self.block, group.device)
            every = self.checkpoint_seconds if group.is_first else math.inf  # only the first process writes
            finished = []
            for planned in (self.block[turn] for turn in turns):
                folder, run = self.paths.checkpoints(planned.run), planned.unpack()
                group.share(partial(lease.take, folder))
                training = Training(
                    run=run,
                    data=data,
                    group=group,
                    checkpoints=Checkpoints(
                        folder, planned.run, data.fingerprint, every, environment.finished, lease.check
                    ),
                    stop=self.stop,
                    lease=lease,
                    usage=usage,
                    origin=Origin(run.start, self.paths.checkpoints(run.start.run)) if run.start else None,
                    kept=[float(share) for share in planned.kept.split()],
                    workers=first.resources.workers,
                )
                finished.append(Finished(planned, _train(planned, training, self.tells)))
            if write:  # The last run's lease stands for the block. Nobody leaves before: how one ends, the job ends.
                group.share(partial(write_outputs, self.paths, finished, data, lease.check))


def _read(paths: Paths, block: Sequence[PlannedRun]) -> Data | None:
    """What forked workers then share: on the CPU, where a GPU must not be touched before the fork."""
    if block[0].resources.gpus:
        return None
    data = Data.of(paths, block, torch.device("cpu"))
    for images in map(data.images, data.subsets):
        if images.resident:
            _ = images.train, images.validation, data.fingerprint
    return data


def _train(planned: PlannedRun, training: Training, tells: bool) -> Progress:
    """One run, and the line that tells how it ended."""
    run, group, stop = training.run, training.group, training.stop
    if stop.signal and group.size == 1:
        raise Interrupted(stop.signal, f"before {planned.run}")
    with _explained(run):
        progress = training.train()
    progress.model = None  # only the rows and predictions are needed from here on
    if group.is_first and tells:
        top1, label = progress.metrics[-1]["top1"], run.volume.label
        said = f"{run.architecture} {label} seed {run.seed}: top-1 {top1:.1%}, {progress.seconds:.1f} s"
        print(said.replace("%", " %"), flush=True)
    return progress


@contextmanager
def _explained(run: Run) -> Iterator[None]:
    """Torch's errors that a user can mend, in one line."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise UserError(
            f"{run.architecture}: the GPU's memory is full ({error}); lower recipe.batch_size, or raise recipe.shards"
        ) from error
    except (RuntimeError, ValueError) as error:
        if "deterministic" in str(error):
            raise UserError(f"{run.architecture} cannot be trained to the same bits on this device: {error}") from error
        if "more than 1 value per channel" in str(error):
            raise UserError(
                f"{run.architecture} normalises over the batch, and recipe.batch_size {run.recipe.batch_size} in "
                f"{run.recipe.shards} shards leaves it one value; use larger batches"
            ) from error
        raise
