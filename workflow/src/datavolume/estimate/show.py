"""An estimate on the terminal and as a file.

show(estimate)                                      summary, table, what the hours rest on
write_estimate(estimate, Path("estimate.csv"))      a row a configuration
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from datavolume.estimate.model import Estimate, Row
from datavolume.estimate.words import duration, hours, size
from datavolume.files import write_text

__all__ = ["COLUMNS", "show", "table", "write_estimate"]

COLUMNS = (
    "configuration",
    "experiments",
    "network",
    "n",
    "volume",
    "runs",
    "jobs",
    "updates",
    "training_images",
    "evaluated_images",
    "features_images",
    "at_most",
    "device",
    "units",
    "images_per_second",
    "hours_each",
    "device_hours",
    "longest_job_hours",
    "runtime_hours",
    "parameters",
    "disk_mb",
    "basis",
    "source",
)
_SHOWN = 40  # lines; all configurations stand in the file
_SHOWN_COLUMNS = (
    "network",
    "volume",
    "settings",
    "runs",
    "hours",
    "disk",
    "batch",
    "updates",
    "images",
    "a run",
    "images/s",
    "from",
)
_WIDTH = 120  # of what is no terminal, as a log


def show(estimate: Estimate, console: Console | None = None) -> None:
    console = console or Console(width=None if sys.stdout.isatty() else _WIDTH)
    for line in estimate.summary():
        console.print(line, markup=False, highlight=False)
    console.print(table(estimate))
    for line in estimate.notes():
        console.print(line, markup=False, highlight=False, style="dim")


def table(estimate: Estimate) -> Table:
    """Configurations that take the same stand in one line; those that take longest, first."""
    alike: dict[tuple[str, ...], list[Row]] = {}
    for row in estimate.rows:
        alike.setdefault((row.network, row.volume, *_each(row)), []).append(row)
    lines = sorted(alike.items(), key=lambda line: -sum(row.device_hours for row in line[1]))
    made = Table(box=None, pad_edge=False, header_style="bold")
    for name in _SHOWN_COLUMNS:
        made.add_column(name, justify="left" if name in ("network", "from") else "right", no_wrap=True)
    for (network, volume, *each), rows in lines[:_SHOWN]:
        made.add_row(network, volume, str(len(rows)), *_sums(rows), *each)
    if left := [row for _, rows in lines[_SHOWN:] for row in rows]:
        made.add_row("and others", "", str(len(left)), *_sums(left))
    return made


def _sums(rows: Sequence[Row]) -> tuple[str, str, str]:
    """Runs, device hours and disk of all of them."""
    known = any(row.cost for row in rows)
    spent, disk = (sum(row.device_hours for row in rows), sum(row.disk for row in rows))
    return str(sum(row.runs for row in rows)), hours(spent) if known else "", size(disk) if known else ""


def _each(row: Row) -> tuple[str, ...]:
    """Batch, updates, images and time of one run, images/s and what they rest on."""
    if row.cost is None:
        return ("", "", "", "", "", "unknown")
    work, speed = row.cost.work, row.cost.speed
    return (
        "/".join(dict.fromkeys(str(phase.batch_size) for phase in work.phases)),
        f"{work.updates:,}".replace(",", " "),
        f"{work.images / 1e6:,.3g} M" if work.images >= 1e6 else f"{work.images / 1e3:.0f} k",
        duration(row.cost.run_seconds).partition(" (")[0],
        f"{speed.training:.0f}",
        speed.basis,
    )


def write_estimate(estimate: Estimate, file: Path) -> None:
    """COLUMNS; what is not known is empty. Raises UserError where the disk is full or the folder cannot be written."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(_record, estimate.rows))
    write_text(file, text.getvalue())


def _record(row: Row) -> dict[str, Any]:
    known = {
        "configuration": row.configuration,
        "experiments": " ".join(row.experiments),
        "network": row.network,
        "volume": row.volume,
        "runs": row.runs,
        "jobs": len(row.jobs),
        "device": row.device,
        "units": row.units,
        "runtime_hours": f"{row.runtime / 60:.4g}",
        "source": row.unknown,
    }
    return {**known, **_worked_out(row)}


def _worked_out(row: Row) -> dict[str, Any]:
    cost = row.cost
    if cost is None:
        return {}
    return {
        "n": cost.work.n,
        "updates": cost.work.updates,
        "training_images": cost.work.images,
        "evaluated_images": cost.work.evaluated,
        "features_images": cost.work.features,
        "at_most": "yes" if cost.work.stops_early else "",
        "images_per_second": f"{cost.speed.training:.6g}",
        "hours_each": f"{cost.run_seconds / 3600:.6g}",
        "device_hours": f"{row.device_hours:.6g}",
        "longest_job_hours": f"{row.longest_seconds / 3600:.6g}",
        "parameters": cost.parameters,
        "disk_mb": f"{row.disk / 1e6:.6g}",
        "basis": cost.speed.basis,
        "source": cost.speed.source,
    }
