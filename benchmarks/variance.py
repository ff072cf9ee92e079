"""How many digits, and do tests and intervals keep their word? Tables for docs/benchmarks.md, section Statistics.

    python benchmarks/variance.py --digits             NIST's certified sets, seconds
    python benchmarks/variance.py                      that, and simulations with a known truth (half an hour)
    python benchmarks/variance.py --rounds 1000

The sets and the simulations are those of tests/unit/statistics/{nist,truths}.py. (The name is not `statistics`: a
script's folder comes first on sys.path, and would hide the standard library's module of that name.)
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from unit.statistics import nist, truths

from datavolume.statistics.variance import moments, one_way

least_squares = importlib.import_module("datavolume.statistics.lines.least_squares")
_MARGIN = 0.015
_SEED = 2026


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--digits", action="store_true", help="NIST's sets only")
    parser.add_argument("--rounds", type=int, default=4000)
    parser.add_argument("--only", nargs="*", help="simulations by name")
    asked = parser.parse_args()
    print_digits()
    if not asked.digits:
        print_shares("found though nothing is there, %", truths.REJECTIONS, 0.05, asked.rounds, asked.only)
        print_shares("intervals that cover the truth, %", truths.COVERAGES, 0.95, asked.rounds, asked.only)
        print_predictions()


def print_digits() -> None:
    print("| analysis of variance | between | within | F | R2 | residual sd | F, doubles as they are |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name in nist.ANOVA.index:
        print(f"| {name} | {' | '.join(f'{digits:.1f}' for digits in anova_digits(name))} |")
    print("\n| least squares | coefficients | errors | residual sd | R2 | F | coefficients, doubles alone |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name in nist.LINES.index:
        found = nist.line_digits(name)
        shown = [found.get(key) for key in ("coefficients", "errors", "residual_sd", "r2", "F")]
        shown.append(_in_doubles(name))
        print(f"| {name} | {' | '.join('infinite' if one is None else f'{one:.1f}' for one in shown)} |")


def anova_digits(name: str) -> Iterator[float]:
    certified, frame = nist.ANOVA.loc[name], nist.treatments(name)
    found = one_way(frame, "y", "treatment")
    between, within = found.table.to_dict("records")
    yield nist.digits(between["sum_sq"], certified["sum_sq_between"])
    yield nist.digits(within["sum_sq"], certified["sum_sq_within"])
    yield nist.digits(between["F"], certified["F"])
    yield nist.digits(found.r2, certified["r2"])
    yield nist.digits(found.residual_sd, certified["residual_sd"])
    yield nist.digits(_f_of_doubles(name), certified["F"])


def _in_doubles(name: str) -> float:
    """As on machines whose long double is a double."""
    wide = least_squares._WIDE
    least_squares._WIDE = np.float64
    try:
        return nist.line_digits(name)["coefficients"]
    finally:
        least_squares._WIDE = wide


def _f_of_doubles(name: str) -> float:
    """Without taking a first value off in decimal."""
    frame, shared = nist.treatments(name), moments._SHARED
    moments._SHARED = -1.0
    try:
        return float(one_way(frame, "y", "treatment").table["F"].iloc[0])
    finally:
        moments._SHARED = shared


def print_shares(
    title: str, simulations: Mapping[str, truths.Simulation], truth: float, rounds: int, only: list[str] | None
) -> None:
    print(f"\n| {title} | of {rounds} rounds | within 1.5 |\n|---|---:|---|", flush=True)
    for name, simulation in simulations.items():
        if only is not None and name not in only:
            continue
        began = time.perf_counter()
        for what, share in simulation(np.random.default_rng(_SEED), rounds).items():
            print(f"| {what} | {100 * share:.1f} | {'yes' if abs(share - truth) <= _MARGIN else 'NO'} |")
        print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)


def print_predictions() -> None:
    print("\n| power, and width not exceeded | predicted, % | found, % of 40 000 |\n|---|---:|---:|")
    for name, predicted, found in truths.predictions(np.random.default_rng(_SEED), 40_000):
        print(f"| {name} | {100 * predicted:.1f} | {100 * found:.1f} |")


if __name__ == "__main__":
    main()
