"""Do the levels of one factor differ? The classical analysis of variance; Welch and Kruskal-Wallis beside it.

found = one_way(frame, "accuracy", "n")
found.table             rows between and within: df, sum_sq, mean_sq, F, p, partial_eta2, partial_omega2, lower, upper
several(frame, "accuracy", "n")     a row a test, one of them advised by Levene's and Shapiro and Wilk's checks
welch(samples), kruskal(samples)    one Test each
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from datavolume.statistics.tidy import samples_by, tidy
from datavolume.statistics.variance.checks import checks_of
from datavolume.statistics.variance.effects import EFFECTS, effects
from datavolume.statistics.variance.moments import Array, Samples, believed, rounding_only, sums

__all__ = ["OneWay", "Test", "anova", "kruskal", "no_test", "one_way", "several", "welch"]

_ALPHA = 0.05  # a check below it speaks against the classical test


@dataclass(frozen=True)
class Test:
    """`note` says why the numbers are NaN."""

    __test__ = False  # not one of pytest's

    statistic: float = math.nan
    df1: float = math.nan
    df2: float = math.nan
    p: float = math.nan
    note: str = ""


@dataclass(frozen=True)
class OneWay:
    """`r2` is the share of this sample's variance between levels; `residual_sd` is in the unit of the values."""

    table: pd.DataFrame
    r2: float
    residual_sd: float
    note: str


def one_way(frame: pd.DataFrame, value: str, factor: str, *, level: float = 0.95) -> OneWay:
    """Of the frame's rows, each an independent value; raises UserError where a column is missing."""
    used, note = tidy(frame, value, [factor])
    samples = list(samples_by(used, value, factor).values())
    test = anova(samples)
    notes = "; ".join(filter(None, (note, test.note)))
    if not samples:
        return OneWay(_table(math.nan, math.nan, test, 0, level), math.nan, math.nan, notes)
    found, total = sums(samples), len(used)
    both = found.between + found.within
    r2 = found.between / both if both else math.nan
    freedom = total - len(samples)
    sd = math.sqrt(found.within / freedom) if freedom else math.nan
    return OneWay(_table(found.between, found.within, test, total, level), r2, sd, notes)


def _table(between: float, within: float, test: Test, total: int, level: float) -> pd.DataFrame:
    sizes = effects(test.statistic, test.df1, test.df2, total, level=level)
    nothing = dict.fromkeys(("F", "p", *EFFECTS), math.nan)
    rows = [
        {"term": "between", "df": test.df1, "sum_sq": between, "F": test.statistic, "p": test.p, **sizes},
        {"term": "within", "df": test.df2, "sum_sq": within, **nothing},
    ]
    table = pd.DataFrame(rows)
    table.insert(3, "mean_sq", (table["sum_sq"] / table["df"].where(table["df"] > 0)))
    return table


def anova(samples: Sequence[Array]) -> Test:
    """The F test that assumes the same spread in every sample."""
    if reason := no_test(samples):
        return Test(note=reason)
    found = sums(samples)
    df1, df2 = len(samples) - 1, int(found.sizes.sum()) - len(samples)
    f = (found.between / df1) / (found.within / df2)
    return Test(f, df1, df2, float(stats.f.sf(f, df1, df2)))


def no_test(samples: Samples) -> str:
    """Why these samples allow no test; empty where they do."""
    sizes = [sample.size for sample in samples]
    if len(samples) < 2:
        return "one level: nothing to compare" if samples else "no values"
    if max(sizes) < 2:
        return "one run at each level: no spread to compare the levels with"
    if rounding_only(sums(samples).within, np.concatenate(samples)):
        return "all runs of a level agree exactly: no spread to compare the levels with"
    return ""


def welch(samples: Sequence[Array], *, least: float = 0.0) -> Test:
    """Welch 1951 (Biometrika 38, 330-336): spreads may differ. Levels of one run, or of no spread, allow none.

    `least` is the smallest standard deviation that is believed: runs may agree by chance.
    """
    if not least and (reason := no_test(samples) or _no_variances(samples)):
        return Test(note=reason)
    found, k = sums(samples), len(samples)
    weights = found.sizes / believed(found, least)
    shares, means = weights / weights.sum(), found.means - found.means[0]
    spread = float((weights * (means - (shares * means).sum()) ** 2).sum()) / (k - 1)
    uncertain = float(((1 - shares) ** 2 / (found.sizes - 1)).sum())
    f, df2 = spread / (1 + 2 * (k - 2) / (k**2 - 1) * uncertain), (k**2 - 1) / (3 * uncertain)
    return Test(f, k - 1, df2, float(stats.f.sf(f, k - 1, df2)))


def _no_variances(samples: Samples) -> str:
    if min(sample.size for sample in samples) < 2:
        return "one run at some level: its spread is unknown"
    if any(rounding_only(float(((sample - sample.mean()) ** 2).sum()), sample) for sample in samples):
        return "all runs of some level agree exactly: its spread is unknown"
    return ""


def kruskal(samples: Sequence[Array]) -> Test:
    """Kruskal and Wallis 1952: ranks only; H is compared with F (Iman and Davenport 1976), closer on small samples.

    F = ((N - k) H) / ((k - 1) (N - 1 - H)), with k - 1 and N - k degrees of freedom; `statistic` is H.
    """
    if reason := no_test(samples):
        return Test(note=reason)
    h, total, k = float(stats.kruskal(*samples).statistic), sum(sample.size for sample in samples), len(samples)
    room = total - 1 - h
    f = math.inf if room <= 0 else (total - k) * h / ((k - 1) * room)
    return Test(h, k - 1, total - k, float(stats.f.sf(f, k - 1, total - k)))


def several(frame: pd.DataFrame, value: str, factor: str) -> pd.DataFrame:
    """Columns test, statistic, df1, df2, p, advised, note; rows anova, welch, kruskal.

    Advised: anova; welch where spreads differ (Levene); kruskal where residuals alone are not normal (Shapiro-Wilk).
    """
    used, note = tidy(frame, value, [factor])
    samples = list(samples_by(used, value, factor).values())
    tests = {"anova": anova(samples), "welch": welch(samples), "kruskal": kruskal(samples)}
    advised = _advised(checks_of(samples), tests["welch"])
    rows = [
        {"test": name, **vars(test), "advised": name == advised, "note": "; ".join(filter(None, (note, test.note)))}
        for name, test in tests.items()
    ]
    return pd.DataFrame(rows)[["test", "statistic", "df1", "df2", "p", "advised", "note"]]


def _advised(checks: pd.DataFrame, of_welch: Test) -> str:
    p = checks.set_index("check")["p"]
    if p["levene"] < _ALPHA and math.isfinite(of_welch.p):
        return "welch"
    return "kruskal" if p["shapiro"] < _ALPHA else "anova"
