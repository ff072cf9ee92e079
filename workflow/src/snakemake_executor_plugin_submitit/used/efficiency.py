"""What finished jobs asked for and what they used: one row a job in a CSV file.

    row = row_of(job="train.a", rule="train", wildcards={"run": "a"}, job_id="7_1", ok=True, parameters=parameters,
                 submissions=[Submitted(time, read_attempts(path))], finished=time.time())
    append_row(Path("logs/submitit/efficiency.csv"), row)

CPU seconds and memory are what the payload saw of its own children, memory that of the largest process. CPU seconds
are empty where they are unknown: an attempt was lost, or the job ran on several nodes.
"""

import csv
import io
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from math import inf
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from ..node.attempts import append_line
from .usage import Submitted, usage

__all__ = ["Row", "append_row", "read_rows", "row_of", "wildcards_of"]


@dataclass(frozen=True)
class Row:
    """One finished Snakemake job. CPUs and GPUs are those of all its nodes, `mem_mb` [MiB] is asked for on each.

    `wildcards` is `name=value;name=value`, `%` and `;` and line breaks in values as in URLs; `queue_s`, `elapsed_s` and
    `lost_s` [seconds] are sums over all attempts, lost those that ended neither well nor at a warning; `runtime_s` is
    the time limit of one attempt; `nodes` are separated by blanks; `finished` is ISO 8601.
    """

    job: str
    rule: str
    wildcards: str
    id: str
    outcome: str
    attempts: int
    requeues: int
    queue_s: float
    elapsed_s: float
    lost_s: float
    cpus: int
    cpu_s: float | None
    mem_mb: float | None
    used_mb: float | None
    gpus: int
    runtime_s: int
    nodes: str
    finished: str


COLUMNS = tuple(field.name for field in fields(Row))


def row_of(
    *,
    job: str,
    rule: str,
    wildcards: Mapping[str, str],
    job_id: str,
    ok: bool,
    parameters: Mapping[str, Any],
    submissions: Sequence[Submitted],
    finished: float,
) -> Row:
    """The row of a job that ended at `finished` [seconds since 1970]; `parameters` are those of submitit's executor."""
    nodes = parameters.get("nodes", 1)
    minutes, memory = parameters.get("timeout_min", 0), parameters.get("mem_gb")
    used = usage(submissions, ok=ok, finished=finished, limit=60 * minutes or inf)
    seen = max((attempt.gpus for submission in submissions for attempt in submission.attempts), default=0)
    return Row(
        job=job,
        rule=rule,
        wildcards=";".join(f"{name}={quoted(value)}" for name, value in wildcards.items()),
        id=job_id,
        outcome="ok" if ok else "failed",
        attempts=used.attempts,
        requeues=used.requeues,
        queue_s=round(used.queue, 1),
        elapsed_s=round(used.elapsed, 1),
        lost_s=round(used.lost, 1),
        cpus=parameters.get("cpus_per_task", 1) * parameters.get("slurm_tasks_per_node", 1) * nodes,
        cpu_s=None if used.cpu_seconds is None or nodes > 1 else round(used.cpu_seconds, 1),
        mem_mb=None if memory is None else round(1024 * memory, 1),
        used_mb=None if used.memory_mb is None else round(used.memory_mb, 1),
        gpus=(gpus_asked(parameters.get("gpus_per_node", 0)) or seen) * nodes,
        runtime_s=60 * minutes,
        nodes=" ".join(used.nodes),
        finished=datetime.fromtimestamp(finished).astimezone().isoformat(timespec="seconds"),
    )


def gpus_asked(value: int | str) -> int:
    """The number in a request for GPUs: 2, `2`, `a100:2`, `a100` or several of them with commas; 0 if unreadable."""
    counts = (part.rpartition(":")[2] for part in str(value).split(","))
    return sum(int(count) if count.isdecimal() else 1 for count in counts if count)


def quoted(value: str) -> str:
    """A wildcard's value without what separates it from others, or ends the line."""
    return "".join(f"%{ord(sign):02X}" if sign in "%;\n\r" else sign for sign in str(value))


def wildcards_of(row: Row) -> dict[str, str]:
    """The wildcards that `row_of` was given."""
    pairs = (pair.partition("=") for pair in row.wildcards.split(";") if pair)
    return {name: unquote(value) for name, _, value in pairs}


def append_row(path: Path, row: Row) -> None:
    """Append one row in one write, so that two heads may use the file. Raises OSError."""
    if not path.exists():
        create(path)
    append_line(path, line_of(astuple(row)))


def create(path: Path) -> None:
    """Make the file with its heading appear as a whole, unless another head is faster."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        append_line(draft, line_of(COLUMNS))
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def line_of(values: Iterable[Any]) -> str:
    """One line of CSV, without its end."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="").writerow(values)
    return stream.getvalue()


def read_rows(path: Path) -> list[Row]:
    """The rows of a file, none without it; a torn line is passed over."""
    try:
        head, *lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return []
    rows = []
    for line in lines:
        with suppress(KeyError, ValueError):
            values = dict(zip(cells_of(head), cells_of(line), strict=True))
            rows.append(Row(**{field.name: READERS[field.type](values[field.name]) for field in fields(Row)}))
    return rows


def cells_of(line: str) -> list[str]:
    """The cells of one line by itself: a quote that a torn line leaves open must not swallow the next."""
    return next(csv.reader([line]), [])


def number(text: str) -> float | None:
    """A number that may be missing."""
    return float(text) if text else None


READERS: Mapping[Any, Callable[[str], Any]] = {str: str, int: int, float: float, float | None: number}
