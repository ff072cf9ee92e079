"""`datavolume compare`: read a table of runs, compare, print.

compare_file("runs.csv", metrics=["accuracy"], factors=["n"], seed=None, level=0.95, pairs=False, json=False)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from datavolume.command.table_file import Table, read_table
from datavolume.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from datavolume.command.compare import Comparison

__all__ = ["compare_file", "frame_of"]


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
    frame = frame_of(read_table(source))
    from datavolume.command.compare import compare

    block = seed.lower() if seed else None
    found = compare(frame, metrics=_lower(metrics), factors=_lower(factors), seed=block, level=level)
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


def _lower(names: Sequence[str] | None) -> list[str] | None:
    """As the header is read."""
    return [name.lower() for name in names] if names else None


def frame_of(table: Table) -> pd.DataFrame:
    """Columns whose every cell is a number, or empty, are numbers. Raises UserError for a table without rows."""
    import pandas as pd

    if not table.rows:
        raise UserError(f"{table.name}: has a header but no rows; a row a run is needed")
    frame = pd.DataFrame(list(table.rows), columns=list(table.header)).replace("", None)
    return frame.apply(_numbers)


def _numbers(column: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    try:
        return pd.to_numeric(column)
    except ValueError:
        return column


def _finite(value: Any) -> Any:
    """NaN is null in JSON."""
    if isinstance(value, dict):
        return {str(key): _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
