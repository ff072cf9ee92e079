"""Simulations with a known truth: how often does a test reject, how often does an interval cover?

Each function of REJECTIONS and COVERAGES takes a generator and the number of rounds, and gives names with shares: tests
run a short version, `benchmarks/variance.py` the long one.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from datavolume.statistics.lines import influence, log_linear, r2_interval, r2_jackknife, slopes
from datavolume.statistics.lines.least_squares import polynomial
from datavolume.statistics.variance import (
    anova,
    blocked,
    checks,
    components,
    effect_interval,
    factorial,
    kruskal,
    pairs_of,
    power_of_anova,
    power_of_seeds,
    seeds_for_power,
    several,
    welch,
    width_of_seeds,
)
from datavolume.statistics.variance.clusters import clustered
from datavolume.statistics.variance.repeated import repeated

Shares = dict[str, float]
Simulation = Callable[[np.random.Generator, int], Shares]
SIZES = np.array([100, 200, 400, 800, 1600, 3200])


def counted(rounds: int, one: Callable[[], Mapping[str, float]]) -> Shares:
    """Means over rounds of what each gives; NaN (no test, no interval) counts as neither."""
    found: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for name, value in one().items():
            found[name].append(value)
    return {name: float(np.nanmean(values)) for name, values in found.items() if not np.isnan(values).all()}


def rejected(p: float) -> float:
    return math.nan if math.isnan(p) else float(p < 0.05)


def covered(lower: float, truth: float, upper: float) -> float:
    return math.nan if math.isnan(lower) or math.isnan(upper) else float(lower <= truth <= upper)


def frame_of(values: np.ndarray[Any, Any], *names: str) -> pd.DataFrame:
    """A row a value; level i of axis `n` is SIZES[i], of the others a number, of architecture a letter."""
    places = np.indices(values.shape).reshape(values.ndim, -1)
    frame = pd.DataFrame(dict(zip(names, places, strict=True)))
    if "n" in frame:
        frame["n"] = SIZES[frame["n"]]
    if "architecture" in frame:
        frame["architecture"] = [chr(97 + place) for place in frame["architecture"]]
    return frame.assign(value=values.ravel())


# --- how often is an effect found that is not there: 5 %


def one_factor(rng: np.random.Generator, rounds: int) -> Shares:
    def one() -> Shares:
        samples = list(rng.normal(size=(5, 8)))
        uneven = [rng.normal(size=k) * sd for k, sd in ((6, 3.0), (8, 1.0), (10, 2.0), (12, 0.5))]
        skewed = list(rng.lognormal(size=(4, 10)))
        return {
            "anova": rejected(anova(samples).p),
            "Welch, same spread": rejected(welch(samples).p),
            "Welch, spreads 0.5 to 3": rejected(welch(uneven).p),
            "Kruskal-Wallis": rejected(kruskal(samples).p),
            "Kruskal-Wallis, log-normal": rejected(kruskal(skewed).p),
        }

    return counted(rounds, one)


def assumptions(rng: np.random.Generator, rounds: int) -> Shares:
    def one() -> Shares:
        found = checks(frame_of(rng.normal(size=(4, 10)), "n", "seed"), "value", ["n"]).set_index("check")["p"]
        return {"Levene": rejected(found["levene"]), "Shapiro-Wilk": rejected(found["shapiro"])}

    return counted(rounds, one)


def advice(rng: np.random.Generator, rounds: int) -> Shares:
    """The test that is advised after looking at the checks."""

    def one() -> Shares:
        even = frame_of(rng.normal(size=(4, 10)), "n", "seed")
        spreads = np.array([3.0, 1.0, 2.0, 0.5])[:, None]
        uneven = frame_of(rng.normal(size=(4, 10)) * spreads, "n", "seed")
        found = {"advised, normal": even, "advised, spreads 0.5 to 3": uneven}
        tables = {name: several(frame, "value", "n") for name, frame in found.items()}
        return {name: rejected(float(table.loc[table["advised"], "p"].iloc[0])) for name, table in tables.items()}

    return counted(rounds, one)


def two_factors(rng: np.random.Generator, rounds: int) -> Shares:
    whole = frame_of(np.zeros((4, 3, 5)), "n", "architecture", "seed")
    holes = whole.drop(index=[0, 7, 8, 21, 22, 23, 40, 59])

    def one() -> Shares:
        found = {}
        for kind in (2, 3):
            table = factorial(
                holes.assign(value=rng.normal(size=len(holes))), "value", ["n", "architecture"], kind=kind
            )
            found |= {
                f"type {kind}, {t}": rejected(p) for t, p in table.set_index("term")["p"].items() if t != "residual"
            }
        return found

    return counted(rounds, one)


def shared_seeds(rng: np.random.Generator, rounds: int) -> Shares:
    """Seeds in every cell: equal correlations, then a seed whose effect grows with the cell."""

    def one() -> Shares:
        seed, noise = rng.normal(size=(10, 1)), rng.normal(size=(10, 12))
        growing = np.exp(0.15 * np.arange(12)) * noise
        found = {}
        for name, values in {"equal correlation": seed + noise, "growing spread": seed + growing}.items():
            for own in repeated(values, (4, 3)):
                term = {(0,): "volume", (1,): "architecture", (0, 1): "interaction"}[own.term]
                found[f"repeated measures, {term}, {name}"] = rejected(own.p)
        return found

    return counted(rounds, one)


def holes(rng: np.random.Generator, rounds: int) -> Shares:
    """Not every seed in every cell: the mixed model, or where it is singular the cluster-robust test."""

    def one() -> Shares:
        found = {}
        for name, sd in {"seeds differ": 1.0, "seeds do not differ": 0.0}.items():
            values = sd * rng.normal(size=(8, 1, 1)) + rng.normal(size=(8, 4, 2))
            frame = frame_of(values, "seed", "n", "architecture").drop(index=rng.choice(64, 8, replace=False))
            table = blocked(frame, "value", ["n", "architecture"], "seed").table.set_index("term")["p"]
            found |= {f"holes, {term}, {name}": rejected(p) for term, p in table.items()}
        return found

    return counted(rounds, one)


def families(rng: np.random.Generator, rounds: int) -> Shares:
    """Any pair at all."""

    def one() -> Shares:
        even = {k: rng.normal(size=8) for k in range(4)}
        uneven = {k: rng.normal(size=8) * sd for k, sd in enumerate((3.0, 1.0, 2.0, 0.5))}
        return {
            "Tukey, any pair": rejected(pairs_of(even)["p"].min()),
            "Games-Howell, any pair, spreads 0.5 to 3": rejected(pairs_of(uneven, equal=False)["p"].min()),
        }

    return counted(rounds, one)


def equal_slopes(rng: np.random.Generator, rounds: int) -> Shares:
    def one() -> Shares:
        x = np.log10(SIZES)[None, :, None]
        steep = 0.3 + 0.1 * rng.normal(size=(10, 1, 1))
        frame = frame_of(steep * x + 0.2 * rng.normal(size=(10, 6, 3)), "seed", "n", "architecture")
        found = slopes(frame)
        outlier = influence(frame.drop(columns="seed"))
        return {
            "equal slopes, clustered": rejected(found.tests.set_index("errors")["p"]["clustered by seed, CR2"]),
            "last size an outlier": rejected(outlier["p"].iloc[-1]),
            "any size an outlier": float(outlier["outlier"].any()),
        }

    return counted(rounds, one)


REJECTIONS: dict[str, Simulation] = {
    "one factor": one_factor,
    "assumptions": assumptions,
    "advice": advice,
    "two factors": two_factors,
    "shared seeds": shared_seeds,
    "holes": holes,
    "families": families,
    "slopes": equal_slopes,
}


# --- how often does an interval cover the truth: 95 %


def effect_sizes(rng: np.random.Generator, rounds: int) -> Shares:
    """Share of variance of the levels' means 0, 0.7, 1.5 with spread 1, and of no effect beside it."""
    means = np.array([0.0, 0.7, 1.5])
    truth = means.var() / (means.var() + 1)
    both = np.array([[0.0, 0.5, 1.0, 1.2], [0.8, 1.3, 1.8, 2.0]]).T
    own = {"n": (both.mean(axis=1).var(), "volume"), "architecture": (both.mean(axis=0).var(), "architecture")}

    def one() -> Shares:
        test = anova(list(means[:, None] + rng.normal(size=(3, 10))))
        lower, upper = effect_interval(test.statistic, test.df1, test.df2, 30)
        frame = frame_of(both[:, :, None] + rng.normal(size=(4, 2, 6)), "n", "architecture", "seed")
        table = factorial(frame, "value", ["n", "architecture"]).set_index("term")
        found = {"effect size, one factor": covered(lower, truth, upper)}
        for term, (variance, word) in own.items():
            interval = table.loc[term, ["lower", "upper"]].astype(float)
            found[f"effect size, {word} of two"] = covered(
                interval["lower"], variance / (variance + 1), interval["upper"]
            )
        return found

    return counted(rounds, one)


