"""How often the interval of the requirement holds the true n: simulated curves of known shape.

    python benchmarks/requirement.py [--curves 1000]

Beside it the percentile bootstrap over seeds through an isotonic fit, the obvious other way. Then the 90 % intervals of
the n that reaches a target, and of saturation, within the sizes trained and beyond (a quarter of the curves).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, isotonic_regression

from datavolume.statistics.curves import Curve
from datavolume.statistics.requirement import reach, saturation, within_margin

Array = NDArray[np.float64]
SHARED = 0.3  # of a seed's variance, at every size
BOOTSTRAPS = 400


@dataclass(frozen=True)
class Case:
    """An error by n, the sizes trained, the margin, seeds and their standard deviation."""

    name: str
    error: Callable[[Array], Array]
    sizes: tuple[int, ...]
    margin: float
    seeds: int
    sd: float

    @property
    def true(self) -> float:
        largest = float(self.error(np.array(float(self.sizes[-1]))))

        def excess(x: float) -> float:
            return float(self.error(np.exp(x))) - largest - self.margin

        return float(np.exp(brentq(excess, np.log(self.sizes[0] / 50), np.log(self.sizes[-1]))))

    def draw(self, rng: np.random.Generator) -> Array:
        """[seeds, sizes]."""
        shape = (self.seeds, len(self.sizes))
        noise = np.sqrt(SHARED) * rng.standard_normal((self.seeds, 1)) + np.sqrt(1 - SHARED) * rng.standard_normal(
            shape
        )
        return np.asarray(np.clip(self.error(np.array(self.sizes, dtype=float)) + self.sd * noise, 0, 1))


def power(scale: float, exponent: float, limit: float) -> Callable[[Array], Array]:
    return lambda n: limit + scale * n**-exponent


DIGITS = (70, 179, 359, 719, 1079, 1438)
FOURFOLD = (50, 200, 800, 3200, 12_800)
DOUBLED = tuple(1000 * 2**k for k in range(7))
CASES = (
    Case("power law, 6 sizes as of digits", power(1.5, 0.6, 0.005), DIGITS, 0.01, 5, 0.004),
    Case("the same, noisier", power(1.5, 0.6, 0.005), DIGITS, 0.01, 5, 0.012),
    Case("the same, 2 seeds", power(1.5, 0.6, 0.005), DIGITS, 0.01, 2, 0.004),
    Case("the same, 10 seeds", power(1.5, 0.6, 0.005), DIGITS, 0.01, 10, 0.004),
    Case("power law, 7 doublings, 3 seeds", power(2.0, 0.35, 0.02), DOUBLED, 0.02, 3, 0.006),
    Case("power law, 4 sizes, tenfold", power(2.0, 0.4, 0.03), (100, 1000, 10_000, 100_000), 0.02, 10, 0.004),
    Case("power law, 3 sizes, tenfold", power(2.0, 0.4, 0.03), (500, 5000, 50_000), 0.02, 5, 0.004),
    Case("exponential, 6 doublings", lambda n: 0.05 + 0.3 * np.exp(-n / 800), DOUBLED[:6], 0.01, 5, 0.003),
    Case("sigmoid, 5 sizes, fourfold", lambda n: 0.05 + 0.6 / (1 + (n / 500) ** 1.2), FOURFOLD, 0.02, 5, 0.005),
)  # fmt: skip


def bootstrap(case: Case, values: Array, rng: np.random.Generator) -> tuple[float, float]:
    """Percentiles of where isotonic fits of resampled seeds come within the margin."""
    x = np.log(np.array(case.sizes, dtype=float))
    found = []
    for rows in rng.integers(0, case.seeds, (BOOTSTRAPS, case.seeds)):
        fitted = isotonic_regression(values[rows].mean(axis=0), increasing=False).x
        excess = fitted - fitted[-1] - case.margin
        left = np.flatnonzero(excess > 0)
        if not left.size:
            found.append(0.0)
            continue
        i = int(left[-1])
        found.append(float(np.exp(x[i] + excess[i] / (excess[i] - excess[i + 1]) * (x[i + 1] - x[i]))))
    lower, upper = np.quantile(found, [0.025, 0.975])
    return float(lower), float(upper)


def rows(curves: int) -> Iterator[str]:
    """Lines of a Markdown table."""
    yield "| curve | true n | covers | too low | too high | width | bootstrap covers | required is too small |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|"
    inside = 0.0
    for place, case in enumerate(CASES):
        numbers = measure(case, curves, np.random.default_rng(place))
        inside += numbers[0] / len(CASES)
        cover, low, high, width, other, small = numbers
        shares = f"{cover:.1%} | {low:.1%} | {high:.1%} | ×{width:.2f} | {other:.1%} | {small:.1%}"
        yield f"| {case.name} | {case.true:,.0f} | {shares} |"
    yield f"| mean | | {inside:.1%} | | | | | |"


def measure(case: Case, curves: int, rng: np.random.Generator) -> tuple[float, ...]:
    """Shares of curves; width is the median of upper over lower (or over the smallest size)."""
    n, seed = np.tile(case.sizes, case.seeds), np.repeat(np.arange(case.seeds), len(case.sizes))
    told, width = np.zeros((curves, 4)), np.zeros(curves)
    for k in range(curves):
        values = case.draw(rng)
        found = within_margin(Curve(n, values.ravel(), seed, "error"), case.margin)
        lower, upper = bootstrap(case, values, rng) if k < 300 else (0.0, 0.0)
        told[k] = (
            found.lower > case.true,
            found.upper < case.true,
            lower <= case.true <= upper,
            found.required < case.true,
        )
        width[k] = found.upper / max(found.lower, case.sizes[0])
    above, below, small = told[:, 0].mean(), told[:, 1].mean(), told[:, 3].mean()
    return 1 - above - below, below, above, float(np.median(width)), told[:300, 2].mean(), small


FALLING = Case("", power(2.0, 0.35, 0.02), DOUBLED, 0.02, 5, 0.003)
TARGETS = (0.12, 0.1, 0.085, 0.075, 0.055, 0.045)
LEAST = (0.02, 0.012, 0.006)  # of a doubling


def further(curves: int) -> Iterator[str]:
    """Lines of a Markdown table: reaching a target and saturation, of one power law."""
    yield "| question | true n | covers | too low | too high | median n |"
    yield "|---|---:|---:|---:|---:|---:|"
    for target in TARGETS:
        yield asked_of(f"reach an error of {target:g}", root(FALLING.error, target), target, None, curves)
    for least in LEAST:
        yield asked_of(f"a doubling brings less than {least:g}", root(doubling, least), None, least, curves)


def doubling(n: Array) -> Array:
    """What it brings."""
    return FALLING.error(n) - FALLING.error(2 * n)


def root(function: Callable[[Array], Array], value: float) -> float:
    """The n at which a falling function has that value."""
    return float(np.exp(brentq(lambda x: float(function(np.exp(x))) - value, 0.0, 25.0)))


def asked_of(name: str, true: float, target: float | None, least: float | None, curves: int) -> str:
    """One line."""
    rng, ends = np.random.default_rng(11), np.zeros((curves, 3))
    n = np.tile(np.array(FALLING.sizes, dtype=float), FALLING.seeds)
    seed = np.repeat(np.arange(FALLING.seeds), len(FALLING.sizes))
    for k in range(curves):
        curve = Curve(n, FALLING.draw(rng).ravel(), seed, "error")
        if target is not None:
            found = reach(curve, target)
            ends[k] = found.lower, found.n, found.upper
        elif least is not None:
            ends[k] = saturation({"": curve}, least)[["lower", "n", "upper"]].to_numpy()[0]
    low, high = (ends[:, 2] < true).mean(), (ends[:, 0] > true).mean()
    return f"| {name} | {true:,.0f} | {1 - low - high:.1%} | {low:.1%} | {high:.1%} | {np.median(ends[:, 1]):,.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--curves", type=int, default=1000, help="of each case")
    asked = parser.parse_args()
    start = time.process_time()
    for row in rows(asked.curves):
        print(row, flush=True)
    print()
    for row in further(max(20, asked.curves // 4)):
        print(row, flush=True)
    print(f"{asked.curves} curves a case, {time.process_time() - start:.0f} s of CPU")


if __name__ == "__main__":
    main()
