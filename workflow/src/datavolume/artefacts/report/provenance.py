"""Where a report's numbers come from: runs, seeds, versions, hardware, command, commit.

facts(summary, environments, commit="", command="")   (label, values) pairs, in the report's order
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from datavolume import __version__
from datavolume.analysis.words import count

__all__ = ["duration", "facts"]

Environment = Mapping[str, Any]


def facts(
    summary: pd.DataFrame, environments: Sequence[Environment], *, commit: str = "", command: str = ""
) -> list[tuple[str, list[str]]]:
    """`environments`: one a training job, as environment.json holds it; `command` is what a person typed."""
    named = {
        "Runs": [_runs(summary, environments)],
        "Training time": list(_times(summary, environments)),
        "Seeds": [_list(summary["seed"])],
        "Data": [_data(summary)],
        "Versions": list(_versions(environments)),
        "Hardware": _distinct(environments, _hardware),
        "Machines": [_machines(environments)],
        "Commit": [commit] if commit else _distinct(environments, lambda environment: environment.get("commit")),
        "Command": [command] if command else [],
        "A training job": [text for text in (environments[0].get("command"),) if text] if environments else [],
    }
    return [(label, [value for value in values if value]) for label, values in named.items() if any(values)]


def _runs(summary: pd.DataFrame, environments: Sequence[Environment]) -> str:
    networks = summary["network" if "network" in summary else "architecture"].nunique()
    varied = [_number(networks, "architecture"), _number(summary["n"].nunique(), "data volume")]
    jobs = _number(len(environments), "training job")
    return f"{_number(len(summary), 'run')} in {jobs}: {' and '.join(varied)}"


def _number(many: int, thing: str) -> str:
    return f"{count(many)} {thing}" + ("" if many == 1 else "s")


def _times(summary: pd.DataFrame, environments: Sequence[Environment]) -> Iterator[str]:
    yield f"{duration(summary['seconds'].sum())} in all, without evaluation"
    starts, ends = (
        sorted(_time(environment, key) for environment in environments if key in environment)
        for key in ("started", "finished")
    )
    if starts and ends:
        yield f"from {starts[0]:%Y-%m-%d %H:%M} to {ends[-1]:%Y-%m-%d %H:%M} UTC"


def _time(environment: Environment, key: str) -> datetime:
    return datetime.fromisoformat(environment[key])


def duration(seconds: float) -> str:
    """3725 -> 1 h 2 min; 75 -> 1 min 15 s; 7.31 -> 7.3 s."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{count(minutes // 60)} h {minutes % 60} min"


def _list(values: pd.Series[Any]) -> str:
    """`0 to 4`, or each of them."""
    distinct = sorted({int(value) for value in values})
    if len(distinct) > 2 and distinct == list(range(distinct[0], distinct[-1] + 1)):
        return f"{distinct[0]} to {distinct[-1]}"
    return ", ".join(map(str, distinct))


def _data(summary: pd.DataFrame) -> str:
    held_out = ", ".join(count(n) for n in sorted(summary["n_validation"].unique()))
    classes = ", ".join(count(n) for n in sorted(summary["classes"].unique()))
    names = ", ".join(summary["dataset"].unique())
    return f"{names}: up to {count(summary['n'].max())} training images, {held_out} held out, {classes} classes"


def _distinct(environments: Sequence[Environment], value: Any) -> list[str]:
    """In the order of first appearance."""
    return list(dict.fromkeys(str(found) for found in map(value, environments) if found))


def _versions(environments: Sequence[Environment]) -> Iterator[str]:
    names = dict.fromkeys(name for environment in environments for name in environment.get("versions", {}))
    for name in names:
        found = _distinct(environments, lambda environment, name=name: environment.get("versions", {}).get(name))
        yield f"{name} {' and '.join(found)}"
    yield f"report written by datavolume {__version__}"


def _hardware(environment: Environment) -> str:
    processes, threads = environment.get("processes", 1), environment.get("threads", 1)
    return (
        f"{environment.get('device', 'unknown device')}, {processes} process{'' if processes == 1 else 'es'} of "
        f"{threads} thread{'' if threads == 1 else 's'} a job"
    )


def _machines(environments: Sequence[Environment]) -> str:
    hosts = _distinct(environments, lambda environment: environment.get("hostname"))
    return ", ".join(hosts[:8]) + (f" and {len(hosts) - 8} more" if len(hosts) > 8 else "")
