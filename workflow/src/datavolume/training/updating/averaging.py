"""An exponential moving average of a network, which is what is evaluated.

    ema = Ema(model, decay=recipe.ema_decay, every=recipe.ema_every, warmup=warmup_updates(recipe, unit))
    ema.update(model, done)              after each step; `done` are the updates made so far: 1, 2, ...
    with ema.applied(model):             the averages stand in the model meanwhile
        evaluate(model, data)

As torchvision's reference training: the average is the weights themselves until the warm-up is over; then, every
`every` updates, average = decay x average + (1 - decay) x weights. Buffers that are real numbers (BatchNorm's
statistics) are averaged in the same way, whole numbers are copied. The reference scales the decay by batch size and
epochs (1 - (1 - decay) x batch size x every / epochs): here the decay is the recipe's, as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

__all__ = ["Ema"]

State = dict[str, list[torch.Tensor]]


class Ema:
    """Made when the network is on its device. Until the first average, the weights themselves count."""

    def __init__(self, model: nn.Module, decay: float, every: int = 1, warmup: float = 0.0) -> None:
        self._decay, self._every, self._warmup = decay, every, warmup
        self._averages = [tensor.clone() for tensor in _tensors(model)]
        self._begun = False

    @torch.no_grad()
    def update(self, model: nn.Module, done: int) -> None:
        """After `done` updates in all; does something at each multiple of `every`."""
        if done % self._every:
            return
        averages, current = self._averages, _tensors(model)
        if not self._begun or done - self._every <= self._warmup:  # the last of these is the first behind the warm-up
            _copy(averages, current)
            self._begun = True
            return
        real = [tensor.is_floating_point() for tensor in averages]
        torch._foreach_lerp_(_where(averages, real), _where(current, real), 1 - self._decay)
        whole = [not value for value in real]
        _copy(_where(averages, whole), _where(current, whole))

    @contextmanager
    def applied(self, model: nn.Module) -> Iterator[None]:
        """The averages stand in the model; behind it, its own weights again, to the bit."""
        if not self._begun:
            yield
            return
        current = _tensors(model)
        kept = [tensor.clone() for tensor in current]
        _copy(current, self._averages)
        try:
            yield
        finally:
            _copy(current, kept)

    @property
    def state(self) -> State:
        """For the checkpoint."""
        return {"averages": self._averages, "begun": [torch.tensor(self._begun)]}

    def load(self, state: State) -> None:
        """Take over a state of the same shapes. Raises KeyError, ValueError or RuntimeError where they differ."""
        _copy(self._averages, state["averages"])
        self._begun = bool(state["begun"][0])


def _tensors(model: nn.Module) -> list[torch.Tensor]:
    """Parameters and buffers, as the autograd engine does not see them."""
    return [tensor.detach() for tensor in (*model.parameters(), *model.buffers())]


def _where(tensors: list[torch.Tensor], chosen: list[bool]) -> list[torch.Tensor]:
    return [tensor for tensor, use in zip(tensors, chosen, strict=True) if use]


def _copy(targets: list[torch.Tensor], sources: list[torch.Tensor]) -> None:
    for target, source in zip(targets, sources, strict=True):
        target.copy_(source)
