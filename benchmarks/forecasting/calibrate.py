"""Constants of the spread (`datavolume.statistics.curves.prior.SPREAD`), learned on the tuning half.

First those of the least interval scores (Gneiting & Raftery 2007, section 9.1), at 90 and at 50 %, of the metric and
of its logarithm: the first cares for curves with large errors, the second for all alike. Then all scales are widened or
narrowed by one factor until nine in ten sizes lie in their 90 % intervals. Every case counts alike, whatever its
number of sizes; the 25 vision curves count for a third beside the 2 100 tabular cases. Freedom stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import astuple, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize

from datavolume.statistics.curves import Curve, spread
from datavolume.statistics.curves.combine import combine
from datavolume.statistics.curves.fitting import TINIEST, falling
from datavolume.statistics.curves.forecast import MOST
from datavolume.statistics.curves.prior import SPREAD, Side, Spread
from forecasting.curves import Array, Case

PER_CASE = 12  # sizes of a case that are looked at, evenly spread
LEVELS = {0.9: 1.0, 0.5: 0.5}  # and what their scores count for
VISION = 1 / 3

Look = tuple[spread.Evidence, Array, Array, Array, Array]  # and horizon, median, disagreement, what came: of ln y


def learn(cases: Iterable[Case]) -> Spread:
    """Constants from cases of the tuning half."""
    cases = list(cases)
    seen = [look(case) for case in cases]
    pictures = np.array([case.set == "vision" for case in cases])
    start = np.log([*astuple(SPREAD.less), *astuple(SPREAD.more)])
    counts = _counts(pictures, _scores(SPREAD, seen))
    within, rounds = [(-6.0, 3.0)] * len(start), {"maxiter": 25}
    found = minimize(_surprise, start, (seen, counts), "L-BFGS-B", bounds=within, options=rounds)
    tabular = [one for one, case in zip(seen, cases, strict=True) if case.set != "vision"]
    chosen = _calibrated(lambda factor: _spread(found.x + np.log(factor)), tabular)
    short = [look(replace(case, curve=_last(case.curve, sizes))) for case in cases[::4] for sizes in (2, 3)]
    return _calibrated(lambda factor: replace(chosen, few=factor), short)


def look(case: Case) -> Look:
    """What the spread is made of at some of a case's sizes, and what came."""
    data = falling(case.curve).merged(MOST)
    combination = combine(data)
    which = np.unique(np.linspace(0, len(case.n) - 1, PER_CASE).round().astype(int))
    log_n = np.log(case.n[which])
    actual = np.log(np.maximum(case.actual[which], TINIEST))
    return (combination.seen, log_n - data.log_n[-1], *combination.centre(log_n), actual)


def _spread(logs: Array) -> Spread:
    less, more = np.exp(logs).reshape(2, -1).tolist()
    return replace(SPREAD, less=Side(*less), more=Side(*more))


def _last(curve: Curve, sizes: int) -> Curve:
    n, value = np.asarray(curve.n, dtype=float), np.asarray(curve.value, dtype=float)
    stderr = None if curve.stderr is None else np.asarray(curve.stderr, dtype=float)[-sizes:]
    return Curve(n[-sizes:], value[-sizes:], kind=curve.kind, stderr=stderr)


def _counts(pictures: NDArray[np.bool_], scores: Array) -> Array:
    """What each case's scores count for, (cases, 2): both kinds of curves in units of their own mean score today."""
    counts = np.zeros_like(scores)
    for which, weight in ((~pictures, 1.0), (pictures, VISION)):
        counts[which] = weight / np.maximum(scores[which].sum(0), 1e-300)
    return counts


def _surprise(logs: Array, seen: list[Look], counts: Array) -> float:
    return float((counts * _scores(_spread(logs), seen)).sum())


def _scores(constants: Spread, seen: list[Look]) -> Array:
    """Mean interval scores of each case: of the metric and of its logarithm, both levels together, (cases, 2)."""
    return np.array([_score(constants, *one) for one in seen])


def _score(
    constants: Spread, seen: spread.Evidence, horizon: Array, median: Array, apart: Array, actual: Array
) -> list[float]:
    width = spread.scale(seen, horizon, median, apart, constants)
    total = np.zeros(2)
    for level, counts in LEVELS.items():
        lower, upper = spread.quantile(np.array([(1 - level) / 2, (1 + level) / 2]), median, width).T
        logs = np.stack([lower, np.minimum(upper, 0), actual])
        for place, (low, high, came) in enumerate((np.exp(logs), logs)):
            missed = np.maximum(low - came, 0) + np.maximum(came - high, 0)
            total[place] += counts * float(np.mean(high - low + 2 / (1 - level) * missed))
    return total.tolist()


def _calibrated(constants: Callable[[float], Spread], seen: list[Look], level: float = 0.9) -> Spread:
    found = brentq(lambda factor: _coverage(constants(factor), seen, level) - level, 0.3, 6, xtol=0.005)
    return constants(float(found))


def _coverage(constants: Spread, seen: list[Look], level: float) -> float:
    inside = []
    for evidence, horizon, median, apart, actual in seen:
        below = spread.cdf(actual, median, spread.scale(evidence, horizon, median, apart, constants))
        inside.append(np.mean((below >= (1 - level) / 2) & ((below <= (1 + level) / 2) | (actual >= 0))))
    return float(np.mean(inside))
