"""Printed numbers of a paper, read from a study's `published` CSV.

    rows = read_published(path)     a row a printed number: which of our runs it is about, and the number as printed

Empty cells do not restrict. `experiment` may name several, with blanks between; `stage` may be subset_seed or seed,
with its number as `value`. A mistake is a UserError in one line: file, line, column, what is allowed.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from datavolume.analysis.published.quantities import quantity, statistic
from datavolume.errors import UserError
from datavolume.study.validate import nearest

__all__ = ["COLUMNS", "read_published"]

COLUMNS = (
    *("artefact", "item", "experiment", "stage", "value", "network", "fraction", "size", "phase"),
    *("metric", "split", "statistic", "published", "unit", "source", "note"),
)
_OPTIONAL = ("runs",)
_FILLED = ("artefact", "item", "metric", "published", "source")
_SPLITS = ("validation", "train", "tuning")


def read_published(path: Path) -> pd.DataFrame:
    """COLUMNS and `runs` (how many runs a printed number is the mean of), with defaults filled in, `published` as a
    number and `digits`, its printed decimals. Raises UserError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file of published values; see the study's key `published`") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error}); write it as UTF-8 text") from error
    reader = csv.reader(text.splitlines())
    _check_head(path, head := next(reader, []))
    rows = [_row(path, reader.line_num, head, cells) for cells in reader if any(cells)]
    frame = pd.DataFrame(rows, columns=[*COLUMNS, *_OPTIONAL, "digits"])
    return frame.astype({"fraction": "float64", "size": "Int64", "phase": "Int64"})


def _check_head(path: Path, head: list[str]) -> None:
    for name in COLUMNS:
        if name not in head:
            raise UserError(f"{path}: line 1: column {name} is missing (needed: {', '.join(COLUMNS)})")
    for name in head:
        if name not in (*COLUMNS, *_OPTIONAL) or head.count(name) > 1:
            raise UserError(f"{path}: line 1: column '{name}' is unknown or twice there{nearest(name, COLUMNS)}")


def _row(path: Path, line: int, head: list[str], cells: list[str]) -> dict[str, Any]:
    if len(cells) != len(head):
        raise UserError(
            f"{path}: line {line}: {len(cells)} cells, but {len(head)} columns; quote a text that has a comma"
        )
    texts = dict(zip(head, (cell.strip() for cell in cells), strict=True))
    return dict(_checked(f"{path}: line {line}", texts))


def _checked(where: str, texts: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    for name in _FILLED:
        if not texts[name]:
            raise UserError(f"{where}, column {name}: is empty; it must be given")
    yield from ((name, texts[name]) for name in COLUMNS if name not in _CHECKED)
    for name, check in _CHECKED.items():
        try:
            yield name, check(texts.get(name, ""), texts)
        except UserError as error:
            raise UserError(f"{where}, column {name}: {error}") from error
    yield "digits", len(texts["published"].partition(".")[2])


def _one_of(allowed: tuple[str, ...]) -> Callable[[str, Mapping[str, str]], str]:
    """The first is the default."""

    def check(text: str, texts: Mapping[str, str]) -> str:  # noqa: ARG001
        if text and text not in allowed:
            raise UserError(f"'{text}' is not allowed{nearest(text, allowed)}")
        return text or allowed[0]

    return check


def _number(least: float, most: float, *, whole: bool) -> Callable[[str, Mapping[str, str]], float | int | None]:
    def check(text: str, texts: Mapping[str, str]) -> float | int | None:  # noqa: ARG001
        if not text:
            return None
        value = _float(text)
        if not least <= value <= most or (whole and value != round(value)):
            what = "a whole number" if whole else "a number"
            upper = "" if math.isinf(most) else f" to {most:g}"
            raise UserError(f"'{text}' is not allowed; {what} from {least:g}{upper}, or empty")
        return round(value) if whole else value

    return check


def _float(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if math.isfinite(value):
        return value
    raise UserError(f"'{text}' is not a number; write it as printed, with a decimal point and without its unit")


def _metric(text: str, texts: Mapping[str, str]) -> str:  # noqa: ARG001
    return quantity(text).name


def _unit(text: str, texts: Mapping[str, str]) -> str:
    units = quantity(texts["metric"]).units
    if text not in units:
        allowed = ", ".join(unit or "nothing" for unit in units)
        raise UserError(f"'{text}' is not allowed for {texts['metric']} (allowed: {allowed})")
    return text


_CHECKED: dict[str, Callable[[str, Mapping[str, str]], Any]] = {
    "fraction": _number(1e-9, 1.0, whole=False),
    "size": _number(1, math.inf, whole=True),
    "phase": _number(0, math.inf, whole=True),
    "runs": lambda text, texts: _number(1, math.inf, whole=True)(text, texts) or 1,
    "metric": _metric,
    "split": _one_of(_SPLITS),
    "statistic": lambda text, texts: statistic(text),  # noqa: ARG005
    "unit": _unit,
    "published": lambda text, texts: _float(text),  # noqa: ARG005
}
