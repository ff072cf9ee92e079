"""All statistics of a study's collected summary, in one value.

statistics = analyse(summary, margin=0.01)
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from datavolume.analysis.anova import one_way, two_way
from datavolume.analysis.regression import log_linear
from datavolume.analysis.requirement import gains, requirement
from datavolume.analysis.tukey import tukey
from datavolume.analysis.volumes import Volumes

__all__ = ["Statistics", "analyse"]


@dataclass(frozen=True)
class Statistics:
    """One frame a question; columns as their functions say."""

    volumes: Volumes
    log_linear: pd.DataFrame
    anova_one_way: pd.DataFrame
    anova_two_way: pd.DataFrame
    tukey: pd.DataFrame
    requirement: pd.DataFrame
    gains: pd.DataFrame


def analyse(summary: pd.DataFrame, *, margin: float) -> Statistics:
    """`summary` as collected, a row a run; `margin` in points of 1 of top-1 accuracy."""
    return Statistics(
        volumes=Volumes.of(summary),
        log_linear=log_linear(summary),
        anova_one_way=one_way(summary),
        anova_two_way=two_way(summary),
        tukey=tukey(summary),
        requirement=requirement(summary, margin=margin),
        gains=gains(summary),
    )
