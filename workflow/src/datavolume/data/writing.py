"""Images to the disk, in one pass and in bounded memory, whatever their number.

written = write_arrays(path, samples)                    arrays that are in memory already
written = write_files(path, samples, store, threads)     image files, decoded by threads, in order
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from datavolume.data.images import Picture, digest_of, read_image
from datavolume.data.samples import Samples, check_classes
from datavolume.data.stores import Store
from datavolume.data.streaming import in_order, with_progress
from datavolume.errors import UserError
from datavolume.files import atomic

__all__ = ["Written", "write_arrays", "write_files"]

BLOCK_BYTES = 32 * 2**20  # of arrays, copied at once
UNREADABLE_SHARE = 0.01  # of the images; more is no accident

_log = logging.getLogger(__name__)


@dataclass
class Written:
    """What writing N images found out.

    columns: of image files, int64 [N] each: height, width, orientation, bytes (and offset), as the index has them.
    originals: int64 [N, 2], heights and widths of the files. digests: N x 16 bytes, equal where images are.
    histogram: int64 [C, 256], of the training pixels. kept: bool [N], False where `unreadable` has it.
    """

    fingerprint: str
    histogram: NDArray[np.int64]
    digests: NDArray[np.void]
    kept: NDArray[np.bool_]
    columns: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    originals: NDArray[np.int64] | None = None
    unreadable: dict[str, str] = field(default_factory=dict)


def write_arrays(path: Path, samples: Samples) -> Written:
    images = samples.images
    assert images is not None
    digest = hashlib.sha256(repr(images.shape).encode())
    histogram = np.zeros((images.shape[1], 256), np.int64)
    digests = bytearray()
    step = max(1, BLOCK_BYTES // images[0].nbytes)
    with atomic(path) as temporary, temporary.open("wb") as file:
        _write_header(file, images.shape)
        for start in range(0, len(images), step):
            block = np.ascontiguousarray(images[start : start + step])
            file.write(block.data)  # not a memory map: a full disk is an error there is, not a signal that kills
            digest.update(block.data)
            digests += b"".join(digest_of(image.data) for image in block)
            histogram += _histogram(block[samples.train[start : start + step]])
        file.flush()
    digest.update(_labels_and_split(samples))
    return Written(digest.hexdigest(), histogram, _rows(digests), np.ones(len(images), np.bool_))


def _histogram(images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How often each value stands in each channel: int64 [C, 256] for images [B, C, H, W]."""
    return np.stack([np.bincount(images[:, channel].ravel(), minlength=256) for channel in range(images.shape[1])])


def write_files(path: Path, samples: Samples, store: Store, threads: int, where: str) -> Written:
    """Raises UserError where more than a hundredth of the images cannot be read, or a class is left without one."""
    root = samples.root or Path()
    count = len(samples.labels)
    found = _Found(count)
    with atomic(path) as temporary, temporary.open("wb") as file:
        _write_header(file, _shape(store, count, 0))
        files = (root / source for source in samples.sources)
        pictures = in_order(partial(read_image, store=store), files, threads)
        for i, picture in enumerate(with_progress(pictures, count, f"{root}: images indexed")):
            found.add(i, picture, bool(samples.train[i]))
            if isinstance(picture, Picture):
                file.write(picture.data)
        _check_unreadable(root, samples, found)
        kept = samples.keep(found.kept)
        check_classes(kept, where)
        shape = _shape(store, int(found.kept.sum()), int(found.bytes.sum()))
        file.seek(0)
        _write_header(file, shape)
        file.flush()
        fingerprint = _fingerprint(temporary, store, shape, found, kept)
    return found.written(store, fingerprint, samples)


class _Found:
    """The columns of the index, row by row."""

    def __init__(self, count: int) -> None:
        self.kept = np.zeros(count, np.bool_)
        self.sizes, self.originals = np.zeros((count, 2), np.int32), np.zeros((count, 2), np.int32)
        self.orientations, self.bytes = np.zeros(count, np.uint8), np.zeros(count, np.int64)
        self.digests, self.seen = bytearray(), bytearray()
        self.reasons: dict[int, str] = {}
        self.histogram = np.zeros((3, 256), np.int64)

    def add(self, i: int, picture: Picture | str, train: bool) -> None:
        if isinstance(picture, str):
            self.reasons[i] = picture
            return
        self.kept[i] = True
        self.sizes[i], self.originals[i] = picture.size, picture.original
        self.orientations[i], self.bytes[i] = picture.orientation, len(picture.data)
        self.digests += picture.digest
        self.seen += picture.seen
        if train:
            self.histogram += picture.histogram

    def written(self, store: Store, fingerprint: str, samples: Samples) -> Written:
        kept = self.kept
        heights, widths = self.sizes[kept].T.astype(np.int64)
        columns = {"height": heights, "width": widths, "orientation": self.orientations[kept].astype(np.int64)}
        columns["bytes"] = self.bytes[kept]
        if store.name == "jpeg":
            columns["offset"] = np.cumsum(columns["bytes"]) - columns["bytes"]
        return Written(
            fingerprint,
            self.histogram,
            _rows(self.digests),
            kept,
            columns,
            self.originals[kept].astype(np.int64),
            {samples.sources[i]: reason for i, reason in self.reasons.items()},
        )


def _check_unreadable(root: Path, samples: Samples, found: _Found) -> None:
    named = [f"{samples.sources[i]} ({reason})" for i, reason in found.reasons.items()]
    if not named:
        return
    what = f"{root}: {len(named)} of {len(samples.labels)} images cannot be read: {', '.join(named[:3])}"
    more = ", …" if len(named) > 3 else ""
    if len(named) > UNREADABLE_SHARE * len(samples.labels):
        raise UserError(f"{what}{more}; repair or remove")
    _log.warning("%s%s; left out, all named in prepared.json", what, more)


def _shape(store: Store, count: int, size: int) -> tuple[int, ...]:
    if store.name == "tensors":
        side = store.image_size or 0
        return (count, 3, side, side)
    return (size,) if store.name == "jpeg" else (0,)


def _write_header(file: BinaryIO, shape: tuple[int, ...]) -> None:
    """Of the same length for any first number: NumPy leaves room for it to grow."""
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})


def _fingerprint(path: Path, store: Store, shape: tuple[int, ...], found: _Found, kept: Samples) -> str:
    """SHA-256 of what a run sees; tensors are read again, since their number comes first and is known only now."""
    if store.name == "tensors":
        digest = hashlib.sha256(repr(shape).encode())
        with path.open("rb") as file:
            np.lib.format.read_magic(file)
            np.lib.format.read_array_header_1_0(file)
            while block := file.read(BLOCK_BYTES):
                digest.update(block)
    else:
        digest = hashlib.sha256(repr((store.name, store.image_size, store.resize)).encode() + found.seen)
    digest.update(_labels_and_split(kept))
    return digest.hexdigest()


def _labels_and_split(samples: Samples) -> bytes:
    tuning = b"" if samples.tuning is None else samples.tuning.tobytes()
    return samples.labels.astype("<i8").tobytes() + samples.train.tobytes() + tuning


def _rows(digests: bytearray) -> NDArray[np.void]:
    return np.frombuffer(bytes(digests), np.dtype("V16"))
