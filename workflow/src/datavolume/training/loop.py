"""One run, from its first update to its last.

progress = Training(run, data, group, checkpoints, ...).train()
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import torch

from datavolume.study.identity import run_id
from datavolume.study.model import Run
from datavolume.study.phases import phases_of
from datavolume.training.data import Data
from datavolume.training.determinism import derived_seed
from datavolume.training.learner import Learner
from datavolume.training.measuring.evaluation import evaluate, predict
from datavolume.training.measuring.last_batch import LastBatch
from datavolume.training.measuring.recording import (
    Clock,
    LossWatch,
    Measured,
    TrainingDiverged,
    guessed,
    metric_rows,
    timing_row,
)
from datavolume.training.measuring.usage import Usage
from datavolume.training.measuring.watching import Watch
from datavolume.training.origin import Origin
from datavolume.training.processes.distributed import Group
from datavolume.training.stopping import has_stopped
from datavolume.training.surviving.checkpoint import Checkpoints, Progress
from datavolume.training.surviving.lease import TAKEN_OVER, Lease, TakenOver
from datavolume.training.surviving.signals import Interrupted, StopRequest
from datavolume.training.timeline import Stretch, stretches, updates_at

__all__ = ["Training"]


@dataclass
class Training:
    """`kept`: after which shares of its updates other runs start from this one. `workers`: threads that decode."""

    run: Run
    data: Data
    group: Group
    checkpoints: Checkpoints
    stop: StopRequest
    lease: Lease
    usage: Usage
    origin: Origin | None = None
    kept: Iterable[float] = ()
    workers: int = 0
    progress: Progress = field(default_factory=Progress)

    def train(self) -> Progress:
        """To the end of the budget, from the newest checkpoint on; a finished run is only read.

        Raises Interrupted after a stop signal, TakenOver where a newer copy took the run's lease, TrainingDiverged, and
        UserError where a checkpoint cannot be read or written.
        """
        self.progress = self.group.share(self.checkpoints.load)
        if self.progress.finished:
            return self.progress
        entries = [self.data.entries(phase) for phase in phases_of(self.run)]
        self._stretches = stretches(self.run, entries, self.data.full_size)
        self._kept = {updates_at(self._stretches, share): share for share in self.kept}
        self._clock = Clock(self.progress.seconds, self.group.device)
        self._losses = LossWatch(self.run, self.progress.update, self.group.device)
        self._diverged = False
        updates, shown = self._stretches[-1].end, self.group.is_first
        with Watch(self.run, self.progress.update, updates, shown=shown) as self._watch:
            carried: dict[str, Any] | None = None
            for stretch in self._stretches:
                if self.progress.update <= stretch.end:
                    with self._learner(stretch, carried) as learner:
                        self._train(stretch, learner)
                        carried = learner.network.state_dict()
                        if stretch is self._stretches[-1] or self._diverged:
                            self._finish(learner)
                            break
        return self.progress

    def _train(self, stretch: Stretch, learner: Learner) -> None:
        """One phase; what is known of a run that diverges stays."""
        try:
            self._updates(stretch, learner)
        except TrainingDiverged as error:
            if self.group.is_first:
                self._take(learner)
                self.checkpoints.keep_evidence(self.progress, error.evidence)
            if self.run.recipe.divergence == "stop":
                raise
            self._guess(stretch, learner)

    def _guess(self, stretch: Stretch, learner: Learner) -> None:
        """The rest of a diverged run, at the evaluation point that it did not reach, whenever that was noticed."""
        self._diverged = True
        self.progress.update = min(point for point in stretch.points if point >= self.progress.update)
        with self._clock.paused():
            splits = self.data.evaluated(stretch.phase)
            self._record(dict.fromkeys(splits, guessed(self.data.classes)), stretch, learner)

    def _updates(self, stretch: Stretch, learner: Learner) -> None:
        """A checkpoint is taken after a step, before the evaluation at that point: going on from it repeats the
        evaluation."""
        progress, group, lease, losses = self.progress, self.group, self.lease, self._losses
        for update in range(max(progress.update, stretch.first), stretch.end + 1):
            if update in stretch.points:
                self._evaluate(update, stretch, learner)
                if has_stopped(stretch.recipe.early_stopping, progress.metrics, stretch.number):
                    break
            if update == stretch.end:
                break

            loss, signal = learner.gradient(update, lease.look() or self.stop.signal)
            learner.step(update, stretch.rate(update))
            losses.add(loss)

            progress.update = update + 1
            self._watch.step(progress.update)
            if signal == TAKEN_OVER:
                group.share(lease.check)  # raises
            if signal or self.checkpoints.due or group.size > 1:  # all check alike, or one would wait for another
                losses.check(progress.update)
            if progress.update in self._kept and group.is_first:
                self._keep(learner, self._kept[progress.update])
            if signal:
                group.share(lambda: self._save(learner))  # nobody leaves before: the end of one ends the others
                total = self._stretches[-1].end
                raise Interrupted(signal, f"{run_id(self.run)} after update {progress.update} of {total}")
            if self.checkpoints.due:
                with suppress(TakenOver):  # this process alone knows of it: all agree on it at the next step
                    self._save(learner)

    def _learner(self, stretch: Stretch, carried: dict[str, Any] | None) -> Learner:
        """From the checkpoint, from another run, with the weights of the phase before, or afresh."""
        images, features, weights = self.data.images(stretch.phase.volume), self.data.features, self.data.weights
        with self._clock.paused():
            learner = Learner(self.run, stretch, images, self.group, features, weights=weights, workers=self.workers)
            if self.progress.model is not None:
                self.checkpoints.restore(self.progress, learner)
            elif carried is not None and stretch.phase.carried:
                learner.network.load_state_dict(carried)
            elif carried is None and self.origin is not None:
                self.origin.restore(self.progress, learner)
        self._waited = 0.0
        return learner

    def _evaluate(self, update: int, stretch: Stretch, learner: Learner) -> None:
        with self._clock.paused():
            self._losses.check(update)
            waited = learner.feed.wait_seconds - self._waited
            splits = self.data.evaluated(stretch.phase)
            last = LastBatch(stretch.recipe.batch_size, derived_seed(self.run.seed, "last batch", update))
            measured = evaluate(learner, splits, self.data.classes, self.group, last)
            self._losses.check(update, measured)
            self._record(measured, stretch, learner, waited)

    def _record(self, measured: Measured, stretch: Stretch, learner: Learner, waited: float = 0.0) -> None:
        progress, update = self.progress, self.progress.update
        rows = metric_rows(measured, update, stretch)
        samples, used = stretch.samples_at(update), self.usage.since_last()
        row = timing_row(progress.timing, update, samples, self._clock.seconds, waited, used)
        self._waited = learner.feed.wait_seconds  # that of evaluations does not count
        progress.metrics += rows
        progress.timing.append(row)
        self._watch.evaluated(rows, row)

    def _save(self, learner: Learner) -> None:
        """By the first process alone: all have the same weights, and it has shard 0's buffers."""
        with self._clock.paused():
            self._take(learner)
            self.checkpoints.save(self.progress)
            self.progress.forget()

    def _keep(self, learner: Learner, share: float) -> None:
        """Also under a name of its own, which stays: other runs start there."""
        with self._clock.paused():
            self._take(learner)
            self.checkpoints.keep(self.progress, share)
            self.progress.forget()

    def _take(self, learner: Learner) -> None:
        progress = self.progress
        progress.seconds = self._clock.seconds
        progress.parameters = sum(parameter.numel() for parameter in learner.model.parameters())
        for name, value in learner.state.items():
            setattr(progress, name, value)

    def _finish(self, learner: Learner) -> None:
        """The last checkpoint holds all that is written of the run."""
        if 1.0 in self.kept and self.group.is_first:
            self._keep(learner, 1.0)
        images, classes = len(self.data.index.validation_samples), self.data.classes
        with self._clock.paused():
            self.progress.probabilities = (
                torch.full((images, classes), 1 / classes)
                if self._diverged
                else predict(learner, images, classes, self.group)
            )
        self.group.share(lambda: self._save_finished(learner))

    def _save_finished(self, learner: Learner) -> None:
        with self._clock.paused():
            self._take(learner)
            self.progress.optimizer = self.progress.scale = None
            if learner.average:  # what was evaluated
                with learner.average.applied(learner.network):
                    state = learner.network.state_dict()
                    self.progress.model = {name: tensor.clone() for name, tensor in state.items()}
            self.checkpoints.save(self.progress)
