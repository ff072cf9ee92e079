"""The values that the whole workflow is made of: frozen, comparable, and the same in every job.

A study holds experiments; an experiment is one named grid; a run is one training: every value that influences its
result.
`Resources` and `seeds_per_job` say where and how a run is computed: they never enter its identity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from datavolume.study.recipe import Augmentation, Budget, EarlyStopping, Network, Phase, Recipe

__all__ = [
    "Answer",
    "Artefact",
    "Augmentation",
    "Budget",
    "Choice",
    "Dataset",
    "EarlyStopping",
    "Experiment",
    "Factor",
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
class Factor:
    """What an experiment varies: a path into it, as `recipe.batch_size` or `architecture`, and labelled values."""

    name: str
    options: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What says which value is best: the mean over seeds of a metric on a split, at the last evaluation."""

    metric: str = "top1"
    split: str = "tuning"


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """One named design: architectures x volumes x seeds, under one recipe and its variations.

    `design` says how `vary` is run through: factorial (every combination), one_at_a_time (each factor around the
    recipe as it stands), one_after_another (each factor from the best value, by `choose`, of the one before).
    `best_of`: architecture, data and recipe are those of the best configuration of these experiments. `optional`: left
    out while its images are not there.
    """

    name: str
    dataset: Dataset
    architectures: tuple[str, ...]
    volumes: tuple[Volume, ...]
    seeds: tuple[int, ...]
    recipe: Recipe
    resources: Resources
    start: Origin | None = None
    title: str = ""
    design: str = "factorial"
    vary: tuple[Factor, ...] = ()
    choose: Choice = Choice()
    best_of: tuple[str, ...] = ()
    optional: bool = False
    text: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """A figure or table of a study; `draw` names what is registered in `artefacts`, `options` are what that takes."""

    name: str
    draw: str
    title: str = ""
    caption: str = ""
    section: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def named(self) -> tuple[str, ...]:
        """The experiments that its options `experiment` and `experiments` name."""
        told = (self.options.get(key, ()) for key in ("experiment", "experiments"))
        return tuple(name for names in told for name in ((names,) if isinstance(names, str) else names))


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the question is about: data volumes, or the factors of designs; told of these experiments (none: of all).

    `forecast`: numbers of images, or multiples of the largest volume as "2x"; `target`: top-1 accuracy, in points of 1,
    that is wanted; `more`: how many images the next step would add, which cost `price_per_label` each.
    """

    about: str = "volume"
    experiments: tuple[str, ...] = ()
    forecast: tuple[str | float, ...] = ("2x", "4x", "10x")
    target: float | None = None
    more: int = 1000
    price_per_label: float | None = None
    price_per_gpu_hour: float | None = None


@dataclass(frozen=True, kw_only=True)
class Study:
    """One YAML file. `margin` is the loss of accuracy, in points of 1, that still counts as enough; `published` the
    file of printed values that ours are set beside."""

    name: str
    scale: str
    title: str
    question: str
    margin: float
    seeds_per_job: int
    experiments: tuple[Experiment, ...]
    text: Mapping[str, Any] = field(compare=False)
    artefacts: tuple[Artefact, ...] = ()
    answer: Answer = Answer()
    published: str = ""
