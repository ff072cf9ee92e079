"""What the metrics of a network need of its predictions, and their formulas.

    predictions_of(logits, labels).metrics(classes)     {"loss": ..., "top1": ..., ...}

top1, top5 (top-K with fewer classes)   share of images whose class is the first, or among the first five
macro_f1                                mean over classes of 2 TP / (2 TP + FP + FN)
margin_correct, margin_wrong            mean of (C1 - C2) / C1, C1 and C2 the two largest softmax probabilities
ece                                     expected calibration error: Guo et al. 2017, 15 bins of equal width, L1
last_batch_loss, last_batch_top1        of the batch that a shuffled pass ends with, see last_batch.py

The tests compare them with torchmetrics, whose import alone takes as long as training a small run.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F

__all__ = ["METRICS", "Predictions", "calibration_error", "macro_f1", "predictions_of"]

METRICS = ("loss", "top1", "top5", "macro_f1", "margin_correct", "margin_wrong", "ece")
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
