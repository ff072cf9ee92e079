from __future__ import annotations

import numpy as np
import pandas as pd

from datavolume.analysis.shown.classes import pairs_of, ranked
from datavolume.data.overlap import overlap_by_class


def test_ranks_fall_within_each_group_and_ties_stay_as_they_come() -> None:
    frame = pd.DataFrame({"of": ["z", "z", "a", "z"], "name": ["p", "q", "r", "s"], "n": [5, 9, 1, 5]})
    table = ranked(frame, ["of"], "n")
    assert table["name"].tolist() == ["q", "p", "s", "r"]
    assert table["rank"].tolist() == [1, 2, 3, 1]


def overlaps(**subsets: list[int]) -> pd.DataFrame:
    """Of eight images, the first four of class a."""
    ids = {name.replace("_", "-").replace("x", "."): np.array(of, np.int64) for name, of in subsets.items()}
    return overlap_by_class(ids, np.array([0] * 4 + [1] * 4), ["a", "b"]).assign(dataset="made")


def test_a_pair_has_its_classes_by_rank_and_its_overlap_over_all() -> None:
    """Three of four images in common: both of class b, one of two of class a."""
    (pair,) = pairs_of(overlaps(f0x5_nested_s0=[0, 1, 4, 5], f0x5_nested_s3=[0, 2, 4, 5]))
    assert pair.words == "subsets 1 and 2"
    assert pair.rows["class"].tolist() == ["b", "a"]
    assert pair.rows["overlap"].tolist() == [1.0, 0.5]
    assert pair.overall == 0.75


def test_subsets_are_numbered_by_seed_within_their_kind() -> None:
    frame = pd.concat([
        overlaps(f0x5_nested_s10=[0, 4], f0x5_nested_s2=[1, 4]),
        overlaps(n4_nested_s0=[0, 4], n4_nested_s1=[1, 4]),
    ])  # fmt: skip
    assert [pair.words for pair in pairs_of(frame)] == ["f0.5-nested, subsets 2 and 1", "n4-nested, subsets 1 and 2"]
