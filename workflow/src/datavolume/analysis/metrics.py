"""The metrics of a run, in one table: what people read of them, their unit, and which way is better.

    METRICS["top1"].label                top-1 accuracy
    METRICS["top1"].last                 last_top1: validation at the last evaluation, in the summary
    METRICS["top1"].axis                 top-1 accuracy (%)

Stored values are in 0..1 (loss: nats); `scale` brings them to `unit`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["LAST_BATCH", "METRICS", "Metric"]

LAST_BATCH = ("last_batch_loss", "last_batch_top1")  # of one batch alone; files of before do not have them


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric. `bounds` are those of the stored value; `digits` are decimals of the shown one."""

    name: str
    label: str
    unit: str
    scale: float
    digits: int
    higher_is_better: bool
    bounds: tuple[float, float]

    @property
    def last(self) -> str:
        return f"last_{self.name}"

    @property
    def last_train(self) -> str:
        return f"last_train_{self.name}"

    @property
    def axis(self) -> str:
        """Label and unit, as an axis or a column head has them."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    @property
    def sign(self) -> int:
        """1 where higher is better, -1 where lower is."""
        return 1 if self.higher_is_better else -1


def _share(name: str, label: str, *, higher_is_better: bool = True) -> Metric:
    return Metric(
        name=name,
        label=label,
        unit="%",
        scale=100.0,
        digits=1,
        higher_is_better=higher_is_better,
        bounds=(0.0, 1.0),
    )


def _margin(name: str, label: str, *, higher_is_better: bool) -> Metric:
    return Metric(
        name=name, label=label, unit="", scale=1.0, digits=3, higher_is_better=higher_is_better, bounds=(0.0, 1.0)
    )


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        _share("top1", "top-1 accuracy"),
        _share("top5", "top-5 accuracy"),
        _share("macro_f1", "macro F1"),
        Metric(
            name="loss",
            label="cross-entropy loss",
            unit="nats",
            scale=1.0,
            digits=3,
            higher_is_better=False,
            bounds=(0.0, math.inf),
        ),
        _margin("margin_correct", "confidence margin, correct predictions", higher_is_better=True),
        _margin("margin_wrong", "confidence margin, wrong predictions", higher_is_better=False),
        _share("ece", "expected calibration error", higher_is_better=False),
    )
}
