"""Which volumes differ from which: Tukey's honestly significant difference, per architecture and metric.

    tukey(summary)   a row per pair of volumes: metric at n_large minus n_small, adjusted p, simultaneous interval

Unequal numbers of seeds are allowed (Tukey-Kramer).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from datavolume.analysis.testing.anova import ANOVA_METRICS, no_anova, values_of
from datavolume.statistics.variance import pairs_of

__all__ = ["tukey"]

_COLUMNS = ["architecture", "metric", "n_small", "n_large", "difference", "lower", "upper", "p", "significant", "note"]
_KNOWN = ("lower", "upper", "p", "significant", "note")
_UNKNOWN = {**dict.fromkeys(("lower", "upper", "p"), math.nan), "significant": False}


def tukey(summary: pd.DataFrame, *, metrics: Sequence[str] = ANOVA_METRICS, level: float = 0.95) -> pd.DataFrame:
    """p is adjusted for all pairs of one architecture and metric; `significant` says p < 1 - level."""
    rows = []
    for architecture in summary["architecture"].unique():
        for metric in metrics:
            values = values_of(summary[summary["architecture"] == architecture], metric)
            head = {"architecture": architecture, "metric": metric}
            rows += [{**head, **pair} for pair in _pairs(values, level)]
    return pd.DataFrame(rows, columns=_COLUMNS).astype({"n_small": "Int64", "n_large": "Int64"})


def _pairs(values: pd.DataFrame, level: float) -> Iterator[dict[str, Any]]:
    samples = {int(n): values["value"][values["n"] == n].to_numpy(dtype=float) for n in sorted(values["n"].unique())}
    several = {n: sample for n, sample in samples.items() if sample.size > 1}
    note = no_anova(values, ["n"]) or no_anova(values[values["n"].isin(several)], ["n"])
    known = {} if note else _known(several, level)
    for small, large in combinations(samples, 2):
        difference = float(np.mean(samples[large]) - np.mean(samples[small]))
        unknown = {**_UNKNOWN, "note": note or "one seed at one of the two: no spread"}
        yield {"n_small": small, "n_large": large, "difference": difference, **known.get((small, large), unknown)}


def _known(samples: dict[int, Any], level: float) -> dict[tuple[int, int], dict[str, Any]]:
    """Interval and adjusted p of every pair of samples, each of two values or more."""
    rows = pairs_of(samples, level=level).to_dict("records")
    return {(row["first"], row["second"]): {name: row[name] for name in _KNOWN} for row in rows}
