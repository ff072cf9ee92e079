"""What a run does, counted: updates, images passed, evaluations; from its recipe and the dataset's sizes alone.

    work = work_of(run, sizes)
    work.images, work.evaluated, work.updates

Early stopping may end a run sooner: its work is the most that it can be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from datavolume.data.sizes import Sizes
from datavolume.study.model import Augmentation, Recipe, Run, Volume
from datavolume.study.phases import ResolvedPhase, phases_of

__all__ = ["PhaseWork", "Work", "keeps_features", "subset_size", "work_of"]


@dataclass(frozen=True)
class PhaseWork:
    """`images` are those of the updates, with repetition; `shards` the parts that each of its batches is cut into."""

    updates: int
    images: int
    batch_size: int
    shards: int


@dataclass(frozen=True)
class Work:
    """`images`: passed forward and backward; `evaluated`: forward alone, all evaluations and the last predictions.

    `features`: images that a frozen backbone sees, once a job, so that updates and evaluations need the head alone.
    `stops_early`: the run may be shorter.
    """

    n: int
    phases: tuple[PhaseWork, ...]
    evaluated: int
    features: int = 0
    stops_early: bool = False

    @property
    def updates(self) -> int:
        return sum(phase.updates for phase in self.phases)

    @property
    def images(self) -> int:
        return sum(phase.images for phase in self.phases)


def subset_size(volume: Volume, sizes: Sizes) -> int:
    """Images of a subset; a fraction is taken of the whole split, so to within half an image for each class."""
    return volume.size if volume.size is not None else max(1, round(sizes.train * (volume.fraction or 1.0)))


def keeps_features(recipe: Recipe) -> bool:
    """Whether a frozen backbone sees each image once, as `training.feeding.features.cacheable` has it."""
    return recipe.network.frozen and replace(recipe.augmentation, repeated=1) == Augmentation()


def work_of(run: Run, sizes: Sizes) -> Work:
    """Of the whole run; of one that starts from another's state, the rest that is left to it."""
    phases, recipe = phases_of(run), run.recipe
    updates = [_updates(phase, sizes) for phase in phases]
    done = round(run.start.at * sum(updates)) if run.start and run.start.carry == "state" else 0
    left = list(_left(phases, updates, done))
    evaluated = sum(points * _looked_at(phase, sizes) for phase, (_, points) in zip(phases, left, strict=True))
    pairs = zip(phases, left, strict=True)
    n, features = subset_size(run.volume, sizes), keeps_features(recipe)
    return Work(
        n=n,
        phases=tuple(_phase(phase.recipe, count) for phase, (count, _) in pairs),
        evaluated=evaluated + sizes.validation,
        features=n + sizes.tuning + sizes.validation if features else 0,
        stops_early=recipe.early_stopping is not None,
    )


def _updates(phase: ResolvedPhase, sizes: Sizes) -> int:
    size, recipe = subset_size(phase.volume, sizes), phase.recipe
    entries = size + round(size * recipe.augmentation.appended)
    return recipe.budget.total_updates(batch_size=recipe.batch_size, subset_size=entries, full_size=sizes.train)


def _left(phases: tuple[ResolvedPhase, ...], updates: list[int], done: int) -> Iterator[tuple[int, int]]:
    """(updates, evaluations) that are left of each phase once `done` updates of the run are made."""
    for phase, count in zip(phases, updates, strict=True):
        skipped, most = min(done, count), phase.recipe.evaluations
        done -= skipped
        if not skipped:
            yield count, min(count, most)
        else:
            yield (
                count - skipped,
                len({point for k in range(1, most + 1) if (point := round(k * count / most)) >= skipped}),
            )


def _looked_at(phase: ResolvedPhase, sizes: Sizes) -> int:
    """Images of one evaluation: the subset's, or as many of them as the recipe says, and all that are held out."""
    size, most = subset_size(phase.volume, sizes), phase.recipe.evaluated_training_images
    return (size if most is None else min(size, most)) + sizes.tuning + sizes.validation


def _phase(recipe: Recipe, updates: int) -> PhaseWork:
    return PhaseWork(updates, updates * recipe.batch_size, recipe.batch_size, recipe.shards)
