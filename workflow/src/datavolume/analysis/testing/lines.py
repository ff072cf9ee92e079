"""Per architecture, each metric as a straight line over log10 of the number of training images.

    log_linear(summary)     a row per architecture, metric and `over` ("runs", clustered by seed, or "seed means")
    influences(summary)     what the line of seed means owes to each size
    slopes(summary)         do architectures gain alike?
    line_of(n, means)       one line, through means

Slopes are per factor 10 of data. Values that allow no line give NaN and say why in `note`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from datavolume.analysis.metrics import METRICS
from datavolume.analysis.replicates import measured
from datavolume.analysis.testing.anova import ANOVA_METRICS
from datavolume.statistics import lines
from datavolume.statistics.lines.influence import INFLUENCE

__all__ = ["LOG2", "influences", "line_of", "log_linear", "slopes"]

LOG2 = math.log10(2)  # a slope over log10(n) times this is the change that one doubling of the data brings
_LINE = (
    *("over", "points", "sizes", "seeds", "slope", "slope_lower", "slope_upper", "slope_p"),
    *("intercept", "intercept_lower", "intercept_upper", "r2", "r2_lower", "r2_upper", "residual_sd", "df", "errors"),
)
_PAIRS = ("first", "second", "difference", "lower", "upper", "p", "p_adjusted", "errors")
_TEST = ("F", "df1", "df2", "p_equal")


def _curves(summary: pd.DataFrame, metrics: Sequence[str]) -> Iterator[tuple[dict[str, str], pd.DataFrame]]:
    """Names, and the trainings, of each architecture and metric; no trainings where no value is finite."""
    known = {metric: measured(summary, metric) for metric in metrics}
    for architecture in summary["architecture"].unique():
        for metric, values in known.items():
            own = values[values["architecture"] == architecture]
            yield {"architecture": architecture, "metric": metric}, own


def log_linear(summary: pd.DataFrame, *, metrics: Sequence[str] = tuple(METRICS), level: float = 0.95) -> pd.DataFrame:
    """Validation metrics at the last evaluation, with the checks of the line's residuals (lines.CHECKS).

    `summary` has a row a run with architecture, n, seed, subset_seed and last_<metric>.
    """
    rows = [
        {**names, **row, **_checks(values, row)}
        for names, values in _curves(summary, metrics)
        for row in lines.log_linear(values, without=False, level=level).to_dict("records")
    ]
    return pd.DataFrame(rows, columns=["architecture", "metric", *_LINE, *lines.CHECKS, "note"])


def _checks(values: pd.DataFrame, row: dict[Any, Any]) -> dict[str, float]:
    if math.isnan(row["slope"]):
        return {}
    part = values if row["over"] == "runs" else values.groupby("n", as_index=False)["value"].mean()
    x, y = np.log10(part["n"].to_numpy(dtype=float)), part["value"].to_numpy(dtype=float)
    return lines.residual_checks(x, y - row["intercept"] - row["slope"] * x, y)


def influences(summary: pd.DataFrame, *, metrics: Sequence[str] = ANOVA_METRICS) -> pd.DataFrame:
    """A row per architecture, metric and size: `lines.influence`."""
    found = [
        lines.influence(values).assign(**names) for names, values in _curves(summary, metrics) if values["n"].nunique()
    ]
    columns = ["architecture", "metric", *INFLUENCE]
    return pd.concat(found, ignore_index=True)[columns] if found else pd.DataFrame(columns=columns)


def slopes(summary: pd.DataFrame, *, metrics: Sequence[str] = ANOVA_METRICS) -> pd.DataFrame:
    """A row per metric and pair of architectures: second less first. F, df1, df2 and p_equal ask whether all slopes of
    the metric are equal, the same in each row; clustered by seed where there are two seeds or more."""
    frames = []
    for metric in metrics:
        found = lines.slopes(measured(summary, metric))
        if len(found.pairs):
            test = found.tests.iloc[-1]
            equal = dict(zip(_TEST, test[["F", "df1", "df2", "p"]], strict=True))
            note = "; ".join(filter(None, (found.note, str(test["note"]))))
            frames.append(found.pairs.assign(metric=metric, **equal, note=note))
    columns = ["metric", *_PAIRS, *_TEST, "note"]
    return pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)


def line_of(n: ArrayLike, means: ArrayLike) -> dict[str, Any]:
    """Least squares of `means` [k] on log10 of `n` [k]: the columns of `log_linear` from points to errors, and note."""
    frame = pd.DataFrame({"n": np.asarray(n, dtype=float), "value": np.asarray(means, dtype=float)})
    found = lines.log_linear(frame, without=False).iloc[0]
    return {name: found[name] for name in (*_LINE[1:], "note")}
