"""How much subsets have in common: two or more arrays of ids in, a table of their pairs out.

    overlap({"s0": ids, "s1": others})                           a row a pair
    overlap_by_class({"s0": ids, "s1": others}, labels, names)   a row a pair and class, the largest overlap first

The overlap is the images in common as a share of the smaller subset: of two of the same size, a share of either; 1
where one holds the other. Of two that are drawn independently, one expects the share that the larger is of all images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # training jobs import this room and need no pandas
    import pandas as pd

__all__ = ["overlap", "overlap_by_class"]

Ids = NDArray[np.int64]


def overlap(subsets: Mapping[str, Ids]) -> pd.DataFrame:
    """Columns first, second (names), first_images, second_images, common (images), overlap (0..1).

    `subsets` are ids int64 [n] without repetition, by name; pairs come in the order of the names.
    """
    import pandas as pd

    everything = {name: np.zeros(len(ids), np.int64) for name, ids in subsets.items()}
    tables = [_pair(first, second, subsets, everything, 1) for first, second in combinations(subsets, 2)]
    return pd.concat([table.drop(columns="class") for table in tables], ignore_index=True)


def overlap_by_class(subsets: Mapping[str, Ids], labels: Ids, classes: Sequence[str]) -> pd.DataFrame:
    """As `overlap`, with the columns class (its name) and rank: 1 for the class of the pair with the largest overlap.

    `labels` int64 [N] are those of all samples, in the order of ids. Equal overlaps come in the order of classes; a
    class that one of the two has no image of has NaN, and comes last.
    """
    import pandas as pd

    of_class = {name: labels[ids] for name, ids in subsets.items()}
    tables = []
    for first, second in combinations(subsets, 2):
        table = _pair(first, second, subsets, of_class, len(classes))
        table = table.sort_values("overlap", ascending=False, kind="stable", ignore_index=True)
        tables.append(table.assign(**{"class": [classes[k] for k in table["class"]], "rank": range(1, len(table) + 1)}))
    return pd.concat(tables, ignore_index=True)


def _pair(first: str, second: str, ids: Mapping[str, Ids], labels: Mapping[str, Ids], classes: int) -> pd.DataFrame:
    """A row for each class 0..`classes` - 1."""
    import pandas as pd

    common = labels[first][np.isin(ids[first], ids[second], assume_unique=True)]
    images, others, both = (np.bincount(each, minlength=classes) for each in (labels[first], labels[second], common))
    smaller = np.minimum(images, others)
    share = np.divide(both, smaller, out=np.full(classes, np.nan), where=smaller > 0)
    sizes = {"first_images": images, "second_images": others, "common": both, "overlap": share}
    return pd.DataFrame({"first": first, "second": second, "class": np.arange(classes), **sizes})
