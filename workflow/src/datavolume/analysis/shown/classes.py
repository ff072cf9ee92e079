"""Classes in the order of a number that each has, and pairs of subsets with what they have in common."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

__all__ = ["Pair", "pairs_of", "ranked"]


@dataclass(frozen=True)
class Pair:
    """Two subsets: their rows (data.overlap.overlap_by_class), words for them, the overlap (0..1) over all classes."""

    words: str
    rows: pd.DataFrame
    overall: float


def ranked(frame: pd.DataFrame, by: Sequence[str], column: str) -> pd.DataFrame:
    """Rows of each group of `by` with the largest `column` first, and a column rank (1, 2, ...); equal ones as they
    come."""
    order = frame.reset_index(drop=True).sort_values(column, ascending=False, kind="stable")
    groups = order.groupby(list(by), sort=False)
    order = order.assign(rank=groups.cumcount() + 1)
    place = {
        key: index for index, key in enumerate(frame[list(by)].drop_duplicates().itertuples(index=False, name=None))
    }
    keys = order[list(by)].apply(tuple, axis=1).map(place)
    return order.loc[keys.sort_values(kind="stable").index].reset_index(drop=True)


def pairs_of(overlaps: pd.DataFrame) -> list[Pair]:
    """In the frame's order, each with its classes by rank. Subsets of a data set are numbered, as their seeds rise,
    within those that differ in nothing else; what else differs is said."""
    pairs = []
    several = overlaps["dataset"].nunique() > 1
    for keys, rows in overlaps.groupby(["dataset", "first", "second"], sort=False):
        dataset, first, second = map(str, keys)
        kind = _kind(first)
        own = overlaps[overlaps["dataset"] == dataset]
        names = pd.unique(own[["first", "second"]].to_numpy().ravel())
        alike = sorted((name for name in names if _kind(name) == kind), key=_seed)
        words = f"subsets {alike.index(first) + 1} and {alike.index(second) + 1}"
        told = [dataset] if several else []
        told += [kind] if len({_kind(name) for name in names}) > 1 else []
        overall = rows["common"].sum() / min(rows["first_images"].sum(), rows["second_images"].sum())
        pairs.append(Pair(", ".join([*told, words]), rows.sort_values("rank"), float(overall)))
    return pairs


def _seed(subset: str) -> int:
    found = re.search(r"-s(\d+)", subset)
    return int(found[1]) if found else 0


def _kind(subset: str) -> str:
    """Without its seed: f0.05-independent."""
    return re.sub(r"-s\d+", "", subset)
