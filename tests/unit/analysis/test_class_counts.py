"""Images of each class, counted by hand and in scikit-learn's digits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from loading import load_script
from numpy.typing import NDArray

from datavolume.analysis.class_counts import class_counts
from datavolume.data.index import build_index
from datavolume.study import Dataset, Paths, dataset_id


class Three:
    labels: NDArray[np.int64] = np.array([0, 0, 2, 0, 2, 2])
    classes = ("ant", "bee", "cat")
    train_samples: NDArray[np.int64] = np.array([0, 1, 2])
    tuning_samples: NDArray[np.int64] = np.empty(0, np.int64)
    validation_samples: NDArray[np.int64] = np.array([3, 4, 5])


def test_counts_by_hand() -> None:
    found = class_counts(Three())
    assert list(found.itertuples(index=False, name=None)) == [
        ("train", 0, "ant", 2), ("train", 1, "bee", 0), ("train", 2, "cat", 1),
        ("validation", 0, "ant", 1), ("validation", 1, "bee", 0), ("validation", 2, "cat", 2),
    ]  # fmt: skip


def test_digits(tmp_path: Path) -> None:
    datasets = [Dataset(name="digits"), Dataset(name="digits", tuning=0.2)]
    paths = Paths(tmp_path / "study")
    for dataset in datasets:
        build_index(dataset, paths, tmp_path)
    output = tmp_path / "class_counts.csv"
    names = [dataset_id(dataset) for dataset in datasets]
    load_script("workflow/scripts/class_counts.py").class_counts(datasets=names, results=paths.root, output=output)
    table = pd.read_csv(output)
    assert list(table.columns) == ["dataset", "split", "label", "name", "n"]
    assert table.groupby("dataset")["n"].sum().to_dict() == dict.fromkeys(names, 1797)
    assert table.groupby("dataset")["split"].unique().map(list).to_dict() == {
        names[0]: ["train", "validation"], names[1]: ["train", "tuning", "validation"],
    }  # fmt: skip
    ones = table[(table["dataset"] == names[0]) & (table["label"] == 1)]
    assert ones["n"].sum() == 182  # of 1,797 digits, as scikit-learn has them
