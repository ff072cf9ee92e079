"""The recipe: every hyperparameter of a run, each with a default that never changes: ids hash what differs from it."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Augmentation", "Budget", "EarlyStopping", "Network", "Phase", "Recipe"]


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
    divergence: str = "stop"
