"""Counts and times as a person says them."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import inf

from snakemake_logger_plugin_datavolume.progress import Counts

__all__ = ["STATES", "clock", "count", "duration", "elapsed", "ending", "left", "so_far", "states", "summary"]

STATES = ("running", "pending", "waiting", "failed", "requeued")
_STEPS = ((20, 1), (100, 5), (1200, 60), (10800, 300), (inf, 900))  # below so many seconds: to so many
_AWAY = ("failed", "requeued")


def count(counts: Counts) -> str:
    """`[14/33]`, the numbers set under one another."""
    total = str(counts.planned)
    return f"[{counts.done:>{len(total)}}/{total}]"


def states(counts: Counts) -> dict[str, str]:
    """`{"running": "12 running", "pending": "30 pending"}`: what there is, in the order of STATES."""
    told = {state: getattr(counts, state) for state in STATES}
    return {state: f"{number} {state}" for state, number in told.items() if number or state == "running"}


def duration(seconds: float) -> str:
    """`4.1 s`, `50 s`, `3 min`, `2 h 05 min`, `3 d 4 h`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours = round(seconds / 3600)
    return f"{minutes // 60} h {minutes % 60:02d} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def elapsed(seconds: float) -> str:
    """`0:07`, `12:45`, `3:12:45`: a clock that runs."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def clock(seconds: float, now: datetime) -> str:
    """The time of day in about so many seconds: `14:05`, on another day `Tue 14:05`, after a week `24 Nov 14:05`."""
    step = _step(seconds)
    day = datetime(now.year, now.month, now.day, tzinfo=now.tzinfo)
    then = day + timedelta(seconds=step * round(((now - day).total_seconds() + seconds) / step))
    if then.date() == now.date():
        return f"{then:%H:%M}"
    return f"{then:%a %H:%M}" if then.date() - now.date() < timedelta(days=7) else f"{then.day} {then:%b %H:%M}"


def left(seconds: float | None) -> str:
    """`about 1 h 40 min left`, as exact as can be known; "" where nothing is."""
    if seconds is None:
        return ""
    step = _step(seconds)
    rounded = max(step, step * round(seconds / step))
    return f"about {duration(rounded) if rounded >= 10 else f'{rounded} s'} left"


def ending(seconds: float | None, now: datetime) -> str:
    """`about 1 h 40 min left, until 14:05`; a short wait needs no time of day."""
    if seconds is None or seconds < 100:
        return left(seconds)
    return f"{left(seconds)}, until {clock(seconds, now)}"


def _step(seconds: float) -> int:
    """What an estimate is rounded to: it stands still while nothing changes."""
    return next(step for limit, step in _STEPS if seconds < limit)


def so_far(seconds: float) -> str:
    """`12 min so far`."""
    return f"{duration(seconds)} so far"


def summary(counts: Counts, seconds: float) -> str:
    """How a call ended: `33 of 33 jobs done in 4 min`."""
    parts = [f"{counts.done} of {counts.planned} jobs done in {duration(seconds)}"]
    parts += [text for state, text in states(counts).items() if state in _AWAY]
    return ", ".join(parts)
