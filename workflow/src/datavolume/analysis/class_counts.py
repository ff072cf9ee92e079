"""How many images of each class a data set has, in each of its splits.

class_counts(index)     a row a split and class: split, label, name, n
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["Labelled", "class_counts"]


class Labelled(Protocol):
    """What is needed of datavolume.data.Index: labels int64 [N], names of K classes, ids of each split."""

    @property
    def labels(self) -> NDArray[np.int64]: ...
    @property
    def classes(self) -> tuple[str, ...]: ...
    @property
    def train_samples(self) -> NDArray[np.int64]: ...
    @property
    def tuning_samples(self) -> NDArray[np.int64]: ...
    @property
    def validation_samples(self) -> NDArray[np.int64]: ...


def class_counts(index: Labelled) -> pd.DataFrame:
    """Whole splits, train, tuning and validation, those without images left out; a class may have none."""
    splits = {"train": index.train_samples, "tuning": index.tuning_samples, "validation": index.validation_samples}
    labels = np.arange(len(index.classes))
    frames = [
        pd.DataFrame(
            {
                "split": split,
                "label": labels,
                "name": list(index.classes),
                "n": np.bincount(index.labels[samples], minlength=len(labels)),
            }
        )
        for split, samples in splits.items()
        if len(samples)
    ]
    return pd.concat(frames, ignore_index=True)
