"""The optimiser of a recipe.

optimizer = Optimizer(recipe, model, head(model).parameters())      behind Tier.prepare(model), which may change layouts
optimizer.step(learning_rate(recipe, updates, update, unit))        or tier.step(optimizer, rate)

A step takes the whole batch's gradient, adds the L2 penalty of the head, clips, and updates every parameter that is
trained. `no_decay` takes weight decay off `bias` (every bias), `norm` (weights and biases of normalisation), or both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import compress

import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.optim.adamw import adamw
from torch.optim.rmsprop import rmsprop
from torch.optim.sgd import sgd

from datavolume.errors import UserError
from datavolume.study.model import Recipe

__all__ = ["Optimizer", "State", "undecayed"]

State = dict[str, list[torch.Tensor]]

_STATES = {"sgd": ("momentum",), "adamw": ("mean", "square", "steps"), "rmsprop": ("square", "momentum", "steps")}


@dataclass(frozen=True)
class _Group:
    """Parameters of one weight decay, with the state's tensors that are theirs."""

    chosen: list[bool]
    parameters: list[torch.Tensor]
    state: State
    weight_decay: float


class Optimizer:
    """`sgd`, `adamw` or `rmsprop` of all parameters with a gradient: torch.optim's own functions, to the same bits.

    Its classes import the compiler when they are made, which takes longer than training a small run. foreach updates
    all tensors at once, to the bits of one after another; the fused kernels, of the fast tier, round differently.

    `head` are the parameters of the network's head: their weights, but no biases, have `recipe.network.l2`: the loss's
    gradient then holds that of l2 x sum of squares, as in Keras. The loss itself is reported without it.
    """

    def __init__(self, recipe: Recipe, model: nn.Module, head: Iterable[nn.Parameter] = ()) -> None:
        _check(recipe)
        self._recipe = recipe
        self.parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self._fused = recipe.tier == "fast" and recipe.optimizer != "rmsprop"
        self.state: State = {name: self._zeros(name) for name in _STATES[recipe.optimizer]}
        exempt = set(map(id, undecayed(model, recipe.no_decay)))
        self._groups = list(self._split([id(parameter) in exempt for parameter in self.parameters]))
        self._penalised = self._weights_of(head) if recipe.network.l2 else []

    def _zeros(self, name: str) -> list[torch.Tensor]:
        if name == "steps":  # plain numbers, but the fused kernels read them on the device
            return [torch.zeros((), device=p.device if self._fused else None) for p in self.parameters]
        return [torch.zeros_like(parameter, requires_grad=False) for parameter in self.parameters]

    def _split(self, exempt: list[bool]) -> Iterator[_Group]:
        decayed = [not value for value in exempt]
        for chosen, weight_decay in ((decayed, self._recipe.weight_decay), (exempt, 0.0)):
            if any(chosen):
                state = {name: list(compress(tensors, chosen)) for name, tensors in self.state.items()}
                yield _Group(chosen, list(compress(self.parameters, chosen)), state, weight_decay)

    def _weights_of(self, head: Iterable[nn.Parameter]) -> list[nn.Parameter]:
        weights = [parameter for parameter in head if parameter.requires_grad and parameter.ndim > 1]
        if not weights:
            raise ValueError("recipe.network.l2 needs the parameters of the network's head")
        return weights

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """One update from every parameter's `grad`, which L2 and clipping change; none counts as zero."""
        for parameter in self.parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        self._penalise()
        self._clip()
        grads = self._gradients()
        for group in self._groups:
            own = grads if len(self._groups) == 1 else list(compress(grads, group.chosen))
            _STEPS[self._recipe.optimizer](self._recipe, group, own, rate, fused=self._fused)

    def _penalise(self) -> None:
        if self._penalised:
            grads = [weight.grad for weight in self._penalised if weight.grad is not None]
            torch._foreach_add_(grads, [*self._penalised], alpha=2 * self._recipe.network.l2)

    def _clip(self) -> None:
        """The norm of the whole gradient, then each of its parts; where both are asked for, in this order."""
        if self._recipe.clip_norm is not None:
            clip_grad_norm_(self.parameters, self._recipe.clip_norm)
        if self._recipe.clip_value is not None:
            clip_grad_value_(self.parameters, self._recipe.clip_value)

    def _gradients(self) -> list[torch.Tensor]:
        """In the order of the parameters. Fused kernels on a CPU walk the memory: it must be laid out alike."""
        found = [(parameter, parameter.grad) for parameter in self.parameters if parameter.grad is not None]
        if not self._fused:
            return [grad for _, grad in found]
        return [
            grad if grad.stride() == parameter.stride() else torch.empty_like(parameter).copy_(grad)
            for parameter, grad in found
        ]

    def load(self, state: State) -> None:
        """Take over a state of the same shapes. Raises KeyError, ValueError or RuntimeError where they differ."""
        for name, tensors in self.state.items():
            for tensor, saved in zip(tensors, state[name], strict=True):
                tensor.copy_(saved)


def undecayed(model: nn.Module, kinds: Iterable[str]) -> Iterator[nn.Parameter]:
    """Parameters of `kinds`: `bias` is every bias, `norm` all of the layers that are called so (BatchNorm2d, ...)."""
    for module in model.modules():
        normalises = "norm" in type(module).__name__.lower()
        for name, parameter in module.named_parameters(recurse=False):
            if ("norm" in kinds and normalises) or ("bias" in kinds and name.endswith("bias")):
                yield parameter


def _check(recipe: Recipe) -> None:
    if recipe.optimizer not in _STATES:
        raise UserError(f"recipe.optimizer '{recipe.optimizer}' is unknown; valid: {', '.join(_STATES)}")
    if recipe.nesterov and not recipe.momentum:
        raise UserError("recipe.nesterov needs recipe.momentum above 0")


def _sgd(recipe: Recipe, group: _Group, grads: list[torch.Tensor], rate: float, *, fused: bool) -> None:
    sgd(
        group.parameters,
        grads,
        [*group.state["momentum"]],
        lr=rate,
        momentum=recipe.momentum,
        weight_decay=group.weight_decay,
        dampening=0.0,
        nesterov=recipe.nesterov,
        maximize=False,
        foreach=not fused,
        fused=fused,
    )


def _adamw(recipe: Recipe, group: _Group, grads: list[torch.Tensor], rate: float, *, fused: bool) -> None:
    adamw(
        group.parameters,
        grads,
        group.state["mean"],
        group.state["square"],
        [],
        group.state["steps"],
        lr=rate,
        beta1=0.9,
        beta2=0.999,
        eps=recipe.epsilon,
        weight_decay=group.weight_decay,
        amsgrad=False,
        maximize=False,
        foreach=not fused,
        fused=fused,
    )


def _rmsprop(recipe: Recipe, group: _Group, grads: list[torch.Tensor], rate: float, *, fused: bool) -> None:  # noqa: ARG001 (there is no fused kernel)
    rmsprop(
        group.parameters,
        grads,
        group.state["square"],
        [],
        group.state["momentum"],
        group.state["steps"],
        lr=rate,
        alpha=recipe.alpha,
        eps=recipe.epsilon,
        weight_decay=group.weight_decay,
        momentum=recipe.momentum,
        centered=False,
        foreach=True,
    )


_STEPS = {"sgd": _sgd, "adamw": _adamw, "rmsprop": _rmsprop}
