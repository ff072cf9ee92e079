"""A dataset's index: written once by `build_index`, opened by every training job with `load_index`.

    build_index(dataset, paths, data_folder)
    index = load_index(paths, dataset_id(dataset))
    index.images[index.train_samples[:32]]      # uint8 [32, C, H, W], read from the disk as needed

Files: images.npy (uint8 [N, C, H, W]), index.parquet (sample, split, label, source), classes.json (names, mean, std,
fingerprint).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datavolume.data.datasets import open_dataset
from datavolume.data.samples import Samples, check_classes
from datavolume.errors import UserError
from datavolume.files import atomic, write_json, write_parquet
from datavolume.study.identity import dataset_id
from datavolume.study.model import Dataset
from datavolume.study.paths import Paths

__all__ = ["Index", "build_index", "load_index"]


@dataclass(frozen=True, eq=False)
class Index:
    """N images of K classes, each in the training split or held out.

    images: uint8 [N, C, H, W], memory-mapped. labels: int64 [N], 0..K-1. train: bool [N].
    mean, std: C floats, of the training split's pixels in 0..1. fingerprint: SHA-256 of images, labels and split.
    """

    name: str
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    train: NDArray[np.bool_]
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    fingerprint: str

    @cached_property
    def train_samples(self) -> NDArray[np.int64]:
        """Ids of the training split, sorted."""
        return np.flatnonzero(self.train)

    @cached_property
    def validation_samples(self) -> NDArray[np.int64]:
        """Ids of the held-out images, sorted."""
        return np.flatnonzero(~self.train)

    @property
    def channels(self) -> int:
        return int(self.images.shape[1])

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return int(self.images.shape[2]), int(self.images.shape[3])


def build_index(dataset: Dataset, paths: Paths, data_folder: Path) -> None:
    """Write the three files of a dataset. Raises UserError for images that cannot be used; then nothing is written."""
    samples = open_dataset(dataset, data_folder)
    check_classes(samples, dataset.path or dataset.name)
    name = dataset_id(dataset)
    facts = _write_images(paths.data_file(name, "images.npy"), samples)
    _write_table(paths.data_file(name, "index.parquet"), samples)
    write_json(paths.data_file(name, "classes.json"), {"name": dataset.name, "classes": list(samples.classes), **facts})


def _write_images(path: Path, samples: Samples) -> dict[str, object]:
    """Stream the images to `path` in one pass; return fingerprint, mean and std."""
    shape = (len(samples.labels), *samples.shape)
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    digest = hashlib.sha256(repr(shape).encode())
    histogram = np.zeros((samples.shape[0], 256), np.int64)  # of the training pixels, by channel: exact in any order
    done = 0
    with atomic(path) as temporary, temporary.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for block in samples.blocks():
            data = np.ascontiguousarray(block).data
            file.write(data)  # not a memory map: a full disk is an error there is, not a signal that kills
            digest.update(data)
            histogram += _histogram(block[samples.train[done : done + len(block)]])
            done += len(block)
        file.flush()
    digest.update(samples.labels.astype("<i8").tobytes() + samples.train.tobytes())
    mean, std = _moments(histogram)
    return {"fingerprint": digest.hexdigest(), "mean": mean, "std": std}


def _histogram(images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How often each value stands in each channel: int64 [C, 256] for images [B, C, H, W]."""
    return np.stack([np.bincount(images[:, channel].ravel(), minlength=256) for channel in range(images.shape[1])])


def _moments(histogram: NDArray[np.int64]) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel, of pixels in 0..1, from exact sums.

    A channel of one single value has 1 as its deviation, so that dividing by it leaves zeros.
    """
    values = range(256)
    means, deviations = [], []
    for counts in histogram.tolist():
        n = sum(counts)
        total = sum(count * value for count, value in zip(counts, values, strict=True))
        squares = sum(count * value * value for count, value in zip(counts, values, strict=True))
        means.append(total / (255 * n))
        deviations.append((n * squares - total * total) ** 0.5 / (255 * n) or 1.0)
    return means, deviations


def _write_table(path: Path, samples: Samples) -> None:
    import pandas as pd  # here, because training jobs import this module and need no pandas

    split = pd.Categorical(np.where(samples.train, "train", "validation"), ["train", "validation"])
    columns = {"sample": np.arange(len(samples.labels)), "split": split, "label": samples.labels}
    write_parquet(path, pd.DataFrame({**columns, "source": list(samples.sources)}))


def load_index(paths: Paths, dataset: str) -> Index:
    """Open the index of a dataset id. Raises UserError where a file is missing or damaged, or they do not match."""
    from pyarrow import compute, parquet  # type: ignore[import-untyped]

    files = [paths.data_file(dataset, name) for name in ("images.npy", "index.parquet", "classes.json")]
    for file in files:
        if not file.is_file():
            raise UserError(f"{file}: there is no index yet; run the workflow's data step first")
    try:
        images = np.load(files[0], mmap_mode="r", allow_pickle=False)
        table = parquet.read_table(files[1], columns=["split", "label"])
        facts = json.loads(files[2].read_text(encoding="utf-8"))
        labels = table["label"].to_numpy().astype(np.int64)
        train = compute.equal(table["split"].cast("string"), "train").to_numpy()
        named = {key: tuple(facts[key]) for key in ("classes", "mean", "std")}
        index = Index(facts["name"], images, labels, train, **named, fingerprint=facts["fingerprint"])
    except (OSError, ValueError, EOFError, KeyError, TypeError) as error:
        raise UserError(
            f"{files[0].parent}: the index cannot be read ({error}); delete the folder and run again"
        ) from error
    if images.ndim != 4 or len(images) != len(labels):
        raise UserError(f"{files[0].parent}: images and labels do not match; delete the folder and run again")
    return index
