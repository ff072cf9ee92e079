"""One batch's gradient, in equal shards that are added in a fixed order: the same bits on 1, 2 or 4 processes.

    gradient = Gradient(model, shards=recipe.shards, group=group, tier=tier)     # tier: scales the loss of fp16
    loss, signal = gradient.compute(loss_of_shard, signal)       # then optimizer.step()

Buffers keep what shard 0 made of them. That is exact for BatchNorm's running statistics and the like: training mode
writes them and does not read them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import reduce

import torch

from datavolume.training.processes.distributed import Group
from datavolume.training.updating.precision import Tier

__all__ = ["Gradient"]

LossOfShard = Callable[[int], torch.Tensor]


class Gradient:
    """Sets every parameter's `grad`; `shards` is a multiple of the group's size."""

    def __init__(self, model: torch.nn.Module, shards: int, group: Group, tier: Tier | None = None) -> None:
        self._model, self._shards, self._group = model, shards, group
        self._scaled = tier.scale if tier else _as_it_is
        self._parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]

    def compute(self, loss_of_shard: LossOfShard, signal: int) -> tuple[torch.Tensor, int]:
        """The batch's loss, on the device; and a stop signal that any of the processes has seen, or 0."""
        if self._shards > 1:
            return self._sum_of_shards(loss_of_shard, signal)
        loss = loss_of_shard(0)
        for parameter in self._parameters:
            parameter.grad = None
        self._scaled(loss).backward()  # type: ignore[no-untyped-call]
        return loss.detach(), signal

    def _sum_of_shards(self, loss_of_shard: LossOfShard, signal: int) -> tuple[torch.Tensor, int]:
        rows = self._rows(loss_of_shard, signal)
        if self._group.size > 1:
            gathered = self._group.gather(torch.stack(list(rows))).flatten(end_dim=1)
            signal = int(gathered[:, -1].max())
            rows = iter(gathered)
        total = reduce(torch.Tensor.add_, rows)
        pieces = torch.split(total[:-2], [parameter.numel() for parameter in self._parameters])
        for parameter, piece in zip(self._parameters, pieces, strict=True):
            parameter.grad = piece.view_as(parameter)
        return total[-2], signal

    def _rows(self, loss_of_shard: LossOfShard, signal: int) -> Iterator[torch.Tensor]:
        """This process's shards: [all gradients, loss, signal] each; one alive at a time where nothing is gathered."""
        own = self._shards // self._group.size
        buffers = list(self._model.buffers())
        kept: list[torch.Tensor] = []
        for shard in range(self._group.rank * own, (self._group.rank + 1) * own):
            loss = loss_of_shard(shard)
            kept = kept or [buffer.clone() for buffer in buffers]
            found = torch.autograd.grad(self._scaled(loss), self._parameters, allow_unused=True)
            yield self._row(found, loss.detach(), signal)
        for buffer, value in zip(buffers, kept, strict=True):
            buffer.copy_(value)

    def _row(self, found: tuple[torch.Tensor | None, ...], loss: torch.Tensor, signal: int) -> torch.Tensor:
        grads = [
            (torch.zeros_like(parameter) if grad is None else grad).flatten()
            for parameter, grad in zip(self._parameters, found, strict=True)
        ]
        return torch.cat([*grads, loss[None], loss.new_tensor([signal])])


def _as_it_is(loss: torch.Tensor) -> torch.Tensor:
    return loss
