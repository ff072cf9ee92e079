"""Lines over log10 of the data volume, and where a curve saturates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from datavolume.analysis.metrics import LAST_BATCH, METRICS, Metric
from datavolume.analysis.select import select
from datavolume.analysis.shown.seed_lines import regressions
from datavolume.analysis.testing.requirement import gains, requirement
from datavolume.analysis.volumes import Volumes
from datavolume.analysis.words import count, number, p_value, points, share
from datavolume.artefacts.results import Results
from datavolume.artefacts.setting import Table
from datavolume.artefacts.tables.cells import NOTHING, capital, checked, plain, printed
from datavolume.errors import UserError

__all__ = ["regression_table", "saturation_table"]

_LAST_BATCH = {"last_batch_top1": "top-1 accuracy, last batch", "last_batch_loss": "cross-entropy, last batch"}


def regression_table(
    results: Results,
    *,
    experiments: str | Sequence[str] | None = None,
    networks: str | Sequence[str] | None = None,
    metrics: str | Sequence[str] = ("top1", "macro_f1", "loss"),
    without_largest: bool = True,
    published: str = "",
) -> Table:
    """Least squares of the seeds' means on log10(n), in shares of 1 or nats; a group a network and metric."""
    names = checked("metrics", [metrics] if isinstance(metrics, str) else list(metrics), [*METRICS, *LAST_BATCH])
    runs = select(results.summary, results.points, experiments=experiments, architectures=networks).drop_duplicates(
        "run"
    )
    data = regressions(_last(runs, results.metrics, names), names, by="network")
    if not without_largest:
        data = data[data["sizes_used"] == "all"].reset_index(drop=True)
    beside = printed(results, published)
    shown = {
        name: any(beside.has(f"{fit}:{one}") for one in names for fit in (name, f"{name}_without_largest"))
        for name in _FITS
    }
    head = ["Metric", "Sizes", *(["Network"] if data["network"].nunique() > 1 else [])]
    for fit, text in _FITS.items():
        head += [text, *(["printed"] if shown[fit] else [])]
    groups = data.groupby(["network", "metric"], sort=False)
    lines = [[_line(row, "Network" in head, shown, beside) for row in group.to_dict("records")] for _, group in groups]
    return Table(data, [*head, "Analysis of variance"], lines)


_FITS = {"intercept": "Intercept", "slope": "Slope per factor 10", "r2": "R²"}


def _last(runs: pd.DataFrame, metrics: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The runs with these metrics at their last evaluation, validation; NaN what they did not log."""
    rows = metrics[metrics["split"] == "validation"].groupby("run")
    last = rows[[name for name in names if name in metrics]].last().reindex(columns=list(names))
    return runs[["run", "network", "n", "seed"]].merge(last, left_on="run", right_index=True, how="left")


def _line(row: Mapping[Any, Any], networks: bool, shown: Mapping[str, bool], beside: Any) -> list[str]:
    name = str(row["metric"])
    cells = [capital(METRICS[name].label if name in METRICS else _LAST_BATCH[name])]
    cells += [f"{row['sizes']}" + (" (all)" if row["sizes_used"] == "all" else " (without the largest)")]
    cells += [str(row["network"])] if networks else []
    for fit in _FITS:
        lower, upper = (float(row.get(f"{fit}_{part}", math.nan)) for part in ("lower", "upper"))
        cells += [plain(float(row[fit]), lower, upper, 3 if fit == "r2" else 4)]
        suffix = "" if row["sizes_used"] == "all" else "_without_largest"
        cells += [beside.cell(f"{fit}{suffix}:{name}")] if shown[fit] else []
    return [*cells, NOTHING if math.isnan(row["p"]) else p_value(row["p"])]


def saturation_table(
    results: Results,
    *,
    experiments: str | Sequence[str] | None = None,
    networks: str | Sequence[str] | None = None,
    metric: str = "top1",
    margin: float = 0.01,
) -> Table:
    """A row a volume, a group a network: what is missing to all data, what one doubling brings from the volume below,
    and where the curve saturates: the smallest volume within `margin` (of 1) of the largest."""
    checked("metric", metric, list(METRICS))
    if not 0 < margin < 1:
        raise UserError(
            f"margin {margin:g} is not allowed; a number above 0 and below 1, as 0.01 for one percentage point"
        )
    runs = select(results.summary, results.points, experiments=experiments, architectures=networks).drop_duplicates(
        "run"
    )
    runs = runs.assign(architecture=runs["network"])
    data = requirement(runs, margin=margin, metric=metric)
    steps = gains(runs, metric=metric).rename(columns={"n_large": "n", "lower": "gain_lower", "upper": "gain_upper"})
    data = data.merge(steps, on=["architecture", "n"], how="left")
    known = METRICS[metric]
    head = ["Network", "Training images", *(["Share"] if Volumes.of(runs).known else []), capital(known.axis)]
    unit = "points" if known.unit == "%" else known.unit
    unit = f" ({unit})" if unit else ""
    head += [
        f"Missing to all data{unit}",
        f"Gain of one doubling{unit}",
        f"Within {points(margin, 0 if margin >= 0.01 else 1)}",
    ]
    groups = data.groupby("architecture", sort=False)
    return Table(
        data, head, [[_volume(row, known, "Share" in head) for row in group.to_dict("records")] for _, group in groups]
    )


def _volume(row: Mapping[Any, Any], metric: Metric, shares: bool) -> list[str]:
    mean, lower, upper = (metric.scale * float(row[name]) for name in ("mean", "lower", "upper"))
    cells = [str(row["architecture"]), count(row["n"]), *([share(row["share"])] if shares else [])]
    cells += [plain(mean, lower, upper, metric.digits), number(metric.scale * float(row["shortfall"]), metric.digits)]
    gain, low, high = (metric.scale * float(row[name]) for name in ("gain", "gain_lower", "gain_upper"))
    cells += [plain(gain, low, high, metric.digits)]
    return [*cells, "saturates here" if row["required"] else "yes" if row["enough"] else "no"]
