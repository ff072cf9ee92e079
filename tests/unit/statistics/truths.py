"""Simulations with a known truth: how often does a test reject, how often does an interval cover?

Each function of REJECTIONS and COVERAGES takes a generator and the number of rounds, and gives names with shares: tests
run a short version, `benchmarks/variance.py` the long one.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
from scipy import stats

from datavolume.statistics.lines import influence, r2_interval, r2_jackknife, slopes
from datavolume.statistics.lines.least_squares import polynomial
from datavolume.statistics.variance import (
    Components,
    anova,
    blocked,
    checks,
    components,
    effect_interval,
    factorial,
    kruskal,
    pairs_of,
    power_of_anova,
    power_of_grid,
    power_of_seeds,
    seeds_for_power,
    several,
    welch,
    width_of_seeds,
)
from datavolume.statistics.variance import pairs as variance_pairs
from datavolume.statistics.variance.blocks import with_holes
from datavolume.statistics.variance.clusters import clustered
from datavolume.statistics.variance.factorial import terms_of
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
        found = {}
        for runs in (5, 10, 20):
            p = checks(frame_of(rng.normal(size=(4, runs)), "n", "seed"), "value", ["n"]).set_index("check")["p"]
            found |= {f"Levene, 4 x {runs}": rejected(p["levene"]), f"Shapiro-Wilk, 4 x {runs}": rejected(p["shapiro"])}
        return found

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
    """Not every seed in every cell: the mixed model, or where it is singular and seeds are many, cluster-robust.

    New cells are lost every 25 rounds.
    """
    found: dict[str, list[float]] = defaultdict(list)
    for seeds, place in product((3, 5, 10), range(rounds)):
        if place % 25 == 0:
            whole = frame_of(np.zeros((seeds, 4, 2)), "seed", "n", "architecture")
            part = _with_holes(rng, whole, ["n", "architecture"])
            terms, names = terms_of(part, ["n", "architecture"]), part["seed"].to_numpy()
        for sd in (0.0, 1.0, 5.0):
            values = (sd * rng.normal(size=seeds))[names] + rng.normal(size=len(names))
            table = with_holes(terms, values, names, 0.95)[0]
            for term, p in zip(table["term"], table["p"], strict=True):
                found[f"holes, {seeds} seeds, sd {sd:g}, {term}"].append(rejected(p))
    return {name: float(np.nanmean(values)) for name, values in found.items()}


def _with_holes(rng: np.random.Generator, frame: pd.DataFrame, factors: list[str]) -> pd.DataFrame:
    """15 % of the rows are lost; no cell and no seed as a whole."""
    cells, seeds, lost = frame.groupby(factors).ngroups, frame["seed"].nunique(), round(0.15 * len(frame))
    while True:
        left = frame.drop(index=rng.choice(len(frame), lost, replace=False))
        if left.groupby(factors).ngroups == cells and left["seed"].nunique() == seeds:
            return left


def families(rng: np.random.Generator, rounds: int) -> Shares:
    """Any pair at all; intervals, which take most of the time, are left out (`pair_differences` looks at some)."""
    with patch.object(variance_pairs, "bound", return_value=math.nan):
        return _families(rng, rounds)


def _families(rng: np.random.Generator, rounds: int) -> Shares:
    spreads = (3.0, 1.0, 2.0, 0.5)

    def one() -> Shares:
        even = {k: rng.normal(size=8) for k in range(4)}
        found = {"Tukey, any pair": rejected(pairs_of(even)["p"].min())}
        for runs in (5, 8, 20):
            uneven = {k: rng.normal(size=runs) * sd for k, sd in enumerate(spreads)}
            found[f"Games-Howell, any pair, 4 x {runs}"] = rejected(pairs_of(uneven, equal=False)["p"].min())
        several_of = {k: rng.normal(size=5) * sd for k, sd in enumerate(spreads * 2)}
        found["Games-Howell, any pair, 8 x 5"] = rejected(pairs_of(several_of, equal=False)["p"].min())
        return found

    return counted(rounds, one)


def equal_slopes(rng: np.random.Generator, rounds: int) -> Shares:
    def one() -> Shares:
        x, found = np.log10(SIZES)[None, :, None], {}
        for seeds in (3, 5, 10):
            steep = 0.3 + 0.1 * rng.normal(size=(seeds, 1, 1))
            frame = frame_of(steep * x + 0.2 * rng.normal(size=(seeds, 6, 3)), "seed", "n", "architecture")
            for name, own in (("", frame), (", holes", _with_holes(rng, frame, ["n", "architecture"]))):
                p = slopes(own).tests.set_index("errors")["p"]["clustered by seed, CR2"]
                found[f"equal slopes of 3, {seeds} seeds{name}"] = rejected(p)
        outlier = influence(frame.drop(columns="seed"))
        last = {"last size an outlier": rejected(outlier["p"].iloc[-1])}
        return {**found, **last, "any size an outlier": float(outlier["outlier"].any())}

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


def effect_sizes_by_seed(rng: np.random.Generator, rounds: int) -> Shares:
    """Of volume, beside what varies within seeds: every seed in every cell, then holes."""
    means = np.array([0.0, 0.5, 0.9, 1.2])
    truth = float(means.var() / (means.var() + 1))

    def one() -> Shares:
        found = {}
        for seeds in (3, 5, 10):
            values = 2 * rng.normal(size=(seeds, 1)) + means + rng.normal(size=(seeds, 4))
            frame = frame_of(values, "seed", "n")
            for name, own in (("", frame), (", holes", _with_holes(rng, frame, ["n"]))):
                row = blocked(own, "value", ["n"], "seed").table.iloc[0]
                found[f"effect size, {seeds} seeds{name}"] = covered(row["lower"], truth, row["upper"])
        values = 2 * rng.normal(size=(5, 1, 1)) + means[:, None] + rng.normal(size=(5, 4, 2))
        row = blocked(frame_of(values, "seed", "n", "architecture"), "value", ["n", "architecture"], "seed").table.iloc[
            0
        ]
        return {**found, "effect size, 5 seeds, one of two factors": covered(row["lower"], truth, row["upper"])}

    return counted(rounds, one)


def variance_components(rng: np.random.Generator, rounds: int) -> Shares:
    def one() -> Shares:
        found = {}
        for seeds, subsets, truth in ((10, 6, (0.5, 1.0, 0.25)), (5, 3, (0.5, 1.0, 0.25)), (5, 3, (0.0, 0.1, 1.0))):
            own, of_subset, rest = np.sqrt(truth)
            values = own * rng.normal(size=(seeds, 1)) + of_subset * rng.normal(size=(1, subsets))
            values = values + rest * rng.normal(size=(seeds, subsets))
            table = components(frame_of(values, "seed", "subset"), "value").table.set_index("source")
            for source, variance in zip(("seed", "subset", "combination"), truth, strict=True):
                name = f"variance {variance:g} of {source}, {seeds} x {subsets}"
                found[name] = covered(table.loc[source, "lower"], variance, table.loc[source, "upper"])
        return found

    return counted(rounds, one)


def lines(rng: np.random.Generator, rounds: int) -> Shares:
    """Slope over seed means; and over runs, whose seeds differ in level and steepness, or in level alone.

    Other runs are lost every 25 rounds.
    """
    found: dict[str, list[float]] = defaultdict(list)
    x = np.log10(SIZES)
    for _ in range(rounds):
        fit = polynomial(x, 0.4 + 0.12 * x + 0.02 * rng.normal(size=6), 1)
        half = stats.t.ppf(0.975, 4) * fit.errors[1]
        found["slope, seed means"].append(covered(fit.coefficients[1] - half, 0.12, fit.coefficients[1] + half))
    for seeds, place in product((2, 3, 5, 10), range(rounds)):
        if place % 25 == 0:
            whole = frame_of(np.zeros((seeds, 6)), "seed", "n")
            parts = {"": whole, ", holes": _with_holes(rng, whole, ["n"])}
            designs = {name: (part["seed"].to_numpy(), np.log10(part["n"].to_numpy())) for name, part in parts.items()}
        for (name, (of, at)), (kind, level, steep) in product(
            designs.items(), (("steepness", 0.05, 0.04), ("level", 0.2, 0.0))
        ):
            own = (level * rng.normal(size=seeds))[of] + (0.12 + steep * rng.normal(size=seeds))[of] * at
            values = own + 0.05 * rng.normal(size=of.size)
            lower, upper = clustered(np.column_stack([np.ones_like(at), at]), values, of).interval(1)
            found[f"slope, {seeds} seeds that differ in {kind}{name}"].append(covered(lower, 0.12, upper))
    return {name: float(np.mean(values)) for name, values in found.items()}


def r_squared(rng: np.random.Generator, rounds: int) -> Shares:
    """Of means, the truth at these sizes; of runs, that of seeds without number."""
    x = np.log10(SIZES)
    spread = 0.12**2 * x.var()

    def one() -> Shares:
        found = {}
        for noise in (0.05, 0.2):
            fit = polynomial(x, 0.4 + 0.12 * x + noise * rng.normal(size=6), 1)
            truth = spread / (spread + noise**2)
            interval = r2_interval(fit.r2, 1, fit.df)
            found[f"R2 {truth:.2f} of 6 means"] = covered(*_around(interval, truth))
        for seeds in (3, 5, 10):
            runs = 0.05 * rng.normal(size=(seeds, 1)) + 0.12 * x + 0.05 * rng.normal(size=(seeds, 6))
            interval = r2_jackknife(np.tile(x, seeds), runs.ravel(), np.repeat(np.arange(seeds), 6))
            truth = spread / (spread + 0.05**2 + 0.05**2)
            found[f"R2 {truth:.2f} of runs, {seeds} seeds"] = covered(*_around(interval, truth))
        return found

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
    "effect sizes by seed": effect_sizes_by_seed,
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
    seeds, subsets = 8, 6
    predicted = _planned(seeds, subsets, difference=2.0)
    yield f"two means over {seeds} seeds x {subsets} subsets", predicted, _found(rng, rounds, seeds, subsets, 2.0)


PARTS = {"seed": 0.5, "subset": 1.0, "combination": 0.25}


def _planned(seeds: int, subsets: int, difference: float) -> float:
    found = Components(pd.DataFrame({"source": list(PARTS), "variance": list(PARTS.values())}), None, "")
    return power_of_grid(found, difference, seeds, subsets)


def _found(rng: np.random.Generator, rounds: int, seeds: int, subsets: int, difference: float) -> float:
    """The test that is planned for: mean squares of both grids pooled, Satterthwaite's degrees of freedom."""
    sd = {source: math.sqrt(variance) for source, variance in PARTS.items()}
    values = sd["seed"] * rng.normal(size=(2, rounds, seeds, 1)) + sd["subset"] * rng.normal(
        size=(2, rounds, 1, subsets)
    )
    values = values + sd["combination"] * rng.normal(size=(2, rounds, seeds, subsets))
    of_seed, of_subset = values.mean(axis=3, keepdims=True), values.mean(axis=2, keepdims=True)
    mean = values.mean(axis=(2, 3), keepdims=True)
    rest = ((values - of_seed - of_subset + mean) ** 2).sum(axis=(2, 3)).mean(axis=0) / ((seeds - 1) * (subsets - 1))
    ms_seed = subsets * ((of_seed - mean) ** 2).sum(axis=(2, 3)).mean(axis=0) / (seeds - 1)
    ms_subset = seeds * ((of_subset - mean) ** 2).sum(axis=(2, 3)).mean(axis=0) / (subsets - 1)
    total = np.maximum(ms_seed + ms_subset - rest, rest)
    doubt = ms_seed**2 / (seeds - 1) + ms_subset**2 / (subsets - 1) + rest**2 / ((seeds - 1) * (subsets - 1))
    t = (mean[1] - mean[0])[:, 0, 0] + difference
    p = 2 * stats.t.sf(np.abs(t) / np.sqrt(2 * total / (seeds * subsets)), 2 * total**2 / doubt)
    return float((p < 0.05).mean())
