"""The values that the whole workflow is made of: frozen, comparable, and the same in every job.

A study holds experiments; an experiment is one named grid; a run is one training: every value that influences its
result.
`Resources` and `seeds_per_job` say where and how a run is computed: they never enter its identity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "Augmentation",
    "Budget",
    "Dataset",
    "EarlyStopping",
    "Experiment",
    "Network",
    "Origin",
    "Phase",
    "Recipe",
    "Resources",
    "Run",
    "Start",
    "Study",
    "Volume",
]


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Which images, and which of them are held out.

    `image_size` is what networks see of image files, in pixels (None: as they come); `resize` the shorter side before
    a crop to it. `tuning` is the share of the training split that is kept out of every subset, for early stopping.
    """

    name: str
    path: str | None = None
    image_size: int | None = None
    validation: float = 0.2
    split_seed: int = 0
    store: str = "auto"
    resize: int | None = None
    tuning: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Volume:
    """How much of the training data: a fraction of it (0, 1] or an exact size, drawn nested or independent.

    `balance` says which classes it comes from: stratified (as they are), balanced, or long_tailed, where the largest
    class has `imbalance` times the images of the smallest.
    """

    fraction: float | None = None
    size: int | None = None
    mode: str = "nested"
    seed: int = 0
    balance: str = "stratified"
    imbalance: float = 1.0

    @property
    def label(self) -> str:
        """`f0.25` or `n750`, as slugs and figures write it."""
        return f"f{self.fraction:g}" if self.size is None else f"n{self.size}"


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How long a run trains: exactly one of updates, samples or epochs is given.

    Epochs are epochs of the full training data, turned into the updates that every subset then makes (`equal:
    updates`), or epochs of each subset (`equal: epochs`).
    """

    updates: int | None = None
    samples: int | None = None
    epochs: float | None = None
    equal: str = "updates"

    def total_updates(self, *, batch_size: int, subset_size: int, full_size: int) -> int:
        """Updates of one run, at least 1; a partial last batch counts as a whole one."""
        if self.updates is not None:
            return self.updates
        epoch_size = full_size if self.equal == "updates" else subset_size
        samples = self.samples if self.samples is not None else (self.epochs or 0) * epoch_size
        return max(1, -int(-samples // batch_size))


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """What is done to training images: each is one draw that belongs to (seed, epoch, sample).

    Shares are of an image's side or of all images; `mixup` and `cutmix` are the alpha of their Beta distribution (where
    both are given, one is drawn for each shard); `contrast` is the largest increase (2.0: up to three times). With
    `appended`, this share of the images is transformed once and appended to the data; the others stay as they are.
    """

    crop: str = "none"
    padding: int = 4
    smallest_area: float = 0.08
    flip: float = 0.0
    policy: str = "none"
    operations: int = 2
    magnitude: int = 9
    shift: float = 0.0
    contrast: float = 0.0
    border: float = 0.0
    erasing: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0
    repeated: int = 1
    appended: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Network:
    """How an architecture is fitted to the study: its weights, its stem, its head, the pixels that it sees.

    `hidden` are the widths of dense layers before the last; `dropout` (None: as the architecture has it) and `l2` act
    on the head alone. `input_size` scales images on the device.
    """

    pretrained: bool = False
    frozen: bool = False
    stem: str = "as_built"
    hidden: tuple[int, ...] = ()
    dropout: float | None = None
    l2: float = 0.0
    input_size: int | None = None


@dataclass(frozen=True, kw_only=True)
class EarlyStopping:
    """Stop once `metric` on the tuning split was no better by `min_delta` for `patience` evaluations in a row."""

    patience: int
    min_delta: float = 0.0
    metric: str = "loss"


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A part of a run on its own subset; what is None is the run's. The optimiser and the schedule start anew.

    Its budget counts epochs of its own subset. `weights`: carried over from the phase before, or fresh.
    """

    fraction: float | None = None
    size: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    milestones: tuple[float, ...] | None = None
    budget: Budget | None = None
    weights: str = "carried"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The hyperparameters. `batch_size` is global; `shards` are its equal parts, their gradients summed in order.

    Lengths of the schedule (`warmup`, `decay_every`, `milestones`) count as the budget does, so they scale with the
    subset; with `schedule_unit: epochs` they are epochs of the subset.
    """

    optimizer: str = "adamw"
    learning_rate: float = 1e-3
    momentum: float = 0.9
    weight_decay: float = 0.01
    batch_size: int = 32
    shards: int = 1
    schedule: str = "constant"
    label_smoothing: float = 0.0
    evaluations: int = 10
    budget: Budget = field(default_factory=lambda: Budget(epochs=10))
    tier: str = "exact"
    precision: str = "auto"
    compile: bool = False
    nesterov: bool = False
    alpha: float = 0.99
    epsilon: float = 1e-8
    no_decay: tuple[str, ...] = ()
    clip_norm: float | None = None
    clip_value: float | None = None
    ema_decay: float | None = None
    ema_every: int = 1
    warmup: float = 0.0
    warmup_factor: float = 0.01
    decay_every: float | None = None
    milestones: tuple[float, ...] = ()
    gamma: float = 0.1
    final_factor: float = 0.0
    peak: float = 0.3
    schedule_unit: str = "budget"
    evaluated_training_images: int | None = None
    augmentation: Augmentation = Augmentation()
    network: Network = Network()
    early_stopping: EarlyStopping | None = None
    phases: tuple[Phase, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Start:
    """Another run, of that configuration, whose checkpoint this one starts from, after the share `at` of its updates.

    `carry`: state (weights and optimiser, at the same place of the schedule) or weights (everything else anew).
    """

    run: str
    configuration: str
    at: float = 1.0
    carry: str = "state"


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training: every value that influences its result, and nothing else."""

    dataset: Dataset
    architecture: str
    volume: Volume
    recipe: Recipe
    seed: int
    start: Start | None = None


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What one training job asks for. `processes` and `gpus` are those of all its nodes, `mem_mb` that of each.

    `threads` are CPU threads of each process, `workers` the threads beside them that decode images; `parallel_seeds` is
    how many runs of a block train side by side, each in such a process; `runtime` is in minutes.
    """

    processes: int = 1
    nodes: int = 1
    threads: int = 1
    gpus: int = 0
    mem_mb: int = 2000
    runtime: int = 60
    workers: int = 0
    parallel_seeds: int = 1

    @property
    def cores(self) -> int:
        """CPU cores of one job on each of its nodes."""
        return self.processes // self.nodes * (self.threads + self.workers) * self.parallel_seeds


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where the runs of an experiment start: from those of another with the same architecture, volume and seed.

    `seed`: of that one seed, where it is given.
    """

    experiment: str
    at: float = 1.0
    carry: str = "state"
    seed: int | None = None


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """One named grid: architectures x volumes x seeds, under one recipe."""

    name: str
    dataset: Dataset
    architectures: tuple[str, ...]
    volumes: tuple[Volume, ...]
    seeds: tuple[int, ...]
    recipe: Recipe
    resources: Resources
    start: Origin | None = None


@dataclass(frozen=True, kw_only=True)
class Study:
    """One YAML file. `margin` is the loss of accuracy, in points of 1, that still counts as enough."""

    name: str
    scale: str
    title: str
    question: str
    margin: float
    seeds_per_job: int
    experiments: tuple[Experiment, ...]
    text: Mapping[str, Any] = field(compare=False)
