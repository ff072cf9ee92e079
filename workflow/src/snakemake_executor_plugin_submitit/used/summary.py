"""What finished jobs asked for and used, a line a rule, as a table for the terminal.

    print(*summary(rows), sep="\\n")

    rule   jobs            time used/asked  CPUs used  memory used/asked  hours     lost       queued (longest) …
    train  110 (2 failed)  12 min / 1 h     93 %       1.2 GB / 16 GB     22 GPU h  0.4 GPU h  3 min (1 h)      …
    train asked for 16 GB, its largest process used at most 1.2 GB

Times are medians over jobs, those asked for too; memory is the most that one process used.
"""

from collections.abc import Callable, Iterator, Sequence
from statistics import median

from .efficiency import Row

__all__ = ["duration", "summary"]

HEAD = (
    *("rule", "jobs", "time used/asked", "CPUs used", "memory used/asked"),
    *("hours", "lost", "queued (longest)", "requeues"),
)
UNKNOWN = "–"
# When advice is clear: from so many jobs that ended well on, and where a request is large enough to matter.
JOBS_TO_ADVISE = 3
LEAST_MB, LEAST_SECONDS, LEAST_CPUS = 4000, 1800, 2
PART_USED = {"memory": 1 / 3, "time": 1 / 4, "CPUs": 1 / 2}


def summary(rows: Sequence[Row]) -> list[str]:
    """A heading, a line a rule in the order of their first jobs, and a line of advice where it is clear."""
    rules = {row.rule: [other for other in rows if other.rule == row.rule] for row in rows}
    if not rules:
        return []
    table = [HEAD, *(cells(rule, jobs) for rule, jobs in rules.items())]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in table]
    return lines + [line for rule, jobs in rules.items() for line in advice(rule, jobs)]


def cells(rule: str, rows: Sequence[Row]) -> tuple[str, ...]:
    """The line of one rule."""
    failed = len({row.job for row in rows} - {row.job for row in rows if row.outcome == "ok"})
    waits = [row.queue_s for row in rows]
    unit, hours = processor_hours(rows)
    return (
        rule,
        f"{len({row.job for row in rows})}" + (f" ({failed} failed)" if failed else ""),
        f"{duration(median(row.elapsed_s for row in rows))} / {duration(median(row.runtime_s for row in rows))}",
        cpus_used(rows),
        memory_used(rows),
        f"{figure(hours(lambda row: row.elapsed_s))} {unit}",
        f"{figure(hours(lambda row: row.lost_s))} {unit}",
        f"{duration(median(waits))} ({duration(max(waits))})",
        str(sum(row.requeues for row in rows)),
    )


def processor_hours(rows: Sequence[Row]) -> tuple[str, Callable[[Callable[[Row], float]], float]]:
    """`GPU h`, or `CPU h` where no job has a GPU, and the function that adds them up over the rows."""
    gpus = any(row.gpus for row in rows)

    def hours(seconds: Callable[[Row], float]) -> float:
        return sum((row.gpus if gpus else row.cpus) * seconds(row) for row in rows) / 3600

    return ("GPU h" if gpus else "CPU h"), hours


def cpu_share(rows: Sequence[Row]) -> float | None:
    """The part of the CPUs' time that was used, over the jobs of which it is known."""
    known = [(row.cpu_s, row.cpus * row.elapsed_s) for row in rows if row.cpu_s is not None]
    had = sum(seconds for _, seconds in known)
    return sum(used for used, _ in known) / had if had else None


def cpus_used(rows: Sequence[Row]) -> str:
    share = cpu_share(rows)
    return UNKNOWN if share is None else f"{100 * share:.0f} %"


def memory_used(rows: Sequence[Row]) -> str:
    """The most that a process used, and what the jobs asked for."""
    used = max((row.used_mb for row in rows if row.used_mb is not None), default=None)
    asked = [row.mem_mb for row in rows if row.mem_mb is not None]
    parts = [UNKNOWN if value is None else gigabytes(value) for value in (used, median(asked) if asked else None)]
    return f"{parts[0]} / {parts[1]}" if used is not None or asked else UNKNOWN


def advice(rule: str, rows: Sequence[Row]) -> Iterator[str]:
    """One line, where jobs that ended well asked for far more than any of them used."""
    good = [row for row in rows if row.outcome == "ok"]
    if len(good) < JOBS_TO_ADVISE:
        return
    words = [text for text in (memory_advice(good), time_advice(good), cpu_advice(good)) if text]
    if words:
        yield f"{rule} asked for {'; '.join(words)}"


def memory_advice(rows: Sequence[Row]) -> str:
    asked, used = min(row.mem_mb or 0 for row in rows), [row.used_mb for row in rows if row.used_mb is not None]
    if asked < LEAST_MB or len(used) < len(rows) or max(used) > PART_USED["memory"] * asked:
        return ""
    return f"{gigabytes(asked)}, its largest process used at most {gigabytes(max(used))}"


def time_advice(rows: Sequence[Row]) -> str:
    asked, longest = min(row.runtime_s for row in rows), max(row.elapsed_s for row in rows)
    if asked < LEAST_SECONDS or longest > PART_USED["time"] * asked:
        return ""
    return f"{duration(asked)}, its longest job took {duration(longest)}"


def cpu_advice(rows: Sequence[Row]) -> str:
    asked, share = min(row.cpus for row in rows), cpu_share(rows)
    if asked < LEAST_CPUS or share is None or share > PART_USED["CPUs"]:
        return ""
    return f"{asked} CPUs, its jobs kept {figure(share * asked)} busy"


def duration(seconds: float) -> str:
    """35 -> 35 s, 750 -> 13 min, 4800 -> 1 h 20 min, 266400 -> 3 d 2 h."""
    for size, unit, smaller, name in ((86400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if seconds >= size - smaller / 2:
            whole, rest = divmod(round(seconds / smaller), size // smaller)
            return f"{whole} {unit}" + (f" {rest} {name}" if rest else "")
    return f"{seconds / 60:.0f} min" if seconds >= 59.5 else f"{seconds:.0f} s"


def gigabytes(megabytes: float) -> str:
    """In the units of 1024 that Slurm calls MB and GB."""
    if megabytes < 1000:
        return f"{megabytes:.0f} MB"
    return f"{megabytes / 1024:.2g} GB" if megabytes < 102400 else f"{megabytes / 1024:.0f} GB"


def figure(value: float) -> str:
    """Two digits that count, and whole numbers in full."""
    return f"{value:,.0f}" if value >= 10 or not value else ("<0.1" if value < 0.1 else f"{value:.1f}")
