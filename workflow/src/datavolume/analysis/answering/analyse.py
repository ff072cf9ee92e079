"""All statistics of data volume, in one value.

statistics = analyse(curves(summary, points, plan), margin=0.01)

Runs without a finite accuracy are left out, and counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from datavolume.analysis.curves import volumes_of_curves
from datavolume.analysis.testing.anova import one_way, two_way
from datavolume.analysis.testing.regression import log_linear
from datavolume.analysis.testing.requirement import gains, requirement
from datavolume.analysis.testing.tukey import tukey
from datavolume.analysis.volumes import Volumes

__all__ = ["Statistics", "analyse"]


@dataclass(frozen=True)
class Statistics:
    """One frame a question; columns as their functions say. `volumes` by curve; `left_out`: curve -> runs without a
    finite accuracy."""

    volumes: Mapping[str, Volumes]
    log_linear: pd.DataFrame
    anova_one_way: pd.DataFrame
    anova_two_way: pd.DataFrame
    tukey: pd.DataFrame
    requirement: pd.DataFrame
    gains: pd.DataFrame
    left_out: Mapping[str, int]


def analyse(summary: pd.DataFrame, *, margin: float) -> Statistics:
    """`summary` has a row a run, `architecture` its curve; it may be empty. `margin`: points of 1 of top-1 accuracy."""
    finite = np.isfinite(summary["last_top1"].to_numpy(dtype=float))
    left_out = summary.loc[~finite, "architecture"].value_counts(sort=False)
    summary = summary[finite]
    return Statistics(
        volumes=volumes_of_curves(summary),
        log_linear=log_linear(summary),
        anova_one_way=one_way(summary),
        anova_two_way=two_way(summary),
        tukey=tukey(summary),
        requirement=requirement(summary, margin=margin),
        gains=gains(summary),
        left_out={str(curve): int(runs) for curve, runs in left_out.items()},
    )
