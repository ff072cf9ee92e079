"""What a study's file says at its top, where its authors write what the source leaves open or contradicts.

remarks("# By whom.\\n#\\n# What differs:\\n# - The rate is\\n#   not said.\\ntitle: ...")
[Remarks("By whom."), Remarks("What differs:", ["The rate is not said."])]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby, takewhile

__all__ = ["Remarks", "remarks"]


@dataclass(frozen=True)
class Remarks:
    """One paragraph of the comment: its text, and the points listed below it."""

    text: str
    points: list[str] = field(default_factory=list)


def remarks(text: str) -> list[Remarks]:
    """Of a study's YAML text; empty where it begins without a comment."""
    lines = [line[1:].rstrip() for line in takewhile(lambda line: line.startswith("#"), text.splitlines())]
    return [_paragraph(list(block)) for filled, block in groupby(lines, key=bool) if filled]


def _paragraph(lines: list[str]) -> Remarks:
    plain, *points = _items(lines)
    return Remarks(plain, points)


def _items(lines: list[str]) -> Iterator[str]:
    """The text before the first point, which may be empty, and each point, with its lines joined."""
    item: list[str] = []
    for line in map(str.strip, lines):
        if line.startswith("- "):
            yield " ".join(item)
            item = []
        item.append(line.removeprefix("- "))
    yield " ".join(item)
