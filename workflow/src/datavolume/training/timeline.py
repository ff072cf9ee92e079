"""When a run does what: its phases one after another, in updates; pure arithmetic.

    for stretch in stretches(run, sizes):
        stretch.first, stretch.end          updates of the run, end excluded
        stretch.rate(update)                the learning rate of that update
        stretch.points                      after how many updates to evaluate

Updates count through the whole run. A run without phases is one stretch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from datavolume.study.model import Recipe, Run
from datavolume.study.phases import ResolvedPhase, phases_of
from datavolume.training.updating.schedule import evaluation_points, learning_rate, updates_per_unit

__all__ = ["Stretch", "stretches", "updates_at"]


@dataclass(frozen=True)
class Stretch:
    """One phase: `updates` of it after the `first` ones of the run, on `size` images.

    `samples` and `epochs` are those before it. `full_size`: images of the whole training split.
    """

    number: int
    phase: ResolvedPhase
    size: int
    full_size: int
    first: int = 0
    samples: int = 0
    epochs: float = 0.0

    @property
    def recipe(self) -> Recipe:
        return self.phase.recipe

    @cached_property
    def updates(self) -> int:
        recipe = self.recipe
        return recipe.budget.total_updates(
            batch_size=recipe.batch_size, subset_size=self.size, full_size=self.full_size
        )

    @property
    def end(self) -> int:
        return self.first + self.updates

    @cached_property
    def points(self) -> frozenset[int]:
        """At equal shares of this phase, the last at its end."""
        return frozenset(self.first + point for point in evaluation_points(self.updates, self.recipe.evaluations))

    @cached_property
    def unit(self) -> float:
        """Updates in one unit of the schedule's lengths."""
        return updates_per_unit(self.recipe, self.size, self.full_size)

    def rate(self, update: int) -> float:
        return learning_rate(self.recipe, self.updates, update - self.first, self.unit)

    def samples_at(self, update: int) -> int:
        """Images that the run has seen, with repetition."""
        return self.samples + (update - self.first) * self.recipe.batch_size

    def epochs_at(self, update: int) -> float:
        """Passes over the subset, added up over the phases."""
        return self.epochs + (update - self.first) * self.recipe.batch_size / self.size


def stretches(run: Run, sizes: Sequence[int], full_size: int) -> tuple[Stretch, ...]:
    """`sizes` are the images of each phase's subset."""
    found: list[Stretch] = []
    for number, (phase, size) in enumerate(zip(phases_of(run), sizes, strict=True)):
        last = found[-1] if found else None
        before = (last.end, last.samples_at(last.end), last.epochs_at(last.end)) if last else (0, 0, 0.0)
        found.append(Stretch(number, phase, size, full_size, *before))
    return tuple(found)


def updates_at(all_stretches: Sequence[Stretch], share: float) -> int:
    """How many updates a share of the whole run is, at least 1."""
    return max(1, round(share * all_stretches[-1].end))
