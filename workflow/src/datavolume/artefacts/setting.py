"""Tables by name, as CSV (numbers, stored units), LaTeX (booktabs) and HTML (a fragment, as the report takes it in).

table = make("results", results, {})
write(table, {"csv": path, "tex": path, "html": path})
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from datavolume.artefacts.registry import find
from datavolume.artefacts.results import Results
from datavolume.files import write_csv, write_text

__all__ = ["Table", "make", "to_html", "to_latex", "write"]


@dataclass(frozen=True)
class Table:
    """`data` are the numbers; `head` and `groups` (rows that belong together) are the texts that people read.

    `words` are the heads of columns that hold words, beside the first.
    """

    data: pd.DataFrame
    head: Sequence[str]
    groups: Sequence[Sequence[Sequence[str]]]
    words: Sequence[str] = ()


def make(kind: str, results: Results, options: Mapping[str, Any] | None = None) -> Table:
    """Raises UserError where no table has that name, or the results do not have what the options ask for."""
    table: Table = find(kind).load()(results, **(options or {}))
    return table


def write(table: Table, files: Mapping[str, Path]) -> None:
    """`files` by format: csv, tex, html."""
    write_csv(files["csv"], table.data)
    write_text(files["tex"], to_latex(table))
    write_text(files["html"], to_html(table))


_MATHS = {
    **{"→": r"\rightarrow", "×": r"\times", "±": r"\pm", "≤": r"\leq", "≥": r"\geq", "≈": r"\approx", "²": "^2"},
    **{"α": r"\alpha", "β": r"\beta", "γ": r"\gamma", "δ": r"\delta", "η": r"\eta", "λ": r"\lambda", "ω": r"\omega"},
}
_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        **{sign: f"\\{sign}" for sign in "&%$#_{}"},
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "–": "--",
        "−": "$-$",
        "\N{NO-BREAK SPACE}": "~",
        "…": r"\dots{}",
        **{sign: f"${name}$" for sign, name in _MATHS.items()},
    }
)


def to_latex(table: Table) -> str:
    """A tabular for `\\usepackage{booktabs}`, a rule between groups."""

    def line(cells: Sequence[str]) -> str:
        return " & ".join(cell.translate(_LATEX) for cell in cells) + r" \\"

    body = "\n\\midrule\n".join("\n".join(line(row) for row in group) for group in table.groups)
    columns = "l" + "".join(_latex_column(table, place) for place in range(1, len(table.head)))
    return (
        f"% needs \\usepackage{{booktabs}}\n\\begin{{tabular}}{{{columns}}}\n\\toprule\n{line(table.head)}\n\\midrule\n"
        f"{body}\n\\bottomrule\n\\end{{tabular}}\n"
    )


_LONG = 36  # signs: such a cell is broken into lines


def _latex_column(table: Table, place: int) -> str:
    if table.head[place] not in table.words:
        return "r"
    return "p{5cm}" if any(len(row[place]) > _LONG for group in table.groups for row in group) else "l"


def to_html(table: Table) -> str:
    """One `<table>`, a `<tbody>` a group; signs beyond ASCII as entities, so that it reads the same without a head."""
    words = [name in table.words for name in table.head]
    head = "".join(
        f'<th scope="col"{_html_class(told)}>{escape(text)}</th>' for text, told in zip(table.head, words, strict=True)
    )
    bodies = "\n".join(f"<tbody>\n{_html_rows(group, words)}\n</tbody>" for group in table.groups)
    text = f"<table>\n<thead><tr>{head}</tr></thead>\n{bodies}\n</table>\n"
    return text.encode("ascii", "xmlcharrefreplace").decode()


def _html_rows(group: Sequence[Sequence[str]], words: Sequence[bool]) -> str:
    return "\n".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(
            f"<td{_html_class(told, cell)}>{escape(cell)}</td>" for cell, told in zip(row[1:], words[1:], strict=True)
        )
        + "</tr>"
        for row in group
    )


def _html_class(words: bool, cell: str = "") -> str:
    """As the report's style knows them."""
    names = ["words"] * words + ["long"] * (words and len(cell) > _LONG)
    return f' class="{" ".join(names)}"' if names else ""
