"""A dataset is prepared: its images, once, into one of three stores, the index beside them, and a report."""

from __future__ import annotations

import os
from pathlib import Path
from time import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datavolume.data.datasets import image_size_of, open_dataset
from datavolume.data.prepared import report_of
from datavolume.data.samples import SPLITS, Samples, check_classes, set_aside
from datavolume.data.stores import TENSORS, Store, choose_store
from datavolume.data.writing import Written, write_arrays, write_files
from datavolume.files import write_json, write_parquet
from datavolume.study.identity import dataset_id
from datavolume.study.model import Dataset
from datavolume.study.paths import Paths

__all__ = ["build_index", "prepare"]

_ABANDONED_SECONDS = 3600.0


def build_index(dataset: Dataset, paths: Paths, data_folder: Path, *, threads: int | None = None) -> None:
    """Prepare a dataset where all studies below the same results folder look for it."""
    prepare(dataset, paths.data_file(dataset_id(dataset), "images.npy").parent, data_folder, threads=threads)


def prepare(
    dataset: Dataset, folder: Path, data_folder: Path, *, threads: int | None = None, listing: str = ""
) -> None:
    """Write the four files of a dataset; they are the same for any number of threads.

    `listing` is the stamp of the files as they were when the index was asked for. Raises UserError for images that
    cannot be used; then no file of the index is there.
    """
    _sweep(folder)
    where = dataset.path or dataset.name
    samples = set_aside(open_dataset(dataset, data_folder), dataset)
    check_classes(samples, where)
    if samples.images is not None:
        store, written = TENSORS, write_arrays(folder / "images.npy", samples)
    else:
        store = choose_store(dataset, len(samples.labels), image_size_of(dataset))
        written = write_files(folder / "images.npy", samples, store, threads or _cores(), where)
        samples = samples.keep(written.kept)
    _write_table(folder / "index.parquet", samples, written)
    write_json(folder / "prepared.json", report_of(where, samples, written, store, listing))
    write_json(folder / "classes.json", _facts(dataset.name, samples, written, store))


def _sweep(folder: Path) -> None:
    """Remove what a killed preparation left half written, as it may be large; nothing that is still being written."""
    for file in folder.glob(".*.tmp.*"):
        if time() - file.stat().st_mtime > _ABANDONED_SECONDS:
            file.unlink(missing_ok=True)


def _cores() -> int:
    """CPU cores that this process may use: those of its job, not those of the machine."""
    return min(32, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _facts(name: str, samples: Samples, written: Written, store: Store) -> dict[str, Any]:
    mean, std = _moments(written.histogram)
    return {
        "name": name,
        "classes": list(samples.classes),
        "fingerprint": written.fingerprint,
        "mean": mean,
        "std": std,
        "store": store.name,
        "image_size": store.image_size,
        "resize": store.resize,
        "root": str(samples.root.absolute()) if samples.root else None,
        "tuning": samples.tuning is not None,
    }


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


def _write_table(path: Path, samples: Samples, written: Written) -> None:
    import pandas as pd  # here, because training jobs import this module and need no pandas

    names = SPLITS if samples.tuning is not None else SPLITS[:2]
    columns = {
        "sample": np.arange(len(samples.labels)),
        "split": pd.Categorical(np.array(names)[samples.split], names),
        "label": samples.labels,
        "source": list(samples.sources),
    }
    write_parquet(path, pd.DataFrame({**columns, **written.columns}))
