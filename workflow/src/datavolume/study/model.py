"""The values that the whole workflow is made of: frozen, comparable, and the same in every job.

A study holds experiments; an experiment is one named grid; a run is one training: every value that influences its
result.
`Resources` and `seeds_per_job` say where and how a run is computed: they never enter its identity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Budget", "Dataset", "Experiment", "Recipe", "Resources", "Run", "Study", "Volume"]


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Which images, and which of them are held out. `image_size` is in pixels (None: as they come)."""

    name: str
    path: str | None = None
    image_size: int | None = None
    validation: float = 0.2
    split_seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Volume:
    """How much of the training data: a fraction of it (0, 1] or an exact size, drawn nested or independent."""

    fraction: float | None = None
    size: int | None = None
    mode: str = "nested"
    seed: int = 0

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
class Recipe:
    """The hyperparameters. `batch_size` is global; `shards` are its equal parts, their gradients summed in order."""

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


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training: every value that influences its result, and nothing else."""

    dataset: Dataset
    architecture: str
    volume: Volume
    recipe: Recipe
    seed: int


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What one training job asks for. `processes` and `gpus` are those of all its nodes, `mem_mb` that of each.

    `threads` are CPU threads of each process; `runtime` is in minutes.
    """

    processes: int = 1
    nodes: int = 1
    threads: int = 1
    gpus: int = 0
    mem_mb: int = 2000
    runtime: int = 60


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
