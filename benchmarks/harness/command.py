"""The command line that benchmarks of one piece of work share."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.compare import heading, rounds, scratch, table, try_settings
from harness.engine import Engine
from harness.work import Work
from harness.yardstick import Setting, Yardstick

__all__ = ["TIERS", "compare", "parser"]

TIERS: dict[str, dict[str, Any]] = {"exact": {}, "fast": {"tier": "fast"}}


def parser(description: str | None) -> argparse.ArgumentParser:
    reader = argparse.ArgumentParser(description=(description or "").splitlines()[0])
    reader.add_argument("--rounds", type=int, default=3, help="rounds (default: 3)")
    reader.add_argument("--seeds", type=int, help="runs of a round (default: the work's)")
    reader.add_argument("--tiers", nargs="+", choices=TIERS, default=list(TIERS))
    reader.add_argument("--data", type=Path, default=Path("data"), help="where datasets are (default: data)")
    how = "threads, workers and processes at once of the yardstick (default: 1 0 and all cores)"
    reader.add_argument("--setting", type=int, nargs=3, metavar=("T", "W", "N"), help=how)
    reader.add_argument(
        "--try-settings", type=int, metavar="RUNS", help="take the best of several, by so many runs each"
    )
    return reader


def settings(cores: int) -> Sequence[Setting]:
    """One thread and as many runs as cores; all cores for one run; a worker beside a thread; workers beside all."""
    return [Setting(1, 0, cores), Setting(cores, 0, 1), Setting(1, 1, max(1, cores // 2)), Setting(cores, 2, 1)]


def compare(work: Work, options: argparse.Namespace) -> None:
    """Print the table of one piece of work."""
    work = replace(work, seeds=options.seeds or work.seeds)
    cores = os.cpu_count() or 1
    side_by_side = {"threads": 1, "parallel_seeds": min(cores, work.seeds)}
    what = f"{work.name}: {work.architecture}, {work.seeds} runs a round, {work.epochs} epochs, batch {work.batch_size}"
    print(heading(what), flush=True)
    with scratch() as folder:
        engines = {
            name: Engine(f"bench_{name}", folder, work, TIERS[name], side_by_side, options.data.resolve())
            for name in options.tiers
        }
        data = folder / "yardstick.npz"
        next(iter(engines.values())).export(data)
        yardstick = Yardstick(folder / "yardstick", work, data, Setting(*(options.setting or (1, 0, cores))))
        if options.try_settings:
            try_settings(yardstick, settings(cores), options.try_settings)
        print(
            f"yardstick: {yardstick.setting}; datavolume: 1 thread, {side_by_side['parallel_seeds']} at once\n",
            flush=True,
        )
        measured = rounds({"yardstick": yardstick, **engines}, work, options.rounds)
    print(table(measured, "yardstick"))
