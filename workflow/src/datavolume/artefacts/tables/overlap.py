"""What subsets have in common, as a matrix."""

from __future__ import annotations

import pandas as pd

from datavolume.analysis.words import images, percent
from datavolume.artefacts.results import Results
from datavolume.artefacts.setting import Table
from datavolume.artefacts.tables.cells import NOTHING, Printed, checked, printed
from datavolume.errors import UserError

__all__ = ["overlap_table"]


def overlap_table(results: Results, *, dataset: str = "", published: str = "") -> Table:
    """Images in common, as a share of the smaller subset, in percent; a group a set of subsets that are compared with
    one another. `dataset` is needed only where there are several; `published` stands behind ours."""
    rows = results.overlap
    if rows.empty:
        raise UserError(
            "no volume was drawn more than once: there is nothing to overlap; give the subsets several seeds"
        )
    if dataset:
        checked("dataset", dataset, sorted(rows["dataset"].unique()))
        rows = rows[rows["dataset"] == dataset]
    groups = [_names(group) for _, group in rows.groupby(["dataset", rows["first"].str.partition("-")[0]], sort=False)]
    width = max(len(names) for names in groups)
    shares = {(row["first"], row["second"]): float(row["overlap"]) for row in rows.to_dict("records")}
    head = ["", *(f"Subset {place + 1}" for place in range(width))]
    beside = printed(results, published)
    return Table(rows.reset_index(drop=True), head, [_matrix(names, shares, rows, width, beside) for names in groups])


def _names(rows: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys([*rows["first"], *rows["second"]]))


def _matrix(
    names: list[str], shares: dict[tuple[str, str], float], rows: pd.DataFrame, width: int, beside: Printed
) -> list[list[str]]:
    lines = []
    for place, name in enumerate(names):
        cells = []
        for other_place, other in enumerate(names):
            pair = shares.get((name, other), shares.get((other, name)))
            cells.append(NOTHING if pair is None else percent(pair, 2) + _printed(beside, place, other_place))
        lines.append([f"Subset {place + 1} ({images(_size(name, rows))})", *cells, *[""] * (width - len(names))])
    return lines


def _printed(beside: Printed, first: int, second: int) -> str:
    text = beside.cell("overlap", value=f"{min(first, second) + 1}-{max(first, second) + 1}")
    return "" if text == NOTHING else f" (printed: {text})"


def _size(name: str, rows: pd.DataFrame) -> int:
    for side in ("first", "second"):
        own = rows.loc[rows[side] == name, f"{side}_images"]
        if len(own):
            return int(own.iloc[0])
    return 0
