"""May the classical analysis of variance be trusted? Same spread everywhere, residuals like a normal distribution.

    checks(frame, "accuracy", ["n", "architecture"])     rows levene, shapiro: statistic, p, holds, note

Levene's test is about the medians (Brown and Forsythe 1974), without the distances that are 0 or equal by construction
(Hines and O'Hara Hines 2000, Biometrics 56, 451-454): with them five runs a cell would find a difference of spreads
where there is none 0.3 % of the time, not 5 %, and so miss more where there is one. Shapiro and Wilk's test is of all
residuals together. A small p speaks against the assumption; a large one on few runs says little for it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special, stats

from datavolume.statistics.tidy import tidy
from datavolume.statistics.variance.moments import Array, Samples, rounding_only, sums

__all__ = ["checks", "checks_of"]

_ALPHA = 0.05
_MOST = 5000  # Shapiro and Wilk's p is known up to here


def checks(frame: pd.DataFrame, value: str, factors: Sequence[str]) -> pd.DataFrame:
    """Columns check, statistic, p, holds (p of 0.05 or more), note; cells are the combinations of the factors."""
    used, _ = tidy(frame, value, factors)
    return checks_of([cell.to_numpy(dtype=np.float64) for _, cell in used.groupby(list(factors))[value]])


def checks_of(samples: Samples) -> pd.DataFrame:
    """As `checks`, of the samples themselves."""
    several = [sample for sample in samples if sample.size > 1]
    rows = [{"check": name, **check(several)} for name, check in (("levene", _levene), ("shapiro", _shapiro))]
    table = pd.DataFrame(rows)
    table.insert(3, "holds", table["p"] >= _ALPHA)
    return table


def _levene(samples: Sequence[Array]) -> dict[str, object]:
    if len(samples) < 2:
        return _unknown("fewer than two cells with two runs")
    distances = [_distances(sample) for sample in samples]
    found, df1 = sums(distances), len(samples) - 1
    df2 = int(found.sizes.sum()) - len(samples)
    if rounding_only(found.within, np.concatenate(samples)):
        return _unknown("two runs a cell, or all alike: no spread of spreads")
    f = (found.between / df1) / (found.within / df2)
    return {"statistic": f, "p": float(special.fdtrc(df1, df2, f)), "note": ""}


def _distances(sample: Array) -> Array:
    """From the median, one fewer than values: of an odd number one is 0, of an even number the smallest two are equal
    and become one, turned onto their diagonal."""
    found = np.sort(np.abs(sample - np.median(sample)))[1:]
    if sample.size % 2 == 0:
        found[0] *= math.sqrt(2)
    return found


def _shapiro(samples: Sequence[Array]) -> dict[str, object]:
    residuals = np.concatenate([sample - sample.mean() for sample in samples]) if samples else np.zeros(0)
    if residuals.size < 3 or rounding_only(float((residuals**2).sum()), np.concatenate(samples)):
        return _unknown("fewer than three residuals, or no spread")
    found = stats.shapiro(residuals[:: math.ceil(residuals.size / _MOST)])
    return {"statistic": float(found.statistic), "p": float(found.pvalue), "note": ""}


def _unknown(note: str) -> dict[str, object]:
    return {"statistic": math.nan, "p": math.nan, "note": note}
