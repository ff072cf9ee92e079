"""Boxes over single runs: quartiles, whiskers, and every run as a point; and the panels that they stand in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from datavolume.artefacts.style import Mark, tint

__all__ = ["box", "grid_of_panels"]

_THIN: dict[str, Any] = {"color": "0.2", "linewidth": 0.9}


def box(axes: Axes, position: float, values: pd.Series, width: float, series: Mark) -> None:
    """Quartiles with the median, whiskers to the farthest run within 1.5 box heights; the runs side by side on it.

    Position and width are in the axis's units. Values that are not finite are left out.
    """
    shown = values.to_numpy(dtype=float)
    shown = shown[np.isfinite(shown)]
    if not shown.size:
        return
    axes.boxplot(
        [shown],
        positions=[position],
        widths=width,
        patch_artist=True,
        showfliers=False,
        manage_ticks=False,
        boxprops={"facecolor": tint(series.colour), "edgecolor": "0.2", "linewidth": 0.9},
        medianprops={"color": "0.05", "linewidth": 1.6},
        whiskerprops=_THIN,
        capprops=_THIN,
    )
    aside = np.linspace(-0.3, 0.3, shown.size) * width if shown.size > 1 else np.zeros(1)
    point: dict[str, Any] = {"markeredgecolor": "0.15", "markeredgewidth": 0.35, "linestyle": "", "markersize": 2.8}
    axes.plot(position + aside, shown, **{**series.line_style, **point})


def grid_of_panels(figure: Figure, number: int, columns: int, **shared: Any) -> list[Axes]:
    """`number` axes in rows of `columns`; places of the grid that stay empty are removed."""
    grid: list[Axes] = list(figure.subplots(-(-number // columns), columns, squeeze=False, **shared).ravel())
    for empty in grid[number:]:
        empty.remove()
    return grid[:number]
