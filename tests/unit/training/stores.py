"""Small indexes of every store with the same kind of images, made in memory."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from datavolume.data.index import Index

SIDE, RESIZE, CLASSES = 24, 28, 3
IMAGES, HELD_OUT = 40, 12  # the last ones are held out


def photographs(count: int = IMAGES) -> list[NDArray[np.uint8]]:
    """Images of different sizes, uint8 [H, W, 3], shorter side RESIZE; of the second less."""
    generator = np.random.default_rng(0)
    sizes = [(RESIZE, RESIZE + k % 9) if k % 2 else (RESIZE + k % 7, RESIZE) for k in range(count)]
    sizes[1] = (RESIZE - 3, RESIZE)
    return [generator.integers(0, 256, (*size, 3), dtype=np.uint8) for size in sizes]


def as_jpeg(image: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=95, restart_marker_rows=1)
    return file.getvalue()


def tensors_index() -> Index:
    """Of the central squares of the photographs."""
    squares = []
    for image in photographs():
        top, left = (image.shape[0] - SIDE) // 2, (image.shape[1] - SIDE) // 2
        squares.append(image[top : top + SIDE, left : left + SIDE].transpose(2, 0, 1))
    return _index(images=np.stack(squares), side=SIDE, resize=RESIZE)


def jpeg_index() -> Index:
    parts = [as_jpeg(image) for image in photographs()]
    lengths = np.array([len(part) for part in parts])
    offsets = np.cumsum(lengths) - lengths
    images = np.frombuffer(b"".join(parts), np.uint8)
    return _index(images=images, store="jpeg", spans=(offsets, lengths), **_encoded())


def files_index(folder: Path) -> Index:
    names = [f"{k}.jpg" for k in range(IMAGES)]
    for name, image in zip(names, photographs(), strict=True):
        (folder / name).write_bytes(as_jpeg(image))
    return _index(images=np.empty(0, np.uint8), store="files", root=folder, originals=names, **_encoded())


def _encoded() -> dict[str, object]:
    sizes = np.array([image.shape[:2] for image in photographs()])
    return {
        "side": SIDE,
        "resize": RESIZE,
        "sizes": (sizes[:, 0], sizes[:, 1]),
        "orientations": np.ones(IMAGES, np.uint8),
    }


def _index(**given: object) -> Index:
    train = np.arange(IMAGES) < IMAGES - HELD_OUT
    return Index(
        name="photographs",
        labels=np.arange(IMAGES) % CLASSES,
        train=train,
        classes=("a", "b", "c"),
        mean=(0.5, 0.4, 0.3),
        std=(0.2, 0.25, 0.3),
        fingerprint="of the photographs",
        **given,  # type: ignore[arg-type]
    )
