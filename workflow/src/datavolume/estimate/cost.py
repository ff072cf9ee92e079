"""What a configuration costs on a device: seconds of a run and of a job, and bytes on the disk.

    cost = cost_of(run, resources, sizes, speeds, device="h200", kept=0)
    cost.run_seconds, cost.job_seconds(runs), cost.disk

Counted as linear: several GPUs train so many times as fast as one (NVIDIA's ResNet-50: 0.84 to 0.97 of that on eight),
and so do several CPU threads. Reading from the disk costs nothing; decoding does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from datavolume.data.datasets import file_datasets
from datavolume.data.sizes import Sizes
from datavolume.data.stores import choose_store
from datavolume.estimate.facts import Facts, key_of
from datavolume.estimate.speed import Speed, Speeds, least_update_seconds
from datavolume.estimate.work import PhaseWork, Work, keeps_features, work_of
from datavolume.study.model import Resources, Run
from datavolume.study.phases import phases_of

__all__ = ["Cost", "cost_of"]

JOB_SECONDS = 5.0  # from the start of a job to its first update: imports (docs/benchmarks.md: 2.5 s of CPU), reading
_FILE_DATASETS = frozenset(file_datasets())
_FLOAT = 4  # bytes; weights and their optimiser's state are float32 in both tiers
_OPTIMISER_VALUES = {"sgd": 1, "adamw": 2, "rmsprop": 2}  # kept for each weight


@dataclass(frozen=True)
class Cost:
    """`busy_seconds`: those in which the device computes; a run waits for launches beside them.

    `features_seconds`: once a job. `disk`: bytes that stay of each run, as checkpoints and predictions.
    """

    work: Work
    speed: Speed
    run_seconds: float
    busy_seconds: float
    features_seconds: float
    parameters: int
    disk: int
    parallel: int = 1
    shares_device: bool = False

    def job_seconds(self, runs: int) -> float:
        """Of so many runs, one after another or side by side; side by side on one GPU, they share it."""
        rounds = math.ceil(runs / self.parallel) * self.run_seconds
        together = max(rounds, runs * self.busy_seconds) if self.shares_device else rounds
        return JOB_SECONDS + self.features_seconds + together


def cost_of(run: Run, resources: Resources, sizes: Sizes, speeds: Speeds, *, device: str, kept: int = 0) -> Cost | None:
    """None where nothing is known of the network. `kept`: checkpoints that other runs start from."""
    key = key_of(run.architecture, run.recipe, sizes)
    facts, frozen = speeds.networks.find(key), run.recipe.network.frozen
    found = {
        phase.recipe.batch_size: speeds.find(
            key, batch_size=phase.recipe.batch_size, tier=run.recipe.tier, device=device, frozen=frozen
        )
        for phase in phases_of(run)
    }
    known = {batch: speed for batch, speed in found.items() if speed}
    if facts is None or len(known) < len(found):
        return None
    work = work_of(run, sizes)
    seconds = _Seconds(run, resources, sizes, speeds, device, facts)
    waits, busy = zip(*(seconds.of_updates(phase, known[phase.batch_size]) for phase in work.phases), strict=True)
    first = next(iter(known.values()))
    evaluations = seconds.of_evaluations(work, first)
    return Cost(
        work=work,
        speed=first,
        run_seconds=sum(waits) + evaluations,
        busy_seconds=sum(busy) + evaluations,
        features_seconds=work.features / seconds.rate(first.evaluation),
        parameters=facts.parameters(sizes.classes, run.recipe.network),
        disk=_disk(run, facts, sizes, kept),
        parallel=max(1, resources.parallel_seeds),
        shares_device=device != "cpu",
    )


@dataclass(frozen=True)
class _Seconds:
    run: Run
    resources: Resources
    sizes: Sizes
    speeds: Speeds
    device: str
    facts: Facts

    @property
    def units(self) -> int:
        """GPUs, or CPU threads, of one run."""
        resources = self.resources
        return resources.processes * resources.threads if self.device == "cpu" else max(1, resources.gpus)

    def of_updates(self, phase: PhaseWork, speed: Speed) -> tuple[float, float]:
        """(seconds, seconds in which the device computes)."""
        training, cached = speed.training, keeps_features(self.run.recipe)
        if self.run.recipe.network.frozen and speed.basis != "measured":
            training = self._head(speed) if cached else speed.evaluation
        busy = phase.images / (training * self.units if cached else self.rate(training))
        return max(busy, self._least(phase, speed)), busy

    def _least(self, phase: PhaseWork, speed: Speed) -> float:
        """What is measured, or stated of a CPU, holds it already; what is stated of a GPU is so for large batches."""
        if speed.basis == "measured" or (speed.basis == "stated" and self.device == "cpu"):
            return 0.0
        network, classes = self.run.recipe.network, self.sizes.classes
        layers, parameters = self.facts.layers, self.facts.parameters(classes, network)
        if keeps_features(self.run.recipe):
            layers, parameters = 1 + len(network.hidden), self.facts.head(classes, network)
        shards = math.ceil(phase.shards / self.resources.processes)
        return phase.updates * shards * least_update_seconds(self.device, layers, parameters)

    def of_evaluations(self, work: Work, speed: Speed) -> float:
        if keeps_features(self.run.recipe):
            return work.evaluated / (self._head(speed) * self.units)
        return work.evaluated / self.rate(speed.evaluation)

    def _head(self, speed: Speed) -> float:
        """Images/s of dense layers on features that are there: a multiply-add for each of their parameters."""
        head = self.facts.head(self.sizes.classes, self.run.recipe.network)
        found = self.speeds.scaled(head, self.run.recipe.tier, self.device)
        return found.training if found else speed.evaluation

    def rate(self, images_per_second: float) -> float:
        """Of all units, as far as decoding keeps up: ahead of the updates with `workers`, between them without."""
        computing, decoding = images_per_second * self.units, self._decoding()
        if decoding is None:
            return computing
        return min(computing, decoding) if self.resources.workers else 1 / (1 / computing + 1 / decoding)

    def _decoding(self) -> float | None:
        """Images/s that the job's threads decode; None where images are kept as pixels."""
        dataset, resources = self.run.dataset, self.resources
        if dataset.name not in _FILE_DATASETS:
            return None
        store = choose_store(dataset, self.sizes.count, self.sizes.side).name
        each = self.speeds.decoding.get(store)
        return each * resources.processes * max(1, resources.workers) if each else None


def _disk(run: Run, facts: Facts, sizes: Sizes, kept: int) -> int:
    """The last two checkpoints, of which the newest has no optimiser but the predictions; those kept; predictions.npz.

    Nothing of a frozen backbone is saved whose features are kept, and no optimiser's state of any.
    """
    recipe = run.recipe
    head, whole = facts.head(sizes.classes, recipe.network), facts.parameters(sizes.classes, recipe.network)
    saved = (head if keeps_features(recipe) else whole) * (2 if recipe.ema_decay else 1)
    trained = head if recipe.network.frozen else whole
    states = _OPTIMISER_VALUES.get(recipe.optimizer, 2) * trained
    predictions = sizes.validation * sizes.classes
    return _FLOAT * ((1 + kept) * (saved + states) + saved + 2 * predictions)
