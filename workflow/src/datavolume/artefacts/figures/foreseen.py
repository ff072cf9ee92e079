"""The numbers behind the forecast's figure, out of the analysis files: what is drawn of each curve.

data = foreseen(results, ["mlp"], to=4)      a row a run, mean, forecast, back-test and mark
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from datavolume.analysis.intervals import metric_intervals
from datavolume.artefacts.figures.asked import each, of_curve
from datavolume.artefacts.results import Results
from datavolume.errors import UserError

__all__ = ["ASKED", "BACKTEST", "FORECAST", "MEASURED", "RUN", "foreseen", "reason"]

RUN, MEASURED, FORECAST, ASKED, BACKTEST = "run", "measured", "forecast", "asked", "back-test"
COLUMNS = (
    *("architecture", "shown", "n", "value", "lower", "upper", "level", "origin", "actual"),
    *("threshold", "n_lower", "n_upper", "note"),
)


def foreseen(results: Results, curves: Iterable[str], to: float | None) -> pd.DataFrame:
    """Columns: architecture, shown, n, value, lower, upper, level, origin, actual, threshold, n_lower, n_upper, note.

    shown is run, measured (mean over seeds), forecast, asked (forecast at a size that the study asks for), back-test
    (forecast from half of n or less; actual: what came), margin and target (value: the level that is asked for;
    threshold: margin or target; n, n_lower, n_upper: the images for it). Raises UserError for a wrong `to`.
    """
    if to is not None and (isinstance(to, bool) or not isinstance(to, int | float) or not to > 1):
        raise UserError(f"to: '{to}' is not allowed; a number above 1, as 4 for up to four times the largest volume")
    rows = [row for name in curves for row in _curve(results, name, to)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _curve(results: Results, name: str, to: float | None) -> Iterator[dict[str, Any]]:
    runs = of_curve(results.summary, name)
    for row in each(runs[["n", "last_top1"]]):
        yield {"architecture": name, "shown": RUN, "n": row.n, "value": row.last_top1}
    for row in each(metric_intervals(runs, ["n"], "top1").sort_values("n")):
        yield {"architecture": name, "shown": MEASURED, "n": row.n, "value": row.mean, "lower": row.lower,
               "upper": row.upper, "level": 0.95}  # fmt: skip
    foretold = of_curve(results.forecast, name)
    if len(foretold):
        yield from _forecasts(foretold, name, to)
    yield from _levels(results, name)


def _forecasts(rows: pd.DataFrame, name: str, to: float | None) -> Iterator[dict[str, Any]]:
    now = rows[rows["origin"] == rows["origin"].max()].sort_values("n")
    now = now if to is None else now[now["multiple"] <= to * (1 + 1e-9)]
    asked = now[now["asked"].astype(bool)]
    for shown, part in ((FORECAST, now), (ASKED, asked), (BACKTEST, _backtests(rows))):
        for row in each(part.drop_duplicates("n")):
            yield {"architecture": name, "shown": shown, "n": row.n, "value": row.median, "lower": row.lower,
                   "upper": row.upper, "level": row.level, "origin": row.origin, "actual": row.actual,
                   "note": row.note if isinstance(row.note, str) else ""}  # fmt: skip


def _backtests(rows: pd.DataFrame) -> pd.DataFrame:
    """One a size: from half of it or less, as near to half as there is; else from the smallest part there is."""
    past = rows[(rows["origin"] < rows["origin"].max()) & rows["actual"].notna()]
    far = past[past["multiple"] >= 2].sort_values("multiple").drop_duplicates("n")
    near = past[~past["n"].isin(far["n"])].sort_values("multiple", ascending=False).drop_duplicates("n")
    table: pd.DataFrame = pd.concat([far, near]).sort_values("n")
    return table


def _levels(results: Results, name: str) -> Iterator[dict[str, Any]]:
    """The margin below the largest volume's mean, and the target."""
    asked, table = of_curve(results.enough, name), of_curve(results.requirement, name)
    for row in each(asked[asked["question"].isin(["margin", "target"])] if len(asked) else asked):
        if row.question == "margin" and table["n"].nunique() < 2:
            continue
        top = table.sort_values("n")["mean"].iloc[-1] if row.question == "margin" else 0.0
        value = top - row.threshold if row.question == "margin" else row.threshold
        yield {"architecture": name, "shown": row.question, "n": row.n, "value": value, "level": row.level,
               "threshold": row.threshold, "n_lower": row.lower, "n_upper": row.upper}  # fmt: skip


def reason(own: pd.DataFrame) -> str:
    """Why a curve has no forecast."""
    return "no forecast from one volume" if own["n"].nunique() < 2 else "no forecast"
