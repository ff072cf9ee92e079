"""Interactive figures: HTML that works offline, and the JSON that the report takes in.

    figure = draw_interactive("surface", results, {"metric": "loss"})
    write_interactive(figure, {"html": path, "json": path}, title="Graph 1")    plotly.min.js is written once beside it
    to_json(figure)                  for Plotly.newPlot(element, data, layout)
    plotly_script()                  the library's JavaScript, for a report to embed

The same data give the same bytes. Nothing is loaded from anywhere but the file's own folder. This module imports plotly
only when a function is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datavolume.artefacts.registry import find
from datavolume.artefacts.results import Results
from datavolume.errors import UserError
from datavolume.files import write_text

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["SCRIPT", "draw_interactive", "plotly_script", "to_json", "write_interactive"]

SCRIPT = "plotly.min.js"
_CONFIG: dict[str, Any] = {"displaylogo": False, "responsive": True}
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>html, body {{height: 100%; margin: 0; background: #fff}}</style>
<script charset="utf-8" src="{script}"></script>
</head>
<body>
{figure}
</body>
</html>
"""


def draw_interactive(kind: str, results: Results, options: Mapping[str, Any] | None = None) -> Figure:
    """Raises UserError where no figure has that name or it is not interactive, and what its function raises."""
    found = find(kind)
    if not found.interactive:
        raise UserError(f"'{kind}' has no interactive form")
    figure: Figure = found.load_interactive()(results, **(options or {}))
    return figure


def to_json(figure: Figure) -> str:
    """Data and layout, as Plotly.newPlot takes them; plotly escapes what would end a `<script>`."""
    text: str = figure.to_json(engine="json")
    return text


def plotly_script() -> str:
    """The JavaScript of plotly's own version, 5 MB."""
    from plotly.offline import get_plotlyjs

    script: str = get_plotlyjs()
    return script


def write_interactive(figure: Figure, files: Mapping[str, Path], *, title: str) -> None:
    """`files` by format: json, and html, which opens without internet as long as plotly.min.js stays in its folder,
    where it is written."""
    write_text(files["json"], to_json(figure) + "\n")
    html = files["html"]
    _write_script(html.with_name(SCRIPT))
    write_text(html, _PAGE.format(title=escape(title), script=SCRIPT, figure=_fragment(figure, html.stem)))


def _fragment(figure: Figure, name: str) -> str:
    from plotly.io import to_html

    text: str = to_html(figure, config=_CONFIG, include_plotlyjs=False, full_html=False, div_id=name)
    return text


def _write_script(file: Path) -> None:
    """Once, or anew where another version of plotly wrote it: two figures at a time write the same."""
    script = plotly_script()
    if not file.is_file() or file.read_text(encoding="utf-8") != script:
        write_text(file, script)
