"""A CSV file of the user's, read so that a mistake can be shown by its line.

table = read_table("curve.csv")         "-" is standard input
table.column("n")                       texts; UserError names the columns that there are
table.numbers("n")                      floats; UserError names the line of what is no number

Commas, semicolons and tabs separate, whichever the header has; names of columns may be in any case.
"""

from __future__ import annotations

import csv
import math
import sys
from dataclasses import dataclass
from pathlib import Path

from datavolume.errors import UserError

__all__ = ["Table", "read_table"]

_SEPARATORS = ",;\t"


@dataclass(frozen=True)
class Table:
    """`name` for messages; `lines` [rows] are line numbers in the file."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]

    def has(self, column: str) -> bool:
        return column in self.header

    def column(self, column: str) -> list[str]:
        if not self.has(column):
            raise UserError(f"{self.name}: column '{column}' is missing; the file has {', '.join(self.header)}")
        place = self.header.index(column)
        return [row[place] for row in self.rows]

    def numbers(self, column: str) -> list[float]:
        """Finite ones."""
        return [self._number(line, column, text) for line, text in zip(self.lines, self.column(column), strict=True)]

    def _number(self, line: int, column: str, text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise self.wrong(line, f"{column} is '{text}', which is no number{_hint(text)}")
        return number

    def wrong(self, line: int, what: str) -> UserError:
        """To be raised."""
        return UserError(f"{self.name}, line {line}: {what}")


def _hint(text: str) -> str:
    if text.endswith("%"):
        return "; write 0.931 for 93.1 %"
    if text.count(",") == 1 and text.replace(",", "").replace("-", "").isdigit():
        return "; write a point, not a comma, before decimals"
    return "" if text else "; leave out rows without one"


def read_table(source: str) -> Table:
    """Raises UserError where the file is missing, no text, empty, or a row has not as many cells as the header."""
    name, text = ("standard input", _from_stdin()) if source == "-" else (source, _from_file(Path(source)))
    numbered = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if not numbered:
        raise UserError(f"{name}: is empty; the first line is to name the columns, as n,value,seed")
    separator = max(_SEPARATORS, key=numbered[0][1].count)
    cells = [
        tuple(cell.strip() for cell in row) for row in csv.reader([line for _, line in numbered], delimiter=separator)
    ]
    header = tuple(cell.lower() for cell in cells[0])
    twice = [cell for cell in header if header.count(cell) > 1]
    if twice:
        raise UserError(f"{name}: column '{twice[0]}' stands twice; rename one of them")
    table = Table(name, header, tuple(cells[1:]), tuple(number for number, _ in numbered[1:]))
    for line, row in zip(table.lines, table.rows, strict=True):
        if len(row) != len(header):
            raise table.wrong(line, f"has {len(row)} cells, but the header names {len(header)} ({', '.join(header)})")
    return table


def _from_file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: is no text in UTF-8; save it as CSV") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from None


def _from_stdin() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError("standard input: is no text in UTF-8") from None