def pair_differences(rng: np.random.Generator, rounds: int) -> Shares:
    """All pairs at once."""
    means = {k: 0.5 * k for k in range(4)}

    def one() -> Shares:
        found = {}
        for name, equal, spreads in (("Tukey", True, (1,) * 4), ("Games-Howell", False, (3.0, 1.0, 2.0, 0.5))):
            samples = {k: means[k] + rng.normal(size=10) * spreads[k] for k in means}
            table = pairs_of(samples, equal=equal)
            truth = table["second"].map(means) - table["first"].map(means)
            found[f"{name}, all pairs"] = float(((table["lower"] <= truth) & (truth <= table["upper"])).all())
        return found

    return counted(rounds, one)


def variance_components(rng: np.random.Generator, rounds: int) -> Shares:
    truth = {"seed": 0.5, "subset": 1.0, "combination": 0.25}

    def one() -> Shares:
        values = math.sqrt(0.5) * rng.normal(size=(10, 1)) + rng.normal(size=(1, 6)) + 0.5 * rng.normal(size=(10, 6))
        table = components(frame_of(values, "seed", "subset"), "value").table.set_index("source")
        return {
            f"variance of {source}": covered(table.loc[source, "lower"], variance, table.loc[source, "upper"])
            for source, variance in truth.items()
        }

    return counted(rounds, one)


