"""All statistics of data volume, in one value.

    statistics = analyse(curves(summary, points, plan), plan, margin=0.01, asked=study.answer)
    statistics.frames()     what is written: a frame a CSV file

Runs without a finite accuracy are left out, and counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from datavolume.analysis.curves import volumes_of_curves
from datavolume.analysis.outlook.ahead import forecasts
from datavolume.analysis.outlook.enough import enough
from datavolume.analysis.outlook.spread import seeds_needed, variance
from datavolume.analysis.outlook.steps import next_steps
from datavolume.analysis.tables import VOLUME
from datavolume.analysis.testing.anova import anova, assumptions, pairs
from datavolume.analysis.testing.lines import influences, log_linear, slopes
from datavolume.analysis.testing.requirement import gains, requirement, within
from datavolume.analysis.volumes import Volumes
from datavolume.study import Answer

__all__ = ["Statistics", "analyse"]

_ASKED = Answer()


@dataclass(frozen=True)
class Statistics:
    """One frame a question; columns as their functions say. `volumes` by curve; `left_out`: curve -> runs without a
    finite accuracy."""

    volumes: Mapping[str, Volumes]
    anova: pd.DataFrame
    assumptions: pd.DataFrame
    pairs: pd.DataFrame
    log_linear: pd.DataFrame
    influence: pd.DataFrame
    slopes: pd.DataFrame
    requirement: pd.DataFrame
    enough: pd.DataFrame
    forecast: pd.DataFrame
    families: pd.DataFrame
    next_steps: pd.DataFrame
    variance: pd.DataFrame
    seeds: pd.DataFrame
    gains: pd.DataFrame
    left_out: Mapping[str, int]

    def frames(self) -> dict[str, pd.DataFrame]:
        """By the stem of the CSV file: tables.VOLUME."""
        return {name: getattr(self, name) for name in VOLUME}


def analyse(summary: pd.DataFrame, plan: pd.DataFrame, *, margin: float, asked: Answer = _ASKED) -> Statistics:
    """`summary` has a row a run, `architecture` its curve; it may be empty. `plan` has a row a run with its resources;
    `margin`: points of 1 of top-1 accuracy; `asked`: what is to be forecast."""
    finite = np.isfinite(summary["last_top1"].to_numpy(dtype=float))
    left_out = summary.loc[~finite, "architecture"].value_counts(sort=False)
    summary = summary[finite]
    ahead, known = forecasts(summary, asked.forecast), within(summary, margin=margin)
    prices = {"price_per_label": asked.price_per_label, "price_per_gpu_hour": asked.price_per_gpu_hour}
    return Statistics(
        volumes=volumes_of_curves(summary),
        anova=anova(summary),
        assumptions=assumptions(summary),
        pairs=pairs(summary),
        log_linear=log_linear(summary),
        influence=influences(summary),
        slopes=slopes(summary),
        requirement=requirement(summary, margin=margin, found=known),
        enough=enough(ahead, known, margin=margin, target=asked.target),
        forecast=ahead.table,
        families=ahead.families,
        next_steps=next_steps(summary, plan, ahead.of, more=asked.more, **prices),
        variance=variance(summary),
        seeds=seeds_needed(summary, margin=margin),
        gains=gains(summary),
        left_out={str(curve): int(runs) for curve, runs in left_out.items()},
    )
