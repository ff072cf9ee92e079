"""Rounds of one piece of work: each side once a round, in turn, and a table of medians and ratios.

A ratio is formed within each round and the median of the rounds is taken, so that what else a machine does weighs on
both sides alike.
"""

from __future__ import annotations

import json
import math
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, median, stdev
from typing import Protocol

from harness.measured import Measured
from harness.work import Work
from harness.yardstick import Setting, Yardstick

__all__ = ["Side", "heading", "rounds", "scratch", "table", "try_settings"]


class Side(Protocol):
    def run(self, seeds: list[int]) -> Measured: ...


def heading(title: str) -> str:
    """What was measured, where, when, by which command."""
    with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    machine = f"{os.cpu_count()} cores of {names[0] if names else platform.machine()}"
    load = f"load {os.getloadavg()[0]:.1f} before"
    command = " ".join(["python", *sys.argv])
    return f"{title}\n{machine}, {load}; {datetime.now(UTC):%Y-%m-%d}; `{command}`\n"


@contextmanager
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        yield Path(name)


def try_settings(yardstick: Yardstick, settings: Sequence[Setting], seeds: int) -> None:
    """Give the yardstick the quickest by wall clock, each tried with so many runs."""
    found = {}
    for setting in settings:
        yardstick.setting = setting
        found[setting] = yardstick.run(list(range(seeds))).wall
        print(f"yardstick, {setting}: {found[setting]:.1f} s for {seeds} runs", flush=True)
    yardstick.setting = min(found, key=found.__getitem__)


def rounds(sides: Mapping[str, Side], work: Work, count: int, record: Path) -> dict[str, list[Measured]]:
    """Each round has seeds of its own, and begins with another side. `record`: JSON of the rounds so far."""
    measured: dict[str, list[Measured]] = {name: [] for name in sides}
    names = list(sides)
    for number in range(count):
        seeds = list(range(number * work.seeds, (number + 1) * work.seeds))
        for name in names[number % len(names) :] + names[: number % len(names)]:
            one = sides[name].run(seeds)
            measured[name].append(one)
            print(f"round {number + 1}, {name}: {one.wall:.1f} s, CPU {one.cpu:.1f} s", file=sys.stderr, flush=True)
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps({name: [vars(one) for one in own] for name, own in measured.items()}, indent=1))
    return measured


def table(measured: Mapping[str, Sequence[Measured]], reference: str) -> str:
    """Medians over rounds; top-1 and loss over all runs, mean and standard deviation."""
    names = ["", "wall", "ratio", "CPU", "ratio", "images/s in a run", "ratio", "validation top-1", "loss", "p"]
    lines = [f"| {' | '.join(names)} |", "|---|" + "---:|" * (len(names) - 1)]
    base = measured[reference]
    for name, own in measured.items():
        speed = median(value for one in own for value in one.images_per_second)
        base_speed = median(value for one in base for value in one.images_per_second)
        top1, base_top1 = ([value for one in some for value in one.top1] for some in (own, base))
        cells = [
            name,
            f"{median(one.wall for one in own):.1f} s",
            _ratio([b.wall / o.wall for b, o in zip(base, own, strict=True)]),
            f"{median(one.cpu for one in own):.1f} s",
            _ratio([b.cpu / o.cpu for b, o in zip(base, own, strict=True)]),
            f"{speed:.0f}",
            f"{speed / base_speed:.2f}",
            _spread([100 * value for value in top1], 2) + " %",
            _spread([value for one in own for value in one.loss], 4),
            "" if name == reference else f"{_p_of_difference(top1, base_top1):.2f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    parameters = {one.parameters for some in measured.values() for one in some}
    if len(parameters) != 1:
        sys.exit(f"not the same network: {parameters} parameters")
    n = len(base)
    runs = sum(len(one.top1) for one in base)
    note = f"n = {n} rounds, {runs} runs a side; medians over rounds, ratios within each round (least to most); "
    note += "p: Welch's test that the mean top-1 is the yardstick's.\n"
    return "\n".join([*lines, "", note])


def _ratio(values: Sequence[float]) -> str:
    return f"{median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def _spread(values: Sequence[float], digits: int) -> str:
    return f"{mean(values):.{digits}f} ± {stdev(values) if len(values) > 1 else math.nan:.{digits}f}"


def _p_of_difference(one: Sequence[float], other: Sequence[float]) -> float:
    from scipy.stats import ttest_ind

    return float(ttest_ind(one, other, equal_var=False).pvalue) if min(len(one), len(other)) > 1 else math.nan
