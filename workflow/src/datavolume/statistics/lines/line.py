"""A metric on log10 of the number of training images: over the seeds' means, over all runs, and without each size.

    lines = log_linear(frame)       columns n, value, seed; two rows for all sizes, two more for each size left out

Slopes are per factor 10 of data. `over` "seed means": ordinary least squares; its intervals take what is not straight
as noise. `over` "runs": the same line through all runs, with CR2 errors by seed: intervals tell of other seeds alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from datavolume.errors import UserError
from datavolume.statistics.lines.least_squares import Fit, polynomial
from datavolume.statistics.lines.r2 import r2_interval, r2_jackknife
from datavolume.statistics.tidy import tidy
from datavolume.statistics.variance.clusters import clustered
from datavolume.statistics.variance.moments import rounding_only

__all__ = ["LINE", "log_linear", "measured", "no_line", "seed_means"]

LINE = (
    *("over", "without", "slope", "slope_lower", "slope_upper", "slope_p"),
    *("intercept", "intercept_lower", "intercept_upper", "r2", "r2_lower", "r2_upper"),
    *("residual_sd", "points", "sizes", "seeds", "df", "errors", "note"),
)
MEANS, RUNS = "seed means", "runs"
INDEPENDENT, CLUSTERED = "independent", "clustered by seed, CR2"

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """`table`: columns x (log10 n), n, value and, where `seeded`, seed."""

    table: pd.DataFrame
    seeded: bool
    note: str


def log_linear(
    frame: pd.DataFrame,
    *,
    value: str = "value",
    n: str = "n",
    seed: str = "seed",
    level: float = 0.95,
    without: bool = True,
) -> pd.DataFrame:
    """Columns LINE; `without` is the size left out, NaN for all sizes. A frame without the column `seed` has none.

    Raises UserError where a column is missing or a size is not above 0.
    """
    data = measured(frame, value, n, seed)
    rows = []
    for size, part in _parts(data.table, without):
        for over in (MEANS, RUNS):
            rows.append({"over": over, "without": size, **_row(part, over, data.seeded, level, data.note)})
    return pd.DataFrame(rows, columns=list(LINE))


def measured(frame: pd.DataFrame, value: str, n: str, seed: str, keys: tuple[str, ...] = ()) -> Measured:
    """The rows that can be used; raises UserError."""
    seeded = seed in frame.columns
    used, note = tidy(frame, value, [n, *([seed] if seeded else []), *keys])
    sizes = pd.to_numeric(used[n], errors="coerce").to_numpy(dtype=np.float64)
    if not (sizes > 0).all():
        raise UserError(f"column {n!r}: {used[n][~(sizes > 0)].iloc[0]!r} is no number of images above 0")
    table = pd.DataFrame({"x": np.log10(sizes), "n": sizes, "value": used[value].to_numpy(dtype=np.float64)})
    return Measured(
        table.assign(**({"seed": used[seed]} if seeded else {}), **{k: used[k] for k in keys}), seeded, note
    )


def seed_means(table: pd.DataFrame) -> pd.DataFrame:
    """Columns n, x, value: the mean of each size, by rising n."""
    means: pd.DataFrame = table.groupby("n", as_index=False)[["x", "value"]].mean()
    return means


def _parts(table: pd.DataFrame, without: bool) -> Iterator[tuple[float, pd.DataFrame]]:
    yield math.nan, table
    sizes = np.unique(table["n"])
    if without and len(sizes) > 2:
        for size in sizes:
            yield float(size), table[table["n"] != size]


def no_line(x: Array, y: Array) -> str:
    """Why these values allow no line; empty where they do."""
    if x.size == 0:
        return "no values"
    if np.unique(x).size < 2:
        return "one size: no line"
    if rounding_only(float(((y - y.mean()) ** 2).sum()), y):
        return "all values are the same: no line"
    return ""


def _row(table: pd.DataFrame, over: str, seeded: bool, level: float, note: str) -> dict[str, Any]:
    part = seed_means(table) if over == MEANS else table
    x, y = part["x"].to_numpy(dtype=np.float64), part["value"].to_numpy(dtype=np.float64)
    counts = {"points": x.size, "sizes": np.unique(x).size, "seeds": table["seed"].nunique() if seeded else 0}
    unknown = {**dict.fromkeys(LINE[2:13], math.nan), **counts, "df": math.nan, "errors": INDEPENDENT}
    if reason := no_line(x, y):
        return unknown | {"note": "; ".join(filter(None, (note, reason)))}
    fit = polynomial(x, y, 1)
    found = unknown | {"r2": fit.r2, "residual_sd": fit.residual_sd, "df": fit.df}
    found |= {"intercept": float(fit.coefficients[0]), "slope": float(fit.coefficients[1])}
    by_seed = over == RUNS and counts["seeds"] > 1
    found |= _by_seed(part, level) if by_seed else _independent(fit, level)
    return found | {"note": "; ".join(filter(None, (note, _doubt(over, fit, counts))))}


def _doubt(over: str, fit: Fit, counts: dict[str, int]) -> str:
    if not fit.df:
        return "two points: the line has no interval"
    if over == RUNS and counts["seeds"] < 2:
        return "fewer than two seeds: runs are taken as independent"
    if over == RUNS and counts["seeds"] < 3:
        return "two seeds: no interval of R2"
    return ""


def _independent(fit: Fit, level: float) -> dict[str, Any]:
    if not fit.df:
        return {}
    half = float(stats.t.ppf((1 + level) / 2, fit.df)) * fit.errors
    (b0, b1), (h0, h1) = fit.coefficients.tolist(), half.tolist()
    lower, upper = r2_interval(fit.r2, 1, fit.df, level=level)
    found = {"slope_lower": b1 - h1, "slope_upper": b1 + h1, "intercept_lower": b0 - h0, "intercept_upper": b0 + h0}
    p = float(stats.f.sf(fit.f, 1, fit.df))
    return {**found, "slope_p": p, "r2_lower": lower, "r2_upper": upper}


def _by_seed(table: pd.DataFrame, level: float) -> dict[str, Any]:
    x, y, seeds = table["x"].to_numpy(), table["value"].to_numpy(), table["seed"].to_numpy()
    robust = clustered(np.column_stack([np.ones_like(x), x]), y, seeds)
    (low0, high0), (low1, high1) = robust.interval(0, level), robust.interval(1, level)
    lower, upper = r2_jackknife(x, y, seeds, level=level)
    found = {"slope_lower": low1, "slope_upper": high1, "intercept_lower": low0, "intercept_upper": high0}
    more = {"r2_lower": lower, "r2_upper": upper, "df": float(robust.df[1]), "errors": CLUSTERED}
    return {**found, **more, "slope_p": robust.p(1)}
