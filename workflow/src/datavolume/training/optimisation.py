"""Optimiser and learning rate of a recipe.

optimizer = Optimizer(recipe, model.parameters())
optimizer.step(learning_rate(recipe, updates, update))
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from datavolume.errors import UserError
from datavolume.study.model import Recipe

__all__ = ["Optimizer", "evaluation_points", "learning_rate"]

State = dict[str, list[torch.Tensor]]


class Optimizer:
    """`sgd` (with momentum) or `adamw`, weight decay on every parameter: torch.optim's own functions, to the same bits.

    Its classes import the compiler when they are made, which takes longer than training a small run. foreach updates
    all tensors at once, to the bits of one after another; the fused kernels round differently.
    """

    def __init__(self, recipe: Recipe, parameters: Iterable[torch.nn.Parameter]) -> None:
        self._recipe = recipe
        self._parameters: list[torch.Tensor] = [*parameters]
        if recipe.optimizer == "sgd":
            self.state: State = {"momentum": self._zeros()}
        elif recipe.optimizer == "adamw":
            steps = [torch.zeros(()) for _ in self._parameters]
            self.state = {"mean": self._zeros(), "square": self._zeros(), "steps": steps}
        else:
            raise UserError(f"recipe.optimizer '{recipe.optimizer}' is unknown; valid: sgd, adamw")

    def _zeros(self) -> list[torch.Tensor]:
        return [torch.zeros_like(parameter, requires_grad=False) for parameter in self._parameters]

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """One update from every parameter's `grad`; none counts as zero."""
        grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in self._parameters]
        if self._recipe.optimizer == "sgd":
            self._sgd(grads, rate)
        else:
            self._adamw(grads, rate)

    def _sgd(self, grads: list[torch.Tensor], rate: float) -> None:
        sgd(
            self._parameters,
            grads,
            [*self.state["momentum"]],
            lr=rate,
            momentum=self._recipe.momentum,
            weight_decay=self._recipe.weight_decay,
            dampening=0.0,
            nesterov=False,
            maximize=False,
            foreach=True,
        )

    def _adamw(self, grads: list[torch.Tensor], rate: float) -> None:
        adamw(
            self._parameters,
            grads,
            self.state["mean"],
            self.state["square"],
            [],
            self.state["steps"],
            lr=rate,
            beta1=0.9,
            beta2=0.999,
            eps=1e-8,
            weight_decay=self._recipe.weight_decay,
            amsgrad=False,
            maximize=False,
            foreach=True,
        )

    def load(self, state: State) -> None:
        """Take over a state of the same shapes. Raises KeyError, ValueError or RuntimeError where they differ."""
        for name, tensors in self.state.items():
            for tensor, saved in zip(tensors, state[name], strict=True):
                tensor.copy_(saved)


def learning_rate(recipe: Recipe, updates: int, update: int) -> float:
    """Of update 0 to updates-1; `cosine` goes down to zero over all of them. Raises UserError for another name."""
    if recipe.schedule == "constant":
        return recipe.learning_rate
    if recipe.schedule == "cosine":
        return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * update / updates))
    raise UserError(f"recipe.schedule '{recipe.schedule}' is unknown; valid: constant, cosine")


def evaluation_points(updates: int, evaluations: int) -> frozenset[int]:
    """After how many updates to evaluate: at equal shares of all, the last at the end; fewer where updates are few."""
    return frozenset(round(k * updates / evaluations) for k in range(1, evaluations + 1)) - {0}
