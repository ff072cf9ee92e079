"""The metrics of a network on images: one pass, a few numbers kept of each prediction, then plain formulas.

measured = evaluate(learner, {"train": 450, "validation": 360}, classes, group, LastBatch(72, seed))
                                                                                    {"train": {"loss": ...}, ...}
probabilities = predict(learner, 360, classes, group)                               on the held-out images

top1, top5 (top-K with fewer classes)   share of images whose class is the first, or among the first five
macro_f1                                mean over classes of 2 TP / (2 TP + FP + FN)
margin_correct, margin_wrong            mean of (C1 - C2) / C1, C1 and C2 the two largest softmax probabilities
ece                                     expected calibration error: Guo et al. 2017, 15 bins of equal width, L1
last_batch_loss, last_batch_top1        of the batch that a shuffled pass ends with, see last_batch.py

The tests compare them with torchmetrics, whose import alone takes as long as training a small run.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from datavolume.training.determinism import derived_seed
from datavolume.training.measuring.last_batch import last_batch, of_last_batch
from datavolume.training.processes.distributed import Group

if TYPE_CHECKING:
    from datavolume.training.learner import Learner

__all__ = [
    "METRICS",
    "LastBatch",
    "Predictions",
    "calibration_error",
    "evaluate",
    "macro_f1",
    "predict",
    "predictions_of",
]

METRICS = ("loss", "top1", "top5", "macro_f1", "margin_correct", "margin_wrong", "ece")
_BATCH = 256  # a sum's bits depend on it
_BINS = 15


@dataclass(frozen=True)
class Predictions:
    """What the metrics need of n predictions; each a tensor [n]."""

    labels: torch.Tensor
    predicted: torch.Tensor
    losses: torch.Tensor
    in_top5: torch.Tensor
    confidence: torch.Tensor
    margin: torch.Tensor

    def metrics(self, classes: int) -> dict[str, float]:
        """METRICS, in 0..1 but for the loss (cross-entropy in nats); NaN where there is nothing to average."""
        correct = self.predicted == self.labels
        return {
            "loss": _mean(self.losses),
            "top1": _mean(correct),
            "top5": _mean(self.in_top5),
            "macro_f1": macro_f1(self.predicted, self.labels, classes),
            "margin_correct": _mean(self.margin[correct]),
            "margin_wrong": _mean(self.margin[~correct]),
            "ece": calibration_error(self.confidence, correct),
        }


@dataclass(frozen=True)
class LastBatch:
    """How long the batches of a pass are, and the seed that each split's order is drawn from."""

    batch_size: int
    seed: int

    def metrics(self, predictions: Predictions, split: str) -> dict[str, float]:
        chosen = last_batch(len(predictions.labels), self.batch_size, derived_seed(self.seed, split))
        return of_last_batch(predictions, chosen)


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


def predictions_of(logits: torch.Tensor, labels: torch.Tensor) -> Predictions:
    """From logits float32 [n, K] and labels int64 [n]."""
    # The order is the logits': in the softmax, unlikely classes are all zero.
    top = logits.topk(min(5, logits.shape[1]), dim=1).indices
    first, second = logits.softmax(dim=1).gather(1, top[:, :2]).unbind(dim=1)
    return Predictions(
        labels=labels,
        predicted=top[:, 0],
        losses=F.cross_entropy(logits, labels, reduction="none"),
        in_top5=(top == labels[:, None]).any(dim=1),
        confidence=first,
        margin=(first - second) / first,
    )


def _joined(parts: list[Predictions]) -> Predictions:
    """Batches in one, on the CPU."""
    joined: dict[str, Any] = {
        field.name: torch.cat([getattr(part, field.name) for part in parts]).cpu() for field in fields(Predictions)
    }
    return Predictions(**joined)


def macro_f1(predicted: torch.Tensor, labels: torch.Tensor, classes: int) -> float:
    """Mean F1 over the classes that stand among the labels or the predictions; both int64 [n] in 0..classes-1."""
    true_positive = torch.bincount(labels[predicted == labels], minlength=classes).double()
    both = (torch.bincount(labels, minlength=classes) + torch.bincount(predicted, minlength=classes)).double()
    seen = both > 0
    return _mean(2 * true_positive[seen] / both[seen])


def calibration_error(confidence: torch.Tensor, correct: torch.Tensor) -> float:
    """Mean over predictions of |accuracy - mean confidence| of the bin ((m-1)/15, m/15] that each falls into."""
    bins = (confidence.double() * _BINS).ceil().long().clamp(1, _BINS) - 1
    gap = torch.bincount(bins, weights=correct.double() - confidence.double(), minlength=_BINS)
    return float(gap.abs().sum() / len(confidence))


def _mean(values: torch.Tensor) -> float:
    """In float64, so that a million float32 values add up."""
    return float(values.double().mean()) if len(values) else math.nan
