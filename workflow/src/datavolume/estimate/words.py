"""Numbers as people read them: durations, hours, sizes on the disk, counted things."""

from __future__ import annotations

__all__ = ["count", "duration", "hours", "size"]


def count(number: int, thing: str) -> str:
    """`1 run`, `20 runs`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}".replace(",", " ")


def duration(seconds: float) -> str:
    """`45 s`, `12 min`, `3.4 h`, `61 h (2.5 days)`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 3600:.0f} h ({seconds / 86400:.1f} days)"


def hours(value: float) -> str:
    """Two digits that count below 10, whole hours above."""
    if value >= 10:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.2g}" if value else "0"


def size(number: float) -> str:
    """`0.3 MB`, `12 MB`, `3.4 GB`, `1.4 TB`; powers of ten, as disks are sold."""
    if number >= 1e12:
        return f"{number / 1e12:.1f} TB"
    if number >= 1e9:
        return f"{number / 1e9:.1f} GB"
    return f"{number / 1e6:.{0 if number >= 1e7 else 1}f} MB"
