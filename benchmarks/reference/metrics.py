"""The metrics that datavolume writes at every evaluation, in plain torch: both sides of a benchmark do this work."""

from __future__ import annotations

import torch
import torch.nn.functional as F

__all__ = ["metrics"]


def metrics(logits: torch.Tensor, labels: torch.Tensor, classes: int) -> dict[str, float]:
    """Of logits float32 [n, K] and labels int64 [n]: loss, top-1, top-5, macro F1, margins, calibration error."""
    top, best = logits.topk(min(5, classes), dim=1).indices, logits.softmax(dim=1).topk(2, dim=1).values
    correct, confidence = top[:, 0] == labels, best[:, 0].double()
    margin = ((best[:, 0] - best[:, 1]) / best[:, 0]).double()
    return {
        "loss": float(F.cross_entropy(logits, labels)),
        "top1": float(correct.double().mean()),
        "top5": float((top == labels[:, None]).any(dim=1).double().mean()),
        "macro_f1": _macro_f1(top[:, 0], labels, classes),
        "margin_correct": float(margin[correct].mean()),
        "margin_wrong": float(margin[~correct].mean()),
        "ece": _calibration_error(confidence, correct.double()),
    }


def _macro_f1(predicted: torch.Tensor, labels: torch.Tensor, classes: int) -> float:
    right = torch.bincount(labels[predicted == labels], minlength=classes).double()
    both = torch.bincount(labels, minlength=classes) + torch.bincount(predicted, minlength=classes)
    return float((2 * right[both > 0] / both[both > 0]).mean())


def _calibration_error(confidence: torch.Tensor, correct: torch.Tensor, bins: int = 15) -> float:
    place = (confidence * bins).ceil().long().clamp(1, bins) - 1
    gaps = torch.bincount(place, weights=correct - confidence, minlength=bins)
    return float(gaps.abs().sum() / len(confidence))
