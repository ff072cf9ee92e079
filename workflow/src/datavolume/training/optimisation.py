"""Optimiser and learning rate of a recipe.

optimizer = build_optimizer(recipe, model.parameters())
set_learning_rate(optimizer, learning_rate(recipe, updates, update))
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch

from datavolume.errors import UserError
from datavolume.study.model import Recipe

__all__ = ["build_optimizer", "evaluation_points", "learning_rate", "set_learning_rate"]


def build_optimizer(recipe: Recipe, parameters: Iterable[torch.nn.Parameter]) -> torch.optim.Optimizer:
    """`sgd` (with momentum) or `adamw`; weight decay on every parameter. Raises UserError for another name.

    foreach is the plain update of all tensors at once, to the same bits; the fused kernels round differently.
    """
    rate, decay = recipe.learning_rate, recipe.weight_decay
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(parameters, lr=rate, momentum=recipe.momentum, weight_decay=decay, foreach=True)
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(parameters, lr=rate, weight_decay=decay, foreach=True)
    raise UserError(f"recipe.optimizer '{recipe.optimizer}' is unknown; valid: sgd, adamw")


def learning_rate(recipe: Recipe, updates: int, update: int) -> float:
    """Of update 0 to updates-1; `cosine` goes down to zero over all of them. Raises UserError for another name."""
    if recipe.schedule == "constant":
        return recipe.learning_rate
    if recipe.schedule == "cosine":
        return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * update / updates))
    raise UserError(f"recipe.schedule '{recipe.schedule}' is unknown; valid: constant, cosine")


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def evaluation_points(updates: int, evaluations: int) -> frozenset[int]:
    """After how many updates to evaluate: at equal shares of all, the last at the end; fewer where updates are few."""
    return frozenset(round(k * updates / evaluations) for k in range(1, evaluations + 1)) - {0}
