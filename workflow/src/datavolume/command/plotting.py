"""The figure of `datavolume forecast`: runs, their means, and the forecast with its band, over a log axis.

check_suffix(Path("curve.png"))     before anything is computed
draw(answer, Path("curve.png"))     .png, .svg or .pdf; the same data give the same bytes
"""

from __future__ import annotations

import math
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datavolume.errors import UserError
from datavolume.files import atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from datavolume.command.forecasted import Answer

__all__ = ["check_suffix", "draw", "label", "ticks"]

# Without the date, which would make every file a new one
_METADATA: dict[str, dict[str, Any]] = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
_MEASURED, _FORECAST = "#0072B2", "#D55E00"  # Okabe and Ito's palette, which colour-blind people tell apart
_POINTS = 80
_MOST_TICKS = 7


def check_suffix(path: Path) -> None:
    """Raises UserError for a format that is not drawn."""
    if path.suffix.lower() not in _METADATA:
        raise UserError(f"--plot: '{path}' is not allowed; the file ends in {', '.join(_METADATA)}")


def draw(answer: Answer, path: Path) -> None:
    """Raises UserError where the file cannot be written."""
    import matplotlib
    from matplotlib.figure import Figure

    suffix = path.suffix.lower()
    with matplotlib.rc_context(fname=str(files("datavolume") / "artefacts" / "style.mplstyle")):
        figure = Figure()
        _fill(figure.add_subplot(), answer)
        with atomic(path) as temporary:
            figure.savefig(temporary, format=suffix[1:], metadata=_METADATA[suffix])


def _fill(axes: Axes, answer: Answer) -> None:
    sizes = answer.curve.sizes()
    largest, farthest = float(sizes.n[-1]), max(float(answer.forecast.table["n"].max()), 2 * float(sizes.n[-1]))
    axes.set_xscale("log")
    _measured(axes, answer)
    _band(axes, answer, largest, farthest)
    if answer.reach:
        axes.axhline(answer.reach.target, color="0.35", linewidth=1, linestyle=(0, (1, 1.5)), label="target")
    _size_axis(axes, float(sizes.n[0]), farthest)
    axes.set_ylabel(answer.curve.kind)
    axes.legend(loc="best")


def _measured(axes: Axes, answer: Answer) -> None:
    import numpy as np

    curve, sizes = answer.curve, answer.curve.sizes()
    if len(np.atleast_1d(curve.n)) > len(sizes.n):
        axes.plot(
            np.atleast_1d(curve.n), np.atleast_1d(curve.value), ".", color=_MEASURED, alpha=0.5, markersize=7,
            markeredgewidth=0, label="runs",
        )  # fmt: skip
    axes.plot(
        sizes.n,
        sizes.value,
        "o-",
        color=_MEASURED,
        markersize=4,
        label="measured, mean" if (sizes.count > 1).any() else "measured",
    )


def _band(axes: Axes, answer: Answer, largest: float, farthest: float) -> None:
    import numpy as np

    found = answer.forecast
    n = np.geomspace(largest, farthest, _POINTS)
    tail = (1 - found.level) / 2
    lower, median, upper = np.asarray(found.quantile(n, [tail, 0.5, 1 - tail])).T
    axes.fill_between(
        n, lower, upper, color=_FORECAST, alpha=0.2, linewidth=0, label=f"{100 * found.level:g} % interval"
    )
    axes.plot(n, median, "--", color=_FORECAST, label="forecast, median")
    asked = found.table
    bars = np.abs(asked[["lower", "upper"]].to_numpy().T - asked["median"].to_numpy())
    axes.errorbar(
        asked["n"], asked["median"], yerr=bars, fmt="D", color=_FORECAST, markersize=4, capsize=3, linewidth=1
    )


def _size_axis(axes: Axes, smallest: float, largest: float) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    axes.set_xlim(smallest / 1.15, largest * 1.15)
    axes.xaxis.set_major_locator(FixedLocator(ticks(smallest, largest)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda n, _: label(n)))
    axes.set_xlabel("training samples (logarithmic)")


def ticks(smallest: float, largest: float) -> list[float]:
    """Round sizes: 1, 2 and 5 times powers of ten, fewer where there would be too many."""
    powers = range(math.floor(math.log10(smallest)) - 1, math.ceil(math.log10(largest)) + 1)
    for digits, every in (((1, 2, 5), 1), ((1, 3), 1), ((1,), 1), ((1,), 2), ((1,), 3)):
        found = [digit * 10.0**power for power in powers for digit in digits if power % every == 0]
        inside = [n for n in found if smallest / 1.1 <= n <= largest * 1.1]
        if len(inside) <= _MOST_TICKS:
            break
    return inside if len(inside) > 1 else [smallest, largest]


def label(n: float) -> str:
    """As people write sizes: 20,000; 5M for five million."""
    for unit, sign in ((1e9, "B"), (1e6, "M")):
        if n >= unit:
            return f"{n / unit:g}{sign}"
    return f"{n:,.0f}" if n >= 10 else f"{n:g}"
