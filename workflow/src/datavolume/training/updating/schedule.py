"""The learning rate of every update, as a pure function: nothing to step, nothing to store.

    unit = updates_per_unit(recipe, subset_size, full_size)       updates in one unit of the schedule's lengths
    rate = learning_rate(recipe, updates, update, unit)           of update 0 to updates - 1

constant    the recipe's learning rate
cosine      down to `final_factor` of it, along half a cosine                  CosineAnnealingLR
step        times `gamma` after every `decay_every`                            StepLR
multistep   times `gamma` at each of `milestones`                              MultiStepLR
one_cycle   from a 25th up to it at `peak`, then down to a 250 000th           OneCycleLR, Smith and Topin 2018

`warmup` puts a linear rise from `warmup_factor` in front, and the schedule begins behind it: a cosine has what is left
of the updates, and `decay_every` counts from there, as in torchvision's reference training (LinearLR, then
SequentialLR). Milestones are places: they count from the first update.

The reference changes the rate once an epoch, here it changes at every update: a cosine or a warm-up passes through the
reference's value at the first update of each epoch. `step` and `multistep` are staircases in both, and equal to the
reference's where lengths are whole epochs. An update that lies across the edge of a stair still has the rate before it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from datavolume.errors import UserError
from datavolume.study.model import Recipe

__all__ = ["evaluation_points", "learning_rate", "updates_per_unit", "warmup_updates"]

# Of an update: what the product of a length and a unit may be off, and no length can mean.
_ROUNDING = 1e-6


def learning_rate(recipe: Recipe, updates: int, update: int, unit: float = 1.0) -> float:
    """Of one update. Raises UserError for an unknown schedule, or one without the lengths that it needs."""
    try:
        factor = _FACTORS[recipe.schedule]
    except KeyError:
        raise UserError(f"recipe.schedule '{recipe.schedule}' is unknown; valid: {', '.join(_FACTORS)}") from None
    if not recipe.warmup:
        return recipe.learning_rate * factor(recipe, updates, update, unit)
    rise = warmup_updates(recipe, unit)
    if update < rise - _ROUNDING:
        return recipe.learning_rate * (recipe.warmup_factor + (1 - recipe.warmup_factor) * update / rise)
    return recipe.learning_rate * factor(recipe, updates, update, unit)


def warmup_updates(recipe: Recipe, unit: float) -> float:
    """How many updates the warm-up takes; what falls on a whole one is whole."""
    rise = recipe.warmup * unit
    return float(round(rise)) if abs(rise - round(rise)) < _ROUNDING else rise


def updates_per_unit(recipe: Recipe, subset_size: int, full_size: int) -> float:
    """What one unit of `warmup`, `decay_every` and `milestones` is in updates.

    The budget's unit: an update, an image, or an epoch (of the full data where the budget gives all volumes equal
    updates, so that a schedule has one shape for all volumes). With `schedule_unit: epochs`, an epoch of the subset.
    """
    budget = recipe.budget
    if recipe.schedule_unit == "epochs":
        return subset_size / recipe.batch_size
    if budget.updates is not None:
        return 1.0
    if budget.samples is not None:
        return 1 / recipe.batch_size
    return (full_size if budget.equal == "updates" else subset_size) / recipe.batch_size


def evaluation_points(updates: int, evaluations: int) -> frozenset[int]:
    """After how many updates to evaluate: at equal shares of all, the last at the end; fewer where updates are few."""
    return frozenset(round(k * updates / evaluations) for k in range(1, evaluations + 1)) - {0}


# Shares of the recipe's learning rate, behind the warm-up.


def _constant(recipe: Recipe, updates: int, update: int, unit: float) -> float:  # noqa: ARG001 (all are called alike)
    return 1.0


def _cosine(recipe: Recipe, updates: int, update: int, unit: float) -> float:
    rise = warmup_updates(recipe, unit)
    falling = 0.5 * (1 + math.cos(math.pi * (update - rise) / (updates - rise)))
    return recipe.final_factor + (1 - recipe.final_factor) * falling


def _step(recipe: Recipe, updates: int, update: int, unit: float) -> float:  # noqa: ARG001
    if recipe.decay_every is None:
        raise UserError("recipe.schedule step needs recipe.decay_every")
    behind = update - warmup_updates(recipe, unit)
    return recipe.gamma ** math.floor((behind + _ROUNDING) / (recipe.decay_every * unit))


def _multistep(recipe: Recipe, updates: int, update: int, unit: float) -> float:  # noqa: ARG001
    if not recipe.milestones:
        raise UserError("recipe.schedule multistep needs recipe.milestones")
    passed = sum(milestone * unit <= update + _ROUNDING for milestone in recipe.milestones)
    return float(recipe.gamma**passed)


def _one_cycle(recipe: Recipe, updates: int, update: int, unit: float) -> float:
    rise = warmup_updates(recipe, unit)
    place, last = update - rise, updates - rise - 1
    top = recipe.peak * (updates - rise) - 1
    if place <= top and top > 0:
        return _between(1 / 25, 1.0, place / top)
    return _between(1.0, 1 / 25e4, (place - top) / (last - top))


def _between(start: float, end: float, share: float) -> float:
    """Half a cosine from `start` to `end`."""
    return end + (start - end) / 2 * (math.cos(math.pi * share) + 1)


_FACTORS: dict[str, Callable[[Recipe, int, int, float], float]] = {
    "constant": _constant,
    "cosine": _cosine,
    "step": _step,
    "multistep": _multistep,
    "one_cycle": _one_cycle,
}
