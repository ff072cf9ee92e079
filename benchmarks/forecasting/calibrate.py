"""Constants of the spread (`datavolume.statistics.curves.prior.SPREAD`) by maximum likelihood on the tuning half.

Every case counts alike, whatever its number of sizes; the 18 vision curves count eightfold, or 2 100 tabular cases would
drown them.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from forecasting.curves import Array, Case
from scipy import stats
from scipy.optimize import minimize

from datavolume.statistics.curves import spread
from datavolume.statistics.curves.combine import combine
from datavolume.statistics.curves.fitting import TINIEST, falling
from datavolume.statistics.curves.prior import SPREAD, Spread

PER_CASE = 12  # sizes of a case that are looked at, evenly spread
FITTED = ("noise", "disagreement", "drop", "backtest", "untested", "freedom", "below", "above")


def learn(cases: Iterable[Case]) -> Spread:
    """The constants under which what came was most likely."""
    seen = [_look(case) for case in cases]
    start = np.log([getattr(SPREAD, name) for name in FITTED])
    start[FITTED.index("freedom")] = np.log(3.0)
    found = minimize(_surprise, start, args=(seen,), method="L-BFGS-B", bounds=[(-6.0, 3.0)] * len(start))
    return _spread(found.x)


def _look(case: Case) -> tuple[float, spread.Evidence, Array, Array, Array, Array]:
    data = falling(case.curve)
    combination = combine(data)
    which = np.unique(np.linspace(0, len(case.n) - 1, PER_CASE).round().astype(int))
    log_n = np.log(case.n[which])
    actual = np.log(np.maximum(case.actual[which], TINIEST))
    counts = 8.0 if case.set == "vision" else 1.0
    return (counts, combination.seen, log_n - data.log_n[-1], *combination.centre(log_n), actual)


def _spread(logs: Array) -> Spread:
    values = dict(zip(FITTED, np.exp(logs), strict=True))
    values["freedom"] += 2.0 - 1.0  # at least one: a mean exists
    return Spread(**values, few=SPREAD.few)


def _surprise(logs: Array, seen: list[tuple[float, spread.Evidence, Array, Array, Array, Array]]) -> float:
    constants = _spread(logs)
    total = weights = 0.0
    for counts, evidence, horizon, median, apart, actual in seen:
        width = spread.scale(evidence, horizon, median, apart, constants)
        side = np.where(actual < median, constants.below, constants.above) * width
        total -= counts * float(np.mean(stats.t.logpdf((actual - median) / side, constants.freedom) - np.log(side)))
        weights += counts
    return total / weights
