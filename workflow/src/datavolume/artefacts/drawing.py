"""Draw a figure by name and write its files: PDF, SVG, PNG, and the data behind it as CSV.

    drawn = draw("accuracy_by_volume", results, {})
    write(drawn, {"pdf": path, "svg": path, "png": path, "csv": path})

The same data give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.style
import pandas as pd
from matplotlib.figure import Figure

from datavolume.artefacts.registry import find
from datavolume.artefacts.results import Results
from datavolume.artefacts.style import STYLE
from datavolume.files import atomic, write_csv

__all__ = ["Drawn", "draw", "write"]

# Without the date, which would make every file a new one
_METADATA: dict[str, dict[str, Any]] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}}


@dataclass(frozen=True)
class Drawn:
    """A figure and the data behind it."""

    figure: Figure
    data: pd.DataFrame


def draw(kind: str, results: Results, options: Mapping[str, Any] | None = None) -> Drawn:
    """Raises UserError where no figure has that name, or the results do not have what the options ask for."""
    function = find(kind).load()
    matplotlib.use("Agg")
    with matplotlib.style.context(STYLE):
        figure, data = function(results, **(options or {}))
    return Drawn(figure, data)


def write(drawn: Drawn, files: Mapping[str, Path]) -> None:
    """`files` by format: pdf, svg, png, csv."""
    with matplotlib.style.context(STYLE):
        for suffix, metadata in _METADATA.items():
            with atomic(files[suffix]) as temporary:
                drawn.figure.savefig(temporary, format=suffix, metadata=metadata)
    write_csv(files["csv"], drawn.data)