def lines(rng: np.random.Generator, rounds: int) -> Shares:
    """Slope over seed means, and over runs whose seeds differ in level and steepness."""
    x = np.log10(SIZES)

    def one() -> Shares:
        seeds = 0.05 * rng.normal(size=(10, 1)) + (0.12 + 0.04 * rng.normal(size=(10, 1))) * x
        runs = seeds + 0.05 * rng.normal(size=(10, 6))
        means = 0.4 + 0.12 * x + 0.02 * rng.normal(size=6)
        uneven = frame_of(runs, "seed", "n").drop(index=rng.choice(60, 12, replace=False))
        design = np.column_stack([np.ones(60), np.tile(x, 10)])
        robust = clustered(design, runs.ravel(), np.repeat(np.arange(10), 6))
        fit = polynomial(x, means, 1)
        half = stats.t.ppf(0.975, 4) * fit.errors[1]
        row = log_linear(uneven, without=False).iloc[1]
        return {
            "slope, seed means": covered(fit.coefficients[1] - half, 0.12, fit.coefficients[1] + half),
            "slope, runs by seed": covered(robust.interval(1)[0], 0.12, robust.interval(1)[1]),
            "slope, runs by seed, holes": covered(row["slope_lower"], 0.12, row["slope_upper"]),
        }

    return counted(rounds, one)


def r_squared(rng: np.random.Generator, rounds: int) -> Shares:
    x = np.log10(SIZES)
    spread = 0.12**2 * x.var()
    means_truth = spread / (spread + 0.05**2)
    runs_truth = spread / (spread + 0.05**2 + 0.05**2)

    def one() -> Shares:
        fit = polynomial(x, 0.4 + 0.12 * x + 0.05 * rng.normal(size=6), 1)
        runs = 0.05 * rng.normal(size=(10, 1)) + 0.12 * x + 0.05 * rng.normal(size=(10, 6))
        return {
            "R2, seed means": covered(*_around(r2_interval(fit.r2, 1, fit.df), means_truth)),
            "R2, runs by seed": covered(
                *_around(r2_jackknife(np.tile(x, 10), runs.ravel(), np.repeat(np.arange(10), 6)), runs_truth)
            ),
        }

    return counted(rounds, one)


def _around(interval: tuple[float, float], truth: float) -> tuple[float, float, float]:
    return interval[0], truth, interval[1]


def slope_differences(rng: np.random.Generator, rounds: int) -> Shares:
    x = np.log10(SIZES)[None, :, None]
    steep = np.array([0.1, 0.15])

    def one() -> Shares:
        seeds = 0.05 * rng.normal(size=(8, 1, 1)) * x
        values = seeds + steep * x + 0.03 * rng.normal(size=(8, 1, 2)) * x + 0.05 * rng.normal(size=(8, 6, 2))
        row = slopes(frame_of(values, "seed", "n", "architecture")).pairs.iloc[0]
        return {"difference of slopes": covered(row["lower"], 0.05, row["upper"])}

    return counted(rounds, one)


COVERAGES: dict[str, Simulation] = {
    "effect sizes": effect_sizes,
    "pairs": pair_differences,
    "components": variance_components,
    "lines": lines,
    "R2": r_squared,
    "difference of slopes": slope_differences,
}


# --- power and width as predicted: names with (predicted, found)


def predictions(rng: np.random.Generator, rounds: int) -> Iterator[tuple[str, float, float]]:
    seeds = seeds_for_power(1.0, 1.0, power=0.8)
    both = rng.normal(size=(2, rounds, seeds)) + np.array([0.0, 1.0])[:, None, None]
    p = stats.ttest_ind(both[0], both[1], axis=1).pvalue
    yield f"t test, {seeds} seeds each", power_of_seeds(1.0, 1.0, seeds), float((p < 0.05).mean())
    paired = stats.ttest_1samp(0.8 + rng.normal(size=(rounds, 10)), 0, axis=1).pvalue
    yield "t test, 10 seeds of both", power_of_seeds(0.8, 1.0, 10, paired=True), float((paired < 0.05).mean())
    means = [0.0, 0.5, 1.0]
    several_of = [mean + rng.normal(size=(rounds, 12)) for mean in means]
    p = stats.f_oneway(*several_of, axis=1).pvalue
    yield "anova, 12 seeds of 3 levels", power_of_anova(means, 1.0, 12), float((p < 0.05).mean())
    sds = rng.normal(size=(rounds, 15)).std(axis=1, ddof=1)
    widths = 2 * stats.t.ppf(0.975, 14) * sds / math.sqrt(15)
    yield "width not exceeded, 15 seeds", 0.9, float((widths <= width_of_seeds(1.0, 15, assurance=0.9)).mean())
