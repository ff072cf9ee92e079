"""Tables by name, as CSV (numbers, stored units), LaTeX (booktabs) and HTML (a fragment, as the report takes it in).

table = make("results", Results(metrics, summary))
write(table, {"csv": path, "tex": path, "html": path})
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from datavolume.analysis.metrics import METRICS, Metric
from datavolume.analysis.results import TABLE_METRICS, results_table
from datavolume.analysis.volumes import Volumes
from datavolume.analysis.words import count, number, share
from datavolume.artefacts.registry import TABLES, Results, find
from datavolume.files import write_csv, write_text

__all__ = ["Table", "make", "results", "to_html", "to_latex", "write"]


@dataclass(frozen=True)
class Table:
    """`data` are the numbers; `head` and `groups` (rows that belong together) are the texts that people read."""

    data: pd.DataFrame
    head: Sequence[str]
    groups: Sequence[Sequence[Sequence[str]]]


def make(name: str, results: Results) -> Table:
    """Raises UserError where no table has that name."""
    table: Table = find(TABLES, name).load()(results)
    return table


def write(table: Table, files: Mapping[str, Path]) -> None:
    """`files` by format: csv, tex, html."""
    write_csv(files["csv"], table.data)
    write_text(files["tex"], to_latex(table))
    write_text(files["html"], to_html(table))


def results(results: Results) -> Table:
    """Validation metrics over seeds per architecture and volume, one group an architecture."""
    volumes, data = Volumes.of(results.summary), results_table(results.summary)
    head = ["Architecture", "Training images", *(["Share"] if volumes.known else []), "Runs"]
    head += [_capital(METRICS[metric].axis) for metric in TABLE_METRICS] + ["Training time (s)"]
    groups = [list(_rows(rows, volumes)) for _, rows in data.groupby("architecture", sort=False)]
    return Table(data, head, groups)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _rows(rows: pd.DataFrame, volumes: Volumes) -> Iterator[list[str]]:
    for row in rows.to_dict("records"):
        size = [count(row["n"]), *([share(row["share"])] if volumes.known else [])]
        metrics = [_estimate(row, METRICS[metric]) for metric in TABLE_METRICS]
        yield [str(row["architecture"]), *size, str(row["runs"]), *metrics, _seconds(row["seconds_mean"])]


def _estimate(row: Mapping[Any, Any], metric: Metric) -> str:
    """97.6 (97.2–98.0), in the metric's unit; the mean alone where there is no interval."""
    mean, lower, upper = (metric.scale * row[f"{metric.name}_{part}"] for part in ("mean", "lower", "upper"))
    if math.isnan(mean):
        return "–"
    if math.isnan(lower):
        return number(mean, metric.digits)
    return f"{number(mean, metric.digits)} ({number(lower, metric.digits)}–{number(upper, metric.digits)})"


def _seconds(seconds: float) -> str:
    if math.isnan(seconds):
        return "–"
    return count(seconds) if seconds >= 100 else f"{seconds:.3g}"


_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        **{sign: f"\\{sign}" for sign in "&%$#_{}"},
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "–": "--",
        "−": "$-$",
    }
)


def to_latex(table: Table) -> str:
    """A tabular for `\\usepackage{booktabs}`, a rule between groups."""

    def line(cells: Sequence[str]) -> str:
        return " & ".join(cell.translate(_LATEX) for cell in cells) + r" \\"

    body = "\n\\midrule\n".join("\n".join(line(row) for row in group) for group in table.groups)
    columns = "l" + "r" * (len(table.head) - 1)
    return (
        f"% needs \\usepackage{{booktabs}}\n\\begin{{tabular}}{{{columns}}}\n\\toprule\n{line(table.head)}\n\\midrule\n"
        f"{body}\n\\bottomrule\n\\end{{tabular}}\n"
    )


def to_html(table: Table) -> str:
    """One `<table>`, a `<tbody>` a group; signs beyond ASCII as entities, so that it reads the same without a head."""
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in table.head)
    bodies = "\n".join(f"<tbody>\n{_html_rows(group)}\n</tbody>" for group in table.groups)
    text = f"<table>\n<thead><tr>{head}</tr></thead>\n{bodies}\n</table>\n"
    return text.encode("ascii", "xmlcharrefreplace").decode()


def _html_rows(group: Sequence[Sequence[str]]) -> str:
    return "\n".join(
        f'<tr><th scope="row">{escape(row[0])}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:]) + "</tr>"
        for row in group
    )
