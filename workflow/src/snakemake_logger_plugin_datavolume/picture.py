"""What a person sees of a workflow in a terminal, as rich texts: the progress in three rows, and the lines above it.

rows = picture(View(counts, 765, "about 21 min left, until 14:05"), width=100)
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import NamedTuple

from rich.text import Text

from snakemake_logger_plugin_datavolume.progress import Counts
from snakemake_logger_plugin_datavolume.words import elapsed, states

__all__ = ["View", "picture", "styled"]

_FINISHED = re.compile(r"(\[ *\d+/\d+\])(.*?)( · .*)")
_HEADS = {"FAILED ": "bold red", "STOPPED ": "yellow"}
_WIDEST = 110
_GAP = "   "
_STYLES = {"done": "green", "failed": "red", "running": "cyan", "pending": "", "waiting": "dim"}
_SIGNS = {"done": "━", "failed": "━", "running": "╍", "pending": "┄", "waiting": "┈"}
_ASCII = {"done": "#", "failed": "x", "running": "=", "pending": "-", "waiting": "."}


class View(NamedTuple):
    """What a frame shows: the jobs, the seconds that have passed, and in words the time that is left."""

    counts: Counts
    seconds: float
    ending: str


def picture(view: View, width: int, ascii_only: bool = False) -> list[Text]:
    """Three rows, whatever there is to tell, so that nothing jumps; none is longer than `width` cells."""
    width = min(width, _WIDEST)
    rows = [_headline(view.counts, width, ascii_only), _states(view.counts), _times(view)]
    for row in rows:
        row.truncate(width, overflow="crop" if ascii_only else "ellipsis")
    return rows


def _headline(counts: Counts, width: int, ascii_only: bool) -> Text:
    """The bar, and how much is done."""
    share = counts.done * 100 // counts.planned if counts.planned else 0
    label = Text.assemble(f"{counts.done} of {counts.planned} jobs", (f"{share:>4} %", "dim"))
    return Text.assemble(_bar(counts, max(0, width - label.cell_len - len(_GAP)), ascii_only), _GAP, label)


def _bar(counts: Counts, width: int, ascii_only: bool) -> Text:
    """A stretch for each state, as long as its share of the jobs."""
    signs = _ASCII if ascii_only else _SIGNS
    ends = accumulate(getattr(counts, state) for state in signs)
    cells = [0, *(round(end * width / max(1, counts.planned)) for end in ends)]
    return Text.assemble(
        *((signs[state] * (cells[i + 1] - cells[i]), _STYLES[state]) for i, state in enumerate(signs)),
    )


def _states(counts: Counts) -> Text:
    """The jobs by state, in the colours of the bar."""
    dot = Text.assemble((" · ", "dim"))
    return dot.join(Text(text, _STYLES.get(state, "")) for state, text in states(counts).items())


def _times(view: View) -> Text:
    return Text.assemble((elapsed(view.seconds), "dim"), (" · " if view.ending else "", "dim"), view.ending)


def styled(text: str) -> Text:
    """What is printed, its text unchanged: what stays the same from line to line steps back."""
    if finished := _FINISHED.fullmatch(text):
        count, name, times = finished.groups()
        return Text.assemble((count, "dim"), name, (times, "dim"))
    head, end, rest = text.partition("\n")
    style = next((style for word, style in _HEADS.items() if head.startswith(word)), "")
    return Text.assemble((head, style), end, rest)
