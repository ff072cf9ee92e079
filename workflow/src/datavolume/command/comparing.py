"""`datavolume compare`: read a table of runs, compare, print.

compare_file("runs.csv", metrics=["accuracy"], factors=["n"], seed=None, level=0.95, pairs=False, json=False)
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from datavolume.command.table_file import Table, hint, is_number, read_table
from datavolume.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from datavolume.command.compare import Comparison

__all__ = ["compare_file", "frame_of"]

_MISSING = {"", "-", "na", "n/a", "nan", "null", "none", "inf", "-inf"}
_SIZES = ("n", "size")  # factors that are numbers: a word among them is a mistake
_LABELS = ("seed", "subset", "run")


def compare_file(
    source: str,
    *,
    metrics: Sequence[str] | None,
    factors: Sequence[str] | None,
    seed: str | None,
    level: float,
    pairs: bool,
    json: bool,
) -> None:
    """Prints means and sentences, `pairs` as tables too; or JSON, which has everything. Raises UserError."""
    if not 0 < level < 1:
        raise UserError(f"--level: {level:g} is not allowed; give a share between 0 and 1, as 0.95")
    from datavolume.command.compare import FACTORS, compare

    block, named = seed.strip().lower() if seed else None, _names(factors)
    labels = named or [name for name in FACTORS if name not in _SIZES]
    frame = frame_of(read_table(source), (*labels, *_LABELS, *([block] if block else [])))
    found = compare(frame, metrics=_names(metrics), factors=named, seed=block, level=level)
    if json:
        from json import dumps

        print(dumps(_finite(found.json()), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        _show(found, pairs)


def _show(found: Comparison, pairs: bool) -> None:
    from rich.console import Console

    from datavolume.command.printing import print_frame

    console = Console(highlight=False, soft_wrap=True)
    for measure, means in found.tables["means"].groupby("metric", sort=False):
        print_frame(console, f"{measure}: means, {100 * found.level:g} % intervals", means.drop(columns="metric"))
    if pairs:
        of_pair = found.tables["pairs"].groupby(["metric", "factor", "where", "method"], sort=False)
        for (metric, factor, where, method), rows in of_pair:
            title = f"{metric} by {factor}{' at ' if where else ''}{where} ({method})"
            print_frame(console, title, rows[["first", "second", "difference", "lower", "upper", "p"]])
    for line in found.lines():
        console.print(line, markup=False)


def _names(texts: Sequence[str] | None) -> list[str] | None:
    """`n`, or a list `n,architecture`; in small letters, as the header is read."""
    parts = [part.strip().lower() for text in texts or () for part in text.split(",")]
    return list(dict.fromkeys(filter(None, parts))) or None


def frame_of(table: Table, labels: Collection[str] = ()) -> pd.DataFrame:
    """Columns of numbers are numbers, whose missing ones are NaN; `labels` are columns that may mix words and numbers.

    Raises UserError for a table without rows, and for a number that is written wrongly, with its line.
    """
    import pandas as pd

    if not table.rows:
        raise UserError(f"{table.name}: has a header but no rows; a row a run is needed")
    named = [name for name in table.header if name and not name.startswith("unnamed:")]  # pandas' numbers of rows
    return pd.DataFrame({name: _column(table, name, name in labels) for name in named})


def _column(table: Table, name: str, label: bool) -> list[Any]:
    """Numbers (whole ones, where all are), where most of the cells are meant as such."""
    texts = [None if text.lower() in _MISSING else text for text in table.column(name)]
    known = [text for text in texts if text is not None]
    meant = sum(is_number(text) or bool(hint(text)) for text in known)
    if not known or 2 * meant <= len(known) or (label and not all(map(is_number, known))):
        return texts
    lines = zip(table.lines, texts, strict=True)
    numbers = [math.nan if text is None else table.number(line, name, text) for line, text in lines]
    return [int(number) for number in numbers] if all(number.is_integer() for number in numbers) else numbers


def _finite(value: Any) -> Any:
    """NaN is null in JSON."""
    if isinstance(value, dict):
        return {str(key): _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
