"""Printed numbers beside ours."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from datavolume.analysis.metrics import METRICS
from datavolume.analysis.words import count, number
from datavolume.artefacts.results import Results
from datavolume.artefacts.setting import Table
from datavolume.artefacts.tables.cells import NOTHING, capital, checked, plain
from datavolume.errors import UserError

__all__ = ["comparison_table", "label"]

_LABELS = {
    "seconds": "training time",
    "seconds_per_epoch": "time of an epoch",
    "parameters": "parameters",
    "parameter_mb": "parameters",
    "n": "training images",
    "epochs": "epochs",
    "best_epoch": "epoch of the best accuracy",
    "decay_epochs": "decay of the learning rate every … epochs",
    "warmup_epochs": "warm-up epochs",
    "evaluated_every": "evaluated every … epochs",
    "images_passed": "images passed",
    "overlap": "images in common",
    "soft_vote": "top-1 accuracy, soft voting",
    "hard_vote": "top-1 accuracy, hard voting",
    "last_batch_top1": "top-1 accuracy of the last batch",
    "last_batch_loss": "cross-entropy of the last batch",
}
_FITS = {
    "slope": "slope per factor 10 of data",
    "intercept": "intercept",
    "r2": "R²",
    "p": "analysis of variance, p",
    "saturation": "saturation point",
}
_UNITS = {"percent": "%", "M": "× training set", "images": "", "share": ""}
_STATISTICS = {"best": "best", "first": "first", "total": "total", "best_run": "best run"}


def comparison_table(results: Results, *, artefacts: str | Sequence[str] | None = None, layout: str = "long") -> Table:
    """`artefacts` of the published file (all, where none is named). long: a row a printed number, with difference and
    verdict; wide: a row an item, for each quantity ours and printed."""
    checked("layout", layout, ("long", "wide"))
    rows = results.comparison
    if rows.empty:
        raise UserError("there are no printed numbers to compare with; give the study a `published` file")
    if artefacts is not None:
        names = [artefacts] if isinstance(artefacts, str) else list(artefacts)
        checked("artefacts", names, sorted(rows["artefact"].unique()))
        rows = rows[rows["artefact"].isin(names)]
    return _long(rows) if layout == "long" else _wide(rows)


def _long(rows: pd.DataFrame) -> Table:
    head = ["In the paper", "Quantity", "Printed", "Ours", "Runs", "Difference", "Verdict"]
    groups = [[_line(row) for row in group.to_dict("records")] for _, group in rows.groupby("artefact", sort=False)]
    return Table(rows, head, groups)


def _line(row: Mapping[Any, Any]) -> list[str]:
    seeds = str(int(row["seeds"])) if row["seeds"] else NOTHING
    return [str(row["item"]), label(row), _printed(row), _ours(row), seeds, _difference(row), str(row["verdict"])]


def _wide(rows: pd.DataFrame) -> Table:
    records = rows.to_dict("records")
    quantities = list(dict.fromkeys(label(row) for row in records))
    items = list(dict.fromkeys((row["artefact"], row["item"]) for row in records))
    found = {(row["artefact"], row["item"], label(row)): row for row in reversed(records)}
    head = ["", *(text for name in quantities for text in (name, "printed")), "Verdict"]
    groups: dict[str, list[list[str]]] = {}
    for artefact, item in items:
        own = [found.get((artefact, item, name)) for name in quantities]
        cells = [text for row in own for text in ((_ours(row), _printed(row)) if row else (NOTHING, NOTHING))]
        groups.setdefault(artefact, []).append([str(item), *cells, _verdicts([row for row in own if row])])
    return Table(rows, head, list(groups.values()))


def _verdicts(rows: Sequence[Mapping[Any, Any]]) -> str:
    """Once where it is the same of all quantities."""
    verdicts = list(dict.fromkeys(str(row["verdict"]) for row in rows))
    if len(verdicts) == 1:
        return verdicts[0]
    return "; ".join(f"{label(row).partition(' (')[0]}: {row['verdict']}" for row in rows)


def label(row: Mapping[Any, Any]) -> str:
    """What is compared, with its unit: Top-1 accuracy, best (%)."""
    fit, _, name = str(row["metric"]).rpartition(":")
    text = METRICS[name].label if name in METRICS else _LABELS.get(name, name)
    if fit:
        line, _, without = fit.partition("_without_")
        text = f"{_FITS[line]}, {text}" + (", without the largest size" if without else "")
    statistic = _statistic(row["statistic"])
    unit = "" if pd.isna(row["unit"]) else str(row["unit"])
    text = ", ".join(filter(None, (text, statistic, "training set" if row["split"] == "train" else "")))
    unit = _UNITS.get(unit, unit)
    return capital(text) + (f" ({unit})" if unit else "")


def _statistic(name: Any) -> str:
    text = "" if pd.isna(name) else str(name)
    if text.startswith("epoch:"):
        return f"epoch {text.partition(':')[2]}"
    return _STATISTICS.get(text, "")


def _printed(row: Mapping[Any, Any]) -> str:
    sign = "< " if row["statistic"] == "below" else ""
    return sign + _text(float(row["published"]), int(row["digits"]))


def _ours(row: Mapping[Any, Any]) -> str:
    value, digits = float(row["ours"]), _digits(row)
    if math.isnan(value):
        return NOTHING
    if row["lower"] == row["upper"] or math.isnan(row["lower"]):
        return _text(value, digits)
    return plain(value, float(row["lower"]), float(row["upper"]), digits)


def _difference(row: Mapping[Any, Any]) -> str:
    value, digits = float(row["difference"]), _digits(row)
    if math.isnan(value) or row["statistic"] == "below":
        return NOTHING
    sign = "+" if value > 0 else ""
    if row["difference_lower"] == row["difference_upper"] or math.isnan(row["difference_lower"]):
        return sign + _text(value, digits)
    return f"{sign}{number(value, digits)} ({_range(row, digits)})"


def _range(row: Mapping[Any, Any], digits: int) -> str:
    return f"{number(row['difference_lower'], digits)} to {number(row['difference_upper'], digits)}"


def _digits(row: Mapping[Any, Any]) -> int:
    """Of ours: no more than seeds can tell of a percentage, however many were printed."""
    digits = int(row["digits"])
    return min(max(digits, 1), 2) if row["unit"] == "percent" else min(digits, 4)


def _text(value: float, digits: int) -> str:
    """In full: what its digits would round away is told all the same."""
    if digits == 0 and abs(value) < 100 and abs(value - round(value)) > 0.005:
        digits = 2
    if value and abs(value) < 0.5 * 10.0**-digits:
        return f"{value:.2g}".replace("-", "−")
    return count(value).replace("-", "−") if digits == 0 and abs(value) >= 1000 else number(value, digits)
