"""The report's section on efficiency: what the jobs asked for, used, waited and lost, in words and in two tables.

    efficiency(jobs, timing, gpu=True)

`jobs` are the executor's rows of this study, `timing` is as collected; either may hold nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from datavolume.analysis.efficiency import LOGGED, logged, used
from datavolume.analysis.words import count, number, percent
from datavolume.artefacts.report.statistics import StatisticsTable

__all__ = ["Efficiency", "efficiency"]

_NOT_SUBMITTED = (
    "This study was not run through the submitit executor, so nobody noted what its jobs asked for, how long they "
    "waited, and what was lost."
)
_RULE = (
    "Time and wait are medians over jobs, beside the time limit and the longest wait; a requeued job counts all its "
    "attempts. CPUs: the share of their time that was used. Memory: the most that one process used, of what was asked "
    "for. Lost: attempts that were killed or failed; not those that stopped at a warning."
)
_SUBMITTED = "The same, of the jobs of each configuration."
_LOGGED = "Memory is the most that a training process used."
_GPU = "GPU utilisation, a mean, and peak GPU memory are what the trainer logged over all its runs."
_TRAINING = "train"
_UNKNOWN = "–"


@dataclass(frozen=True)
class Efficiency:
    """`rules` stands open and is missing where no job was noted; `configurations` is folded."""

    text: str
    rules: StatisticsTable | None
    configurations: StatisticsTable | None


def efficiency(jobs: pd.DataFrame, timing: pd.DataFrame, *, gpu: bool) -> Efficiency:
    """`gpu`: whether the study was trained on GPUs, so that the trainer's peak memory is a GPU's."""
    seen, rules = _seen(timing, gpu=gpu), used(jobs, "rule")
    for name in LOGGED.keys() & set(seen):  # the trainer is one rule
        rules[name] = [seen[name].agg(LOGGED[name]) if rule == _TRAINING else math.nan for rule in rules["rule"]]
    submitted = len(jobs) > 0
    detail = _detail(seen, used(jobs, "configuration"))
    caption = " ".join([_SUBMITTED if submitted else _LOGGED, *([_GPU] if gpu else [])])
    return Efficiency(
        _sentences(jobs) if submitted else _NOT_SUBMITTED,
        _table("rule", rules, _RULE) if submitted else None,
        _table("configuration", detail, caption) if len(detail) else None,
    )


def _seen(timing: pd.DataFrame, *, gpu: bool) -> pd.DataFrame:
    """What the trainer logged of a GPU, and `host_mb`; without a GPU its peak memory is the process's."""
    seen = logged(timing)
    host = seen.pop("peak_host_memory_mb")
    if gpu:
        return seen.assign(host_mb=host)
    return seen[["configuration"]].assign(host_mb=host.fillna(seen["peak_memory_mb"]))


def _detail(seen: pd.DataFrame, configurations: pd.DataFrame) -> pd.DataFrame:
    """What both know of a configuration; where no job noted its memory, the trainer did."""
    detail = seen.merge(configurations, on="configuration", how="left")
    noted = detail["memory_mb"] if "memory_mb" in detail else detail["host_mb"]
    return detail.assign(memory_mb=noted.fillna(detail["host_mb"]))


def _sentences(jobs: pd.DataFrame) -> str:
    row = used(jobs.assign(study=""), "study").iloc[0]
    kind = "gpu" if row["gpu_hours"] > 0 else "cpu"
    hours, lost = float(row[f"{kind}_hours"]), float(row[f"lost_{kind}_hours"])
    wasted = f"{_hours(lost)} of them ({percent(lost / hours)})" if lost else "none of them"
    sentences = [
        f"{_number(int(row['jobs']), 'job')} used {_hours(hours)} {kind.upper()} hours, and lost {wasted}.",
        f"The median wait in the queue was {_span(row['queue_seconds'])}, the longest {_span(row['queue_longest'])}.",
        _requeued(int(row["requeues"])),
    ]
    if failed := int(row["failed"]):
        sentences.append(f"{_number(failed, 'job')} never succeeded.")
    return " ".join(sentences)


