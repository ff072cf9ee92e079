"""The phases of a run, each with its own subset and recipe; a run without phases is one.

for phase in phases_of(run):
    phase.volume, phase.recipe.batch_size, phase.carried
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from datavolume.study.model import Phase, Recipe, Run, Volume

__all__ = ["ResolvedPhase", "phases_of", "volumes_of"]


@dataclass(frozen=True, kw_only=True)
class ResolvedPhase:
    """What one phase trains on and how; `carried`: with the weights of the phase before it."""

    volume: Volume
    recipe: Recipe
    carried: bool


def phases_of(run: Run) -> tuple[ResolvedPhase, ...]:
    if not run.recipe.phases:
        return (ResolvedPhase(volume=run.volume, recipe=run.recipe, carried=False),)
    return tuple(_resolve(run, phase) for phase in run.recipe.phases)


def volumes_of(run: Run) -> tuple[Volume, ...]:
    """Every volume whose subset the run reads: its own first, which holds the others."""
    return tuple(dict.fromkeys([run.volume, *(phase.volume for phase in phases_of(run))]))


def _resolve(run: Run, phase: Phase) -> ResolvedPhase:
    recipe = run.recipe
    own: dict[str, Any] = {
        name: value
        for name in ("batch_size", "learning_rate", "milestones")
        if (value := getattr(phase, name)) is not None
    }
    if phase.budget is not None:
        own["budget"] = replace(phase.budget, equal="epochs")
    return ResolvedPhase(
        volume=replace(run.volume, fraction=phase.fraction, size=phase.size),
        recipe=replace(recipe, phases=(), **own),
        carried=phase.weights == "carried",
    )
