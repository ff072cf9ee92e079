"""What a doubling of the data brings, between neighbouring sizes.

    gains(curve)        a row a step: n_small, n_large, gain, lower, upper, pairs, note

A gain is positive where more data is better (accuracy that rises, error or loss that falls), in the unit of the values,
for each doubling: a step from 500 to 2 000 counts for two.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from datavolume.statistics.curves import Curve
from datavolume.statistics.requirement.replicates import Replicates

__all__ = ["gains"]

_NO_SPREAD = "one training a size: no interval"


def gains(curve: Curve, *, level: float = 0.95, resolution: float = 0.0) -> pd.DataFrame:
    """Empty for a curve of one size; intervals are two-sided (Student's t over seeds in common, else Welch).

    `resolution`: the least that two values can differ by, below which no standard deviation is believed.
    """
    data = Replicates.of(curve)
    steps = np.diff(np.eye(data.n.size), axis=0)
    doublings = np.log2(data.n[1:] / data.n[:-1])
    found = data.contrast(data.sign * steps, least_sd=resolution)
    lower, upper = (bound / doublings for bound in found.bounds((1 - level) / 2))
    sizes = {"n_small": data.n[:-1], "n_large": data.n[1:]}
    table = {**sizes, "gain": found.mean / doublings, "lower": lower, "upper": upper}
    notes = np.where(np.isnan(lower), _NO_SPREAD, "")
    return pd.DataFrame({**table, "pairs": found.pairs.astype(int), "note": notes})
