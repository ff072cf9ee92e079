"""The command line that benchmarks of one piece of work share, and the table that they print."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.compare import heading, rounds, scratch, table, try_settings
from harness.engine import Engine
from harness.measured import Measured
from harness.work import Work
from harness.yardstick import Setting, Yardstick

__all__ = ["TIERS", "YARDSTICK", "compare", "parser"]

YARDSTICK = "yardstick"
RECORDS = Path(__file__).resolve().parents[2] / "results/benchmarks"
TIERS: dict[str, dict[str, Any]] = {"exact": {}, "fast": {"tier": "fast"}}


def parser(description: str | None) -> argparse.ArgumentParser:
    reader = argparse.ArgumentParser(description=(description or "").splitlines()[0])
    reader.add_argument("--rounds", type=int, default=3, help="rounds (default: 3)")
    reader.add_argument("--seeds", type=int, help="runs of a round (default: the work's)")
    reader.add_argument("--data", type=Path, default=Path("data"), help="where datasets are (default: data)")
    how = "threads, workers and processes at once of the yardstick (default: the first that would be tried)"
    reader.add_argument("--setting", type=int, nargs=3, metavar=("T", "W", "N"), help=how)
    reader.add_argument(
        "--try-settings", type=int, metavar="RUNS", help="take the best of several, by so many runs each"
    )
    return reader


def cpu_settings(cores: int) -> list[Setting]:
    """One thread and as many runs as cores; all cores for one run; a worker beside a thread; workers beside all."""
    return [Setting(1, 0, cores), Setting(cores, 0, 1), Setting(1, 1, max(1, cores // 2)), Setting(cores, 2, 1)]


def compare(
    work: Work,
    options: argparse.Namespace,
    *,
    sides: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] | None = None,
    resources: dict[str, Any] | None = None,
    settings: Sequence[Setting] = (),
    yardstick_options: tuple[str, ...] = (),
    yardstick_data: Path | None = None,
) -> dict[str, list[Measured]]:
    """Print the table of one piece of work, and give what it was made from.

    `sides`: by name, what each of datavolume's adds to recipe and dataset (default: both tiers); `yardstick_data`: a
    folder of images (default: the arrays that datavolume trains on).
    """
    work = replace(work, seeds=options.seeds or work.seeds)
    cores = os.cpu_count() or 1
    settings = settings or cpu_settings(cores)
    resources = {"threads": 1, "parallel_seeds": min(cores, work.seeds)} | (resources or {})
    sides = sides or {name: (recipe, {}) for name, recipe in TIERS.items()}
    what = f"{work.name}: {work.architecture}, {work.seeds} runs a round, {work.epochs} epochs, batch {work.batch_size}"
    print(heading(what), flush=True)
    with scratch() as folder:
        engines = {}
        for number, (name, (recipe, dataset)) in enumerate(sides.items()):
            own = replace(work, dataset=work.dataset | dataset)
            engines[name] = Engine(f"bench_{number}", folder, own, recipe, resources, options.data.resolve())
        if yardstick_data is None:
            yardstick_data = folder / "yardstick.npz"
            next(iter(engines.values())).export(yardstick_data)
        setting = Setting(*options.setting) if options.setting else settings[0]
        yardstick = Yardstick(folder / "yardstick", work, yardstick_data, setting, yardstick_options)
        if options.try_settings:
            try_settings(yardstick, settings, options.try_settings)
        ours = ", ".join(f"{value} {name}" for name, value in resources.items())
        print(f"yardstick: {yardstick.setting}; datavolume: {ours}\n", flush=True)
        record = RECORDS / f"{work.architecture}.json"
        measured = rounds({YARDSTICK: yardstick, **engines}, work, options.rounds, record)
    print(table(measured, YARDSTICK), flush=True)
    return measured
