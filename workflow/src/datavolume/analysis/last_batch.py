"""The metrics of the last batch of an evaluation alone, described like all others.

KNOWN["last_batch_top1"].axis     top-1 accuracy of the last batch (%)
twin("top1")                      last_batch_top1
"""

from __future__ import annotations

from dataclasses import replace

from datavolume.analysis.metrics import LAST_BATCH, METRICS, Metric

__all__ = ["KNOWN", "TWINS", "twin"]

_PREFIX = "last_batch_"


def _of_last_batch(name: str) -> Metric:
    whole = METRICS[name.removeprefix(_PREFIX)]
    return replace(whole, name=name, label=f"{whole.label} of the last batch")


# Every metric that metrics.csv has a column of
KNOWN: dict[str, Metric] = {**METRICS, **{name: _of_last_batch(name) for name in LAST_BATCH}}
# Those that are told of the last batch, too
TWINS = tuple(name for name in METRICS if _PREFIX + name in KNOWN)


def twin(metric: str) -> str:
    return _PREFIX + metric