def _number(many: int, thing: str) -> str:
    return f"{count(many)} {thing}" + ("" if many == 1 else "s")


def _requeued(times: int) -> str:
    if times == 0:
        return "No job was requeued."
    return f"Jobs were requeued {'once' if times == 1 else f'{count(times)} times'}."


Cell = Callable[[Mapping[Any, Any]], str]


def _table(by: str, frame: pd.DataFrame, caption: str) -> StatisticsTable:
    """Columns of which nothing is known are left out."""
    gpus = "gpu_hours" in frame and frame["gpu_hours"].sum() > 0
    rows = frame.to_dict("records")
    kept = {
        head: cells for head, cell in _cells("gpu" if gpus else "cpu").items() if _known(cells := list(map(cell, rows)))
    }
    head = [by.capitalize(), *kept]
    body = [[str(row[by]), *cells] for row, *cells in zip(rows, *kept.values(), strict=True)]
    return StatisticsTable(f"By {by}", caption, head, body, [True] + [False] * len(kept))


def _known(cells: Sequence[str]) -> bool:
    return any(cell != _UNKNOWN for cell in cells)


def _cells(kind: str) -> dict[str, Cell]:
    """Heading -> what a row says below it."""
    return {
        "Jobs": _jobs,
        "Time": lambda row: _of(row, "seconds", "seconds_asked", _span),
        "CPUs": lambda row: _shown(row, "cpu_share", lambda value: percent(value, 0)),
        "Memory": lambda row: _of(row, "memory_mb", "memory_asked_mb", _gigabytes),
        f"{kind.upper()} hours": lambda row: _shown(row, f"{kind}_hours", _hours),
        "Lost": lambda row: _shown(row, f"lost_{kind}_hours", _hours),
        "GPU utilisation": lambda row: _shown(row, "gpu_utilisation", lambda value: percent(value, 0)),
        "Peak GPU memory": lambda row: _shown(row, "peak_memory_mb", _gigabytes),
        "Wait": _wait,
        "Requeues": lambda row: _shown(row, "requeues", count),
    }


def _jobs(row: Mapping[Any, Any]) -> str:
    return _shown(row, "jobs", count) + (f" ({count(row['failed'])} failed)" if row.get("failed", 0) > 0 else "")


def _wait(row: Mapping[Any, Any]) -> str:
    """Of several jobs, the longest too."""
    longest = f" ({_shown(row, 'queue_longest', _span)})" if row.get("jobs", 0) > 1 else ""
    return _shown(row, "queue_seconds", _span) + longest


def _of(row: Mapping[Any, Any], value: str, whole: str, show: Callable[[float], str]) -> str:
    """`10 min of 1 h`, `1.2 of 16 GB`; `1.2 GB` where nothing was asked for."""
    used, asked = _shown(row, value, show), _shown(row, whole, show)
    return used if asked == _UNKNOWN else f"{used.removesuffix(' GB')} of {asked}"


def _shown(row: Mapping[Any, Any], name: str, show: Callable[[float], str]) -> str:
    value = row.get(name, math.nan)
    return _UNKNOWN if math.isnan(value) else show(value)


def _span(seconds: float) -> str:
    """35 -> 35 s, 750 -> 12 min, 4800 -> 1 h 20 min."""
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    parts = ([f"{count(hours)} h"] if hours else []) + ([f"{minutes} min"] if minutes else [])
    return " ".join(parts)


def _gigabytes(megabytes: float) -> str:
    """In the units of 1024 that Slurm calls GB."""
    return f"{number(megabytes / 1024, 0 if megabytes >= 10240 else 1)} GB"


def _hours(hours: float) -> str:
    return "< 0.1" if 0 < hours < 0.05 else number(hours, 1 if hours else 0)
