"""Artefacts as the report shows them: in the paper's order, under headings, each figure as a small data URI.

lead, sections = arrange(artefacts)
data_uri(svg)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

__all__ = ["Section", "Shown", "arrange", "data_uri"]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """`form` is figure or table; `content` a figure's SVG text or a table's HTML fragment; `interactive` the same
    figure as plotly's JSON, if there is one; `section` the heading that it stands under."""

    name: str
    title: str
    caption: str
    form: str
    content: str
    section: str = ""
    interactive: str = ""


@dataclass(frozen=True)
class Section:
    """`anchor` is what a link in the page points to."""

    title: str
    anchor: str
    artefacts: tuple[Shown, ...]


_UNNAMED = "Figures and tables"


def arrange(artefacts: Sequence[Shown]) -> tuple[Shown | None, list[Section]]:
    """What stands right below the answer, and the rest under headings in the order of their first artefact.

    The first figure leads, unless the study puts it under a heading.
    """
    leads = bool(artefacts) and artefacts[0].form == "figure" and not artefacts[0].section
    lead, rest = (artefacts[0], artefacts[1:]) if leads else (None, artefacts)
    groups: dict[str, list[Shown]] = {}
    for artefact in rest:
        groups.setdefault(artefact.section or _UNNAMED, []).append(artefact)
    return lead, [Section(title, f"part-{i}", tuple(group)) for i, (title, group) in enumerate(groups.items(), 1)]


_HARMLESS = " !()*+,-./;=?@[]^_{|}~"  # neither in a URL nor in an attribute do these need an escape


def data_uri(svg: str) -> str:
    """Percent-encoded, which is a fifth smaller than base64; line ends, which URLs drop, become blanks."""
    return f"data:image/svg+xml,{quote(' '.join(_without_metadata(svg).split()), safe=_HARMLESS)}"


def _without_metadata(svg: str) -> str:
    return re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
