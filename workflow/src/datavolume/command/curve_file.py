"""A learning curve from a CSV file: columns n, value and, where known, seed; others are passed over.

curve = read_curve("curve.csv", "accuracy")
curve, = read_curve("-", None),         kind by the values
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast, get_args

from datavolume.command.table_file import Table, read_table
from datavolume.errors import UserError

if TYPE_CHECKING:
    from datavolume.statistics.curves import Curve, Kind

__all__ = ["read_curve"]

_LEAST_SIZES = 3


def read_curve(source: str, kind: str | None) -> tuple[Curve, list[str]]:
    """The curve, and what was taken for granted. Raises UserError, with the line where there is one."""
    from datavolume.statistics.curves import Curve

    asked = _kind(kind)
    table = read_table(source)
    n, value = table.numbers("n"), table.numbers("value")
    seed = _seeds(table)
    _check_sizes(table, n)
    chosen, doubts = (asked, _against(asked, n, value)) if asked else _guess(n, value)
    _check_values(table, value, chosen)
    if seed is not None:
        _check_seeds(table, n, seed)
    return Curve(n, value, seed, chosen), doubts


def _kind(kind: str | None) -> Kind | None:
    from datavolume.statistics.curves import Kind

    if kind is not None and kind not in get_args(Kind):
        raise UserError(f"--kind: '{kind}' is not allowed; it is one of {', '.join(get_args(Kind))}")
    return cast("Kind | None", kind)


def _check_sizes(table: Table, n: list[float]) -> None:
    for line, size in zip(table.lines, n, strict=True):
        if size <= 0:
            raise table.wrong(line, f"n is {size:g}; a number of samples is above 0")
    if len(set(n)) < _LEAST_SIZES:
        found = f"{len(set(n))} different size" + ("" if len(set(n)) == 1 else "s")
        raise UserError(f"{table.name}: has {found}; a forecast needs at least {_LEAST_SIZES}, better 6 or more")


def _seeds(table: Table) -> list[str] | None:
    """None without a column, or with an empty one."""
    seeds = table.column("seed") if table.has("seed") else []
    if not any(seeds):
        return None
    for line, seed in zip(table.lines, seeds, strict=True):
        if not seed:
            raise table.wrong(line, "has no seed, as others have; name one in each row, or leave out the column")
    return seeds


def _against(kind: Kind, n: list[float], value: list[float]) -> list[str]:
    """A kind that the values speak against."""
    guessed, doubts = _guess(n, value)
    if doubts or (guessed == "accuracy") == (kind == "accuracy"):
        return []
    return [f"--kind {kind}, though the values {'rise' if guessed == 'accuracy' else 'fall'} with n: is it right?"]


def _guess(n: list[float], value: list[float]) -> tuple[Kind, list[str]]:
    """What rises is an accuracy; what falls is an error up to 1 and a loss above it."""
    import numpy as np

    trend = float(np.polyfit(np.log(n), value, 1)[0])
    if trend > 0:
        kind: Kind = "accuracy"
    else:
        kind = "error" if min(value) >= 0 and max(value) <= 1 else "loss"
    steady = abs(float(np.corrcoef(np.log(n), value)[0, 1])) > 0.5 if np.ptp(value) > 0 else False
    doubt = f"no --kind given: taken for {kind}, though the values hardly rise or fall with n"
    return kind, [] if steady else [doubt]


def _check_values(table: Table, value: list[float], kind: Kind) -> None:
    for line, number in zip(table.lines, value, strict=True):
        if kind == "loss" and number <= 0:
            raise table.wrong(line, f"value is {number:g}; a loss is above 0")
        if kind != "loss" and not 0 <= number <= 1:
            raise table.wrong(line, f"value is {number:g}; {kind} lies between 0 and 1{_divide(number)}")


def _divide(number: float) -> str:
    """Percent is what people write most."""
    if 1 < number <= 100:
        return f": divide by 100 ({number / 100:.6g}), or say --kind loss if it is one"
    return "; say --kind loss if it is one"


def _check_seeds(table: Table, n: list[float], seed: list[str]) -> None:
    first: dict[tuple[float, str], int] = {}
    for line, size, name in zip(table.lines, n, seed, strict=True):
        before = first.setdefault((size, name), line)
        if before != line:
            raise table.wrong(line, f"seed {name} at n = {size:g} stands in line {before} already; keep one of them")
