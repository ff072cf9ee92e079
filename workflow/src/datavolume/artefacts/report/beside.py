"""Ours beside theirs: the comparison with a paper's printed numbers, as a person reads it.

compared = beside(comparison, titles, comparable=True)
compared.summary         37 of 52 printed numbers reproduced within seed noise, 5 differ, 10 not run.
compared.groups          a group an artefact, a row a printed number
compared.differing       those that differ, each with what the study knows of the reason
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from datavolume.analysis.words import count
from datavolume.artefacts.results import Results
from datavolume.artefacts.tables.comparison import comparison_table

__all__ = ["Beside", "Compared", "Group", "beside"]

# Verdict -> (how the summary counts it, which colour it has)
_VERDICTS = {
    "reproduced within seed noise": ("reproduced within seed noise", "same"),
    "as printed": ("as printed", "same"),
    "differs": ("differ", "other"),
    "not run": ("not run", "absent"),
    "not comparable": ("not comparable", "unlike"),
}


@dataclass(frozen=True)
class Compared:
    """One printed number beside ours, in texts; `kind` is the colour of the verdict."""

    item: str
    quantity: str
    published: str
    ours: str
    seeds: str
    difference: str
    verdict: str
    kind: str
    source: str
    note: str


@dataclass(frozen=True)
class Group:
    """The numbers of one artefact; `summary` counts its verdicts, `drawn` says whether the report has the artefact."""

    name: str
    title: str
    drawn: bool
    summary: str
    rows: tuple[Compared, ...]

    @property
    def differing(self) -> list[Compared]:
        return [row for row in self.rows if row.kind == "other"]


@dataclass(frozen=True)
class Beside:
    """All of it; `comparable` is false at smoke scale."""

    summary: str
    groups: tuple[Group, ...]
    comparable: bool

    @property
    def differing(self) -> list[Group]:
        return [group for group in self.groups if group.differing]


def beside(comparison: pd.DataFrame, titles: Mapping[str, str], *, comparable: bool) -> Beside | None:
    """`comparison` as analysis.comparison gives it, `titles` of artefacts by name; None where nothing was printed."""
    if comparison.empty:
        return None
    table = comparison_table(Results(pd.DataFrame(), pd.DataFrame(), comparison=comparison))
    parts = zip(comparison.groupby("artefact", sort=False), table.groups, strict=True)
    groups = {str(name): _group(str(name), titles, rows, cells, comparable) for (name, rows), cells in parts}
    order = [*(name for name in titles if name in groups), *(name for name in groups if name not in titles)]
    return Beside(
        _summary(comparison["verdict"], comparable=comparable), tuple(groups[name] for name in order), comparable
    )


def _summary(verdicts: pd.Series[Any], *, comparable: bool) -> str:
    """How many there are of each verdict; reproduced ones are counted first, even where there are none."""
    total = _total(len(verdicts))
    if not comparable:
        return f"At smoke scale the numbers are not comparable: {total} beside those of a shortened study."
    found = Counter(verdicts)
    (first, (words, _)), *others = _VERDICTS.items()
    rest = [f"{count(found[verdict])} {said}" for verdict, (said, _) in others if found[verdict]]
    return ", ".join([f"{count(found[first])} of {total} {words}", *rest]) + "."


def _total(many: int) -> str:
    return f"{count(many)} printed number" + ("" if many == 1 else "s")


def _group(
    name: str, titles: Mapping[str, str], rows: pd.DataFrame, cells: Sequence[Sequence[str]], comparable: bool
) -> Group:
    shown = tuple(_compared(*parts) for parts in zip(cells, _remarks(rows), strict=True))
    title = titles.get(name, name.replace("_", " ").capitalize())
    summary = _summary(rows["verdict"], comparable=True) if comparable else f"{_total(len(rows))} beside ours."
    return Group(name, title, name in titles, summary, shown)


def _remarks(rows: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Source and note; empty where a CSV has nothing."""
    words = rows[["source", "note"]].astype("object").fillna("").astype("str")
    yield from words.itertuples(index=False, name=None)


def _compared(cells: Sequence[str], remarks: tuple[str, str]) -> Compared:
    *texts, verdict = cells
    item, quantity, published, ours, seeds, difference = texts
    kind = _VERDICTS.get(verdict, ("", "unlike"))[1]
    return Compared(item, quantity, published, ours, seeds, difference, verdict, kind, *remarks)
