"""Which rows belong together in a figure, and what a legend calls them.

rows = with_series(select(frame, points), apart=["n"])      column `series`: "ResNet-18", "stepwise, 64", ...
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from datavolume.analysis.words import factor_words, images

__all__ = ["with_series"]

# What may differ between rows, each within rows that have the same of what is listed behind it
_WITHIN: dict[str, list[str]] = {
    "title": [],
    "value": ["experiment"],
    "network": ["experiment", "stage", "value"],
    "n": ["experiment", "stage", "value", "network"],
}


def with_series(rows: pd.DataFrame, *, apart: Collection[str] = ()) -> pd.DataFrame:
    """Selected rows (analysis.select) with `series`: as few words as tell them apart by experiment, value, network and
    volume; the network, or the title, where nothing differs. `apart` (of title, value, network, n) is not in it: axes
    show that.
    """
    differing = [name for name, within in _WITHIN.items() if name not in apart and _differs(rows, name, within)]
    texts = [_texts(rows, name) for name in differing or ["network" if rows["network"].nunique() == 1 else "title"]]
    series = texts[0]
    for more in texts[1:]:
        series = series + ", " + more
    return rows.assign(series=series)


def _differs(rows: pd.DataFrame, name: str, within: Sequence[str]) -> bool:
    values = rows.groupby(list(within), sort=False)[name].nunique() if within else pd.Series([rows[name].nunique()])
    return bool((values > 1).any())


def _texts(rows: pd.DataFrame, name: str) -> pd.Series:
    if name == "n":
        return rows["n"].map(lambda n: images(int(n)))
    if name == "value" and rows["stage"].nunique() > 1:
        return rows["stage"].map(factor_words) + " " + rows["value"]
    return rows[name].astype("str")
