"""One run, from its first update to its last.

progress = train(run, data, group, checkpoints, stop, lease, usage)
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import torch
import torch.nn.functional as F

from datavolume.models.registry import build_model
from datavolume.study.identity import run_id
from datavolume.study.model import Run
from datavolume.training.checkpoint import Checkpoints, Progress
from datavolume.training.determinism import derived_seed, reseed
from datavolume.training.distributed import Group
from datavolume.training.evaluation import evaluate, predict
from datavolume.training.gradient import Gradient
from datavolume.training.lease import TAKEN_OVER, Lease, TakenOver
from datavolume.training.optimisation import Optimizer, evaluation_points, learning_rate
from datavolume.training.order import SampleOrder
from datavolume.training.recording import Clock, LossWatch, metric_rows, timing_row
from datavolume.training.signals import Interrupted, StopRequest
from datavolume.training.tensors import Tensors
from datavolume.training.usage import Usage

__all__ = ["train"]


def train(
    run: Run, data: Tensors, group: Group, checkpoints: Checkpoints, stop: StopRequest, lease: Lease, usage: Usage
) -> Progress:
    """Train to the end of the budget, from the newest checkpoint on; a finished run is only read.

    Raises Interrupted after a stop signal, TakenOver where a newer copy took the run's lease, TrainingDiverged, and
    UserError where a checkpoint cannot be written.
    """
    progress = group.share(checkpoints.load)
    if progress.finished:
        return progress

    recipe, batch_size, n = run.recipe, run.recipe.batch_size, len(data.subset)
    updates = recipe.budget.total_updates(batch_size=batch_size, subset_size=n, full_size=data.full_size)
    points = evaluation_points(updates, recipe.evaluations)
    rate = partial(learning_rate, recipe, updates)
    model, optimizer = _network(run, data)
    checkpoints.restore(progress, model, optimizer)
    order = SampleOrder(n, batch_size, run.seed, group.device)
    gradient = Gradient(model, recipe.shards, group)
    losses = LossWatch(run, progress.update, group.device)
    clock = Clock(progress.seconds, group.device)
    save = partial(_save, progress, clock, checkpoints, model, optimizer)

    # A checkpoint is taken after a step, before the evaluation at that point: going on from it repeats the evaluation.
    for update in range(progress.update, updates + 1):
        if update in points:
            with clock.paused():
                losses.check(update)
                measured = group.share(partial(evaluate, model, data))
                losses.check(update, measured)
                progress.metrics += metric_rows(measured, update, batch_size, n, rate(update - 1))
                progress.timing.append(
                    timing_row(progress.timing, update, batch_size, clock.seconds, usage.since_last())
                )
        if update == updates:
            break

        loss_of_shard = partial(_loss_of_shard, run, model, data, update, order.batch(update))
        loss, signal = gradient.compute(loss_of_shard, lease.look() or stop.signal)
        optimizer.step(rate(update))
        losses.add(loss)

        progress.update = update + 1
        if signal == TAKEN_OVER:
            group.share(lease.check)  # raises
        if signal or checkpoints.due or group.size > 1:  # every process checks alike, or one would wait for another
            losses.check(progress.update)
        if signal:
            group.share(save)  # nobody leaves before it is written: the end of one process ends the others
            raise Interrupted(signal, f"{run_id(run)} after update {progress.update} of {updates}")
        if checkpoints.due:
            with suppress(TakenOver):  # this process alone knows of it: all agree on it at the next step
                save()

    with clock.paused():
        progress.probabilities = group.share(partial(predict, model, data))
    group.share(partial(_save, progress, clock, checkpoints, model))
    return progress


def _network(run: Run, data: Tensors) -> tuple[torch.nn.Module, Optimizer]:
    """The network as it is before the first update, and its optimiser."""
    index = data.index
    reseed(data.device, derived_seed(run.seed, "initialisation"))
    model = build_model(
        run.architecture, classes=len(index.classes), channels=index.channels, image_size=index.image_size
    )
    model = model.to(data.device).train()
    return model, Optimizer(run.recipe, model.parameters())


def _loss_of_shard(
    run: Run, model: torch.nn.Module, data: Tensors, update: int, batch: torch.Tensor, shard: int
) -> torch.Tensor:
    """The shard's part of the batch's mean loss. What it draws (dropout) belongs to (seed, update, shard)."""
    own = batch.chunk(run.recipe.shards)[shard]
    reseed(data.device, derived_seed(run.seed, "dropout", update, shard))
    logits = model(data.normalise(data.train.images[own]))
    smoothing = run.recipe.label_smoothing
    total = F.cross_entropy(logits, data.train.labels[own], label_smoothing=smoothing, reduction="sum")
    return total / run.recipe.batch_size


def _save(
    progress: Progress,
    clock: Clock,
    checkpoints: Checkpoints,
    model: torch.nn.Module,
    optimizer: Optimizer | None = None,
) -> None:
    """By the first process alone: all have the same weights, and it has shard 0's buffers."""
    with clock.paused():
        progress.seconds = clock.seconds
        progress.parameters = sum(parameter.numel() for parameter in model.parameters())
        progress.model = model.state_dict()
        progress.optimizer = optimizer.state if optimizer else None
        checkpoints.save(progress)
