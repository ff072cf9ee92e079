"""Constants of the spread (`datavolume.statistics.curves.prior.SPREAD`), learned on the tuning half.

First by maximum likelihood, then widened or narrowed by one factor until nine in ten sizes lie in their 90 % intervals.
Every case counts alike, whatever its number of sizes; the 25 vision curves count eightfold, or 2 100 tabular cases
would drown them. Freedom and the chance term stay as they are in `prior`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from scipy import stats
from scipy.optimize import brentq, minimize

from datavolume.statistics.curves import Curve, spread
from datavolume.statistics.curves.combine import combine
from datavolume.statistics.curves.fitting import TINIEST, falling
from datavolume.statistics.curves.prior import SPREAD, Spread
from forecasting.curves import Array, Case

PER_CASE = 12  # sizes of a case that are looked at, evenly spread
SCALES = ("noise", "disagreement", "backtest", "untested")
FITTED = (*SCALES, "skew")

Look = tuple[float, spread.Evidence, Array, Array, Array, Array]


def learn(cases: Iterable[Case]) -> Spread:
    """Constants from cases of the tuning half."""
    cases = list(cases)
    seen = [look(case) for case in cases]
    start = np.log([getattr(SPREAD, name) for name in FITTED])
    found = minimize(_surprise, start, args=(seen,), method="L-BFGS-B", bounds=[(-6.0, 3.0)] * len(start))
    likeliest = _spread(found.x)
    tabular = [one for one, case in zip(seen, cases, strict=True) if case.set != "vision"]
    chosen = _calibrated(lambda factor: _widened(likeliest, factor), tabular)
    short = [look(replace(case, curve=_last(case.curve, sizes))) for case in cases[::4] for sizes in (2, 3)]
    return _calibrated(lambda factor: replace(chosen, few=factor), short)


def look(case: Case) -> Look:
    """What the spread is made of at some of a case's sizes, and what came."""
    data = falling(case.curve)
    combination = combine(data)
    which = np.unique(np.linspace(0, len(case.n) - 1, PER_CASE).round().astype(int))
    log_n = np.log(case.n[which])
    actual = np.log(np.maximum(case.actual[which], TINIEST))
    counts = 8.0 if case.set == "vision" else 1.0
    return (counts, combination.seen, log_n - data.log_n[-1], *combination.centre(log_n), actual)


def _spread(logs: Array) -> Spread:
    return replace(SPREAD, **dict(zip(FITTED, np.exp(logs).tolist(), strict=True)))


def _widened(constants: Spread, factor: float) -> Spread:
    return replace(constants, **{name: factor * getattr(constants, name) for name in SCALES})


def _last(curve: Curve, sizes: int) -> Curve:
    n, value = np.asarray(curve.n, dtype=float), np.asarray(curve.value, dtype=float)
    stderr = None if curve.stderr is None else np.asarray(curve.stderr, dtype=float)[-sizes:]
    return Curve(n[-sizes:], value[-sizes:], kind=curve.kind, stderr=stderr)


def _surprise(logs: Array, seen: list[Look]) -> float:
    constants = _spread(logs)
    total = weights = 0.0
    for counts, evidence, horizon, median, apart, actual in seen:
        width = spread.scale(evidence, horizon, median, apart, constants)
        side = np.where(actual < median, constants.skew, 1 / constants.skew) * width
        total -= counts * float(np.mean(stats.t.logpdf((actual - median) / side, constants.freedom) - np.log(side)))
        weights += counts
    return total / weights


def _calibrated(constants: Callable[[float], Spread], seen: list[Look], level: float = 0.9) -> Spread:
    return constants(
        float(brentq(lambda factor: _coverage(constants(factor), seen, level) - level, 0.3, 6, xtol=0.005))
    )


def _coverage(constants: Spread, seen: list[Look], level: float) -> float:
    inside = []
    for _, evidence, horizon, median, apart, actual in seen:
        width = spread.scale(evidence, horizon, median, apart, constants)
        below = spread.cdf(actual, median, width, constants)
        inside.append(np.mean((below >= (1 - level) / 2) & ((below <= (1 + level) / 2) | (actual >= 0))))
    return float(np.mean(inside))
