"""A CSV file of the user's, read so that a mistake can be shown by its line.

table = read_table("curve.csv")         "-" is standard input
table.column("n")                       texts; UserError names the columns that there are
table.numbers("n")                      floats; UserError names the line of what is no number

Commas, semicolons and tabs separate, whichever the header has; names of columns may be in any case.
"""

from __future__ import annotations

import csv
import math
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from datavolume.errors import UserError

__all__ = ["Table", "hint", "is_number", "read_table"]

_SEPARATORS = ",;\t"
_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+")


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
        return [self.number(line, column, text) for line, text in zip(self.lines, self.column(column), strict=True)]

    def number(self, line: int, column: str, text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise self.wrong(line, f"{column} is '{' '.join(text.split())}', which is no number{hint(text)}")
        return number

    def wrong(self, line: int, what: str) -> UserError:
        """To be raised."""
        return UserError(f"{self.name}, line {line}: {what}")


def hint(text: str) -> str:
    """What to write instead of a number that people write so; empty for what is none."""
    if text.endswith("%") and is_number(text[:-1]):
        return "; write 0.931 for 93.1 %"
    if _THOUSANDS.fullmatch(text):
        return f"; write {text.replace(',', '')}, without commas"
    if text.count(",") == 1 and is_number(text.replace(",", ".")):
        return "; write a point, not a comma, before decimals"
    return "" if text else "; leave out rows without one"


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_table(source: str) -> Table:
    """Raises UserError where the file is missing, no text, empty, or a row has not as many cells as the header."""
    name, text = ("standard input", _from_stdin()) if source == "-" else (source, _from_file(Path(source)))
    rows = _rows(name, text)
    if not rows:
        raise UserError(f"{name}: is empty; the first line is to name the columns, as n,value,seed")
    (_, first), *rest = rows
    header = tuple(cell.lower() for cell in first)
    _check_header(name, header)
    table = Table(name, header, tuple(row for _, row in rest), tuple(line for line, _ in rest))
    for line, row in rest:
        if len(row) != len(header):
            cells = "1 cell" if len(row) == 1 else f"{len(row)} cells"
            raise table.wrong(line, f"has {cells}, but the header names {len(header)} ({', '.join(header)})")
    return table


def _check_header(name: str, header: tuple[str, ...]) -> None:
    if numbers := [cell for cell in header if is_number(cell)]:
        raise UserError(f"{name}: the first line is to name the columns, as n,value,seed, but holds '{numbers[0]}'")
    if len(header) == 1:
        raise UserError(f"{name}: has one column, {header[0]}; commas, semicolons or tabs are to separate several")
    twice = [cell for cell in header if cell and header.count(cell) > 1]
    if twice:
        raise UserError(f"{name}: column '{twice[0]}' stands twice; rename one of them")


def _rows(name: str, text: str) -> list[tuple[int, tuple[str, ...]]]:
    """Lines with their numbers, those without a word left out."""
    lines = text.splitlines(keepends=True)
    header = next((line for line in lines if line.strip()), "")
    reader = csv.reader(lines, delimiter=max(_SEPARATORS, key=header.count), strict=True)
    try:
        rows = [(reader.line_num, tuple(cell.strip() for cell in row)) for row in reader]
    except csv.Error as error:
        raise UserError(f"{name}, line {reader.line_num}: is no CSV ({error}); is a quotation mark missing?") from None
    return [(line, row) for line, row in rows if any(row)]


def _from_file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: is no text in UTF-8; save it as CSV in UTF-8") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from None


def _from_stdin() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError("standard input: is no text in UTF-8") from None
