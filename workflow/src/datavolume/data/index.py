"""A dataset's index: written once by `build_index`, opened by every training job with `load_index`.

    build_index(dataset, paths, data_folder)
    index = load_index(paths, dataset_id(dataset))
    index.images[index.train_samples[:32]]      # store tensors: uint8 [32, C, H, W], read from the disk as needed
    index.encoded(sample)                       # stores jpeg and files: the bytes of one image, to be decoded

Files: images.npy, index.parquet (sample, split, label, source; of image files also height, width, orientation, bytes;
in the store jpeg also offset), classes.json (names, mean, std, fingerprint, store), prepared.json (what was found).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datavolume.data.build import build_index
from datavolume.data.samples import SPLITS
from datavolume.errors import UserError
from datavolume.study.paths import Paths

__all__ = ["Index", "build_index", "load_index"]


@dataclass(frozen=True, eq=False)
class Index:
    """N images of K classes, each in the training split, held out for validation, or set aside for tuning.

    images: memory-mapped, uint8; [N, C, H, W] in the store tensors; all JPEGs one after another, [bytes], in the store
    jpeg; empty in the store files. labels: int64 [N], 0..K-1. train: bool [N]. tuning: bool [N] or None.
    mean, std: C floats, of the training split's pixels in 0..1. fingerprint: SHA-256 of images, labels and split.

    In the stores jpeg and files: `side` is what networks see, cut from an image whose shorter side is `resize` (or is
    scaled to it); sizes: heights and widths, int64 [N], of the upright images; orientations: uint8 [N], the EXIF value
    that is still to be applied after decoding (1: none; always so in the store jpeg); `originals` are the files' paths
    below `root`. A JPEG of the store jpeg may be grey or progressive; there is no CMYK in it.
    """

    name: str
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    train: NDArray[np.bool_]
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    fingerprint: str
    store: str = "tensors"
    tuning: NDArray[np.bool_] | None = None
    side: int | None = None
    resize: int | None = None
    sizes: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
    orientations: NDArray[np.uint8] | None = None
    spans: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None  # offsets and lengths in `images`
    root: Path | None = None
    originals: Sequence[Any] = ()

    @cached_property
    def train_samples(self) -> NDArray[np.int64]:
        """Ids of the training split, sorted."""
        return np.flatnonzero(self.train)

    @cached_property
    def validation_samples(self) -> NDArray[np.int64]:
        """Ids of the held-out images, sorted."""
        return np.flatnonzero(~self.train if self.tuning is None else ~(self.train | self.tuning))

    @cached_property
    def tuning_samples(self) -> NDArray[np.int64]:
        """Ids of the images set aside for early stopping, sorted; in no subset."""
        return np.empty(0, np.int64) if self.tuning is None else np.flatnonzero(self.tuning)

    @property
    def channels(self) -> int:
        return int(self.images.shape[1]) if self.store == "tensors" else 3

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width in pixels of what networks see."""
        if self.store == "tensors" or self.side is None:
            return int(self.images.shape[2]), int(self.images.shape[3])
        return self.side, self.side

    def encoded(self, sample: int) -> memoryview | bytes:
        """The image as it was encoded. Raises UserError where an original can no longer be read."""
        if self.spans is not None:
            start = int(self.spans[0][sample])
            return self.images.data[start : start + int(self.spans[1][sample])]
        file = (self.root or Path()) / str(self.originals[sample])
        try:
            return file.read_bytes()
        except OSError as error:
            raise UserError(
                f"{file}: the image is in the index but cannot be read ({error.strerror}); put it back, or delete the "
                "index and run again"
            ) from error


def load_index(paths: Paths, dataset: str) -> Index:
    """Open the index of a dataset id. Raises UserError where a file is missing or damaged, or they do not match."""
    files = [paths.data_file(dataset, name) for name in ("images.npy", "index.parquet", "classes.json")]
    for file in files:
        if not file.is_file():
            raise UserError(f"{file}: there is no index yet; run the workflow's data step first")
    try:
        images = np.load(files[0], mmap_mode="r", allow_pickle=False)
        facts = json.loads(files[2].read_text(encoding="utf-8"))
        index = _index(images, facts, files[1])
    except (OSError, ValueError, EOFError, KeyError, TypeError) as error:
        raise UserError(
            f"{files[0].parent}: the index cannot be read ({error}); delete the folder and run again"
        ) from error
    if not _fits(index):
        raise UserError(f"{files[0].parent}: images and labels do not match; delete the folder and run again")
    if index.store == "files" and not (index.root and index.root.is_dir()):
        raise UserError(f"{index.root}: the folder of the original images is not there; put it back")
    return index


_COLUMNS = {
    "tensors": (),
    "jpeg": ("height", "width", "orientation", "bytes", "offset"),
    "files": ("height", "width", "orientation", "bytes", "source"),
}


def _index(images: NDArray[np.uint8], facts: dict[str, Any], table_file: Path) -> Index:
    from pyarrow import parquet  # type: ignore[import-untyped]

    store = facts["store"]
    # ParquetFile, since read_table imports pandas, a third of a second of every training job.
    table = parquet.ParquetFile(table_file).read(columns=["split", "label", *_COLUMNS[store]])
    whole = {name: _numbers(table[name]) for name in ("label", *_COLUMNS[store]) if name != "source"}
    split = _split(table["split"])
    encoded = store != "tensors"
    return Index(
        facts["name"],
        images,
        whole["label"],
        split == SPLITS.index("train"),
        **{key: tuple(facts[key]) for key in ("classes", "mean", "std")},
        fingerprint=facts["fingerprint"],
        store=store,
        tuning=split == SPLITS.index("tuning") if facts["tuning"] else None,
        side=facts["image_size"],
        resize=facts["resize"],
        sizes=(whole["height"], whole["width"]) if encoded else None,
        orientations=whole["orientation"].astype(np.uint8) if encoded else None,
        spans=(whole["offset"], whole["bytes"]) if store == "jpeg" else None,
        root=Path(facts["root"]) if facts["root"] else None,
        originals=table["source"].combine_chunks() if store == "files" else (),
    )


def _numbers(column: Any) -> NDArray[np.int64]:
    """Without pandas, which a column's own `to_numpy` imports."""
    return np.from_dlpack(column.combine_chunks()).astype(np.int64)


def _split(column: Any) -> NDArray[np.int64]:
    """Places in SPLITS: int64 [N]. Raises ValueError for any other word."""
    words = column.combine_chunks()
    places = np.array([SPLITS.index(word) for word in words.dictionary.to_pylist()], np.int64)
    split: NDArray[np.int64] = places[np.from_dlpack(words.indices)]
    return split


def _fits(index: Index) -> bool:
    if index.store == "tensors":
        return index.images.ndim == 4 and len(index.images) == len(index.labels)
    if index.spans is None:
        return len(index.originals) == len(index.labels)
    offsets, lengths = index.spans
    return index.images.ndim == 1 and len(index.images) == int(offsets[-1] + lengths[-1])
