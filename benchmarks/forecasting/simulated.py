"""Losses of known truth: curves like those of a cross-entropy, above 1 as often as below, with seeds.

A third are power laws, a third power laws with an offset, a third bend once; sizes, noise, seeds and steps are drawn.
What is to be forecast is the mean over as many seeds as the sizes seen have, at 2, 4 and 10 times the largest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from datavolume.statistics.curves import Curve
from forecasting.curves import Array, Case

MULTIPLES = np.array([2.0, 4.0, 10.0])
SHAPES = ("power law", "power law with offset", "broken power law")
SEEDS = (1, 3, 5)


def losses(count: int, seed: int = 6) -> Iterator[Case]:
    """`count` curves of each shape; `set` names shape and number of seeds."""
    rng = np.random.default_rng(seed)
    for shape in SHAPES:
        for number in range(count):
            seeds = SEEDS[number % len(SEEDS)]
            yield _drawn(shape, seeds, f"{shape} {number}", rng)


def _drawn(shape: str, seeds: int, name: str, rng: np.random.Generator) -> Case:
    sizes, step = int(rng.integers(5, 16)), float(rng.choice([2.0, 2.0**0.5]))
    n = 100 * step ** np.arange(sizes)
    later = n[-1] * MULTIPLES
    mean = _truth(shape, n[-1], rng)
    noise = float(np.exp(rng.uniform(np.log(0.005), np.log(0.05))))
    seen = mean(n)[:, None] * np.exp(rng.normal(0, noise, (sizes, seeds)))
    came = (mean(later)[:, None] * np.exp(rng.normal(0, noise, (len(later), seeds)))).mean(1)
    rows, columns = np.repeat(n, seeds), np.tile(np.arange(seeds), sizes)
    return Case(name, f"{shape}, {seeds} seeds", "report", Curve(rows, seen.ravel(), columns, "loss"), later, came)


def _truth(shape: str, last: float, rng: np.random.Generator) -> Callable[[Array], Array]:
    level = float(np.exp(rng.uniform(np.log(0.05), np.log(4.0))))  # at the largest size seen
    exponent = float(rng.uniform(0.1, 0.8))
    share = float(rng.uniform(0.1, 0.9)) if shape == "power law with offset" else 0.0
    change = float(rng.uniform(-0.7, 0.7)) * exponent if shape == "broken power law" else 0.0
    place = last * float(np.exp(rng.uniform(-3, 0)))

    def mean(n: Array) -> Array:
        bend = change * (np.log1p((n / place) ** 2) - np.log1p((last / place) ** 2)) / 2
        return np.asarray(level * (share + (1 - share) * (n / last) ** -exponent * np.exp(-bend)))

    return mean
