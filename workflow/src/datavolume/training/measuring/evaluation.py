"""The metrics of a network on images: one pass, a few numbers kept of each prediction, then plain formulas.

measured = evaluate(learner, {"train": 450, "validation": 360}, classes, group, LastBatch(72, seed))
                                                                                    {"train": {"loss": ...}, ...}
probabilities = predict(learner, 360, classes, group)                               on the held-out images

What the metrics are: predictions.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from datavolume.training.measuring.last_batch import LastBatch
from datavolume.training.measuring.predictions import Predictions, predictions_of
from datavolume.training.processes.distributed import Group

if TYPE_CHECKING:
    from datavolume.training.learner import Learner

__all__ = ["evaluate", "predict"]

_BATCH = 256  # a sum's bits depend on it


def evaluate(
    learner: Learner, splits: Mapping[str, NDArray[np.int64] | int], classes: int, group: Group, last: LastBatch
) -> dict[str, dict[str, float]]:
    """METRICS and LAST_BATCH of each split, by name, on these positions of it (all of so many, where it is a number).

    Every process of the group takes its share of the batches, and all have the result.
    """
    with learner.evaluating():
        found = {name: _of_split(learner, name, chosen, group) for name, chosen in splits.items()}
    return {name: {**part.metrics(classes), **last.metrics(part, name)} for name, part in found.items()}


def _of_split(learner: Learner, split: str, chosen: NDArray[np.int64] | int, group: Group) -> Predictions:
    parts = [predictions_of(logits, labels) for logits, labels in _batches(learner, split, chosen, group)]
    return _joined(parts) if group.size == 1 else _gathered(parts, _size(chosen), group)


def predict(learner: Learner, size: int, classes: int, group: Group) -> torch.Tensor:
    """Softmax probabilities on the `size` held-out images: float32 [V, K], on the CPU."""
    with learner.evaluating():
        parts = [logits.softmax(dim=1) for logits, _ in _batches(learner, "validation", size, group)]
    return _in_order(parts, size, group, classes, torch.float32).cpu()


def _size(chosen: NDArray[np.int64] | int) -> int:
    return chosen if isinstance(chosen, int) else len(chosen)


def _batches(
    learner: Learner, split: str, chosen: NDArray[np.int64] | int, group: Group
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Logits [B, K] and labels [B] of the batches that are this process's: every `group.size`-th.

    The batches are the same for every number of processes, and so are the bits.
    """
    size = _size(chosen)
    starts = range(group.rank * _BATCH, size, group.size * _BATCH)
    own = (slice(start, min(start + _BATCH, size)) for start in starts)
    wanted = own if isinstance(chosen, int) else (chosen[batch] for batch in own)
    for images, labels in learner.feed.batches(split, wanted):
        yield learner.logits(images), labels


def _gathered(parts: list[Predictions], size: int, group: Group) -> Predictions:
    """Of all processes; float64 holds every field exactly."""
    names = [field.name for field in fields(Predictions)]
    rows = [torch.stack([getattr(part, name).double() for name in names], dim=1) for part in parts]
    columns = _in_order(rows, size, group, len(names), torch.float64).cpu().unbind(dim=1)
    kinds = {"labels": torch.int64, "predicted": torch.int64, "in_top5": torch.bool}
    return Predictions(**{name: c.to(kinds.get(name, torch.float32)) for name, c in zip(names, columns, strict=True)})


def _in_order(parts: list[torch.Tensor], size: int, group: Group, width: int, dtype: torch.dtype) -> torch.Tensor:
    """The batches [<= _BATCH, width] of all processes in their order: [size, width], each image once.

    Width and dtype are for a process that had no batch.
    """
    if group.size == 1:
        return torch.cat(parts)
    rounds = -(-size // (_BATCH * group.size))
    kind, columns = (parts[0].dtype, parts[0].shape[1]) if parts else (dtype, width)
    own = torch.zeros(rounds, _BATCH, columns, dtype=kind, device=group.device)
    for place, part in zip(own, parts, strict=False):
        place[: len(part)] = part
    return group.gather(own).transpose(0, 1).flatten(end_dim=2)[:size]


def _joined(parts: list[Predictions]) -> Predictions:
    """Batches in one, on the CPU."""
    joined: dict[str, Any] = {
        field.name: torch.cat([getattr(part, field.name) for part in parts]).cpu() for field in fields(Predictions)
    }
    return Predictions(**joined)
