"""How images are kept on the disk: the three stores, and which one `store: auto` is.

    store = choose_store(dataset, count)
    store.name, store.image_size, store.resize

tensors  pixels of the central square, ready for a network: up to 1 GiB of them, which every job's memory holds
jpeg     JPEGs whose shorter side was scaled to `resize` once, in one file: up to an estimated 64 GiB (ImageNet-1K: 54)
files    the originals, read at their paths: whatever is larger

The choice looks at the data alone (how many images, how large they shall be), never at the machine: it is the same
wherever a study runs. Arrays (digits, MNIST, CIFAR, .npz) are always tensors.
"""

from __future__ import annotations

from dataclasses import dataclass

from datavolume.study.model import Dataset

__all__ = ["STORES", "TENSORS", "Store", "choose_store"]

STORES = ("tensors", "jpeg", "files")
_LARGEST = {"tensors": 2**30, "jpeg": 2**36}  # bytes that `auto` lets a store take
_JPEG_BYTES_A_PIXEL = 0.5  # of photographs at quality 95, upwards


@dataclass(frozen=True)
class Store:
    """`image_size` is the side of what networks see, `resize` the shorter side of the image that it is cut from.

    Both are None where images stay as they come.
    """

    name: str
    image_size: int | None = None
    resize: int | None = None


TENSORS = Store("tensors")


def choose_store(dataset: Dataset, count: int, image_size: int) -> Store:
    """The store of `count` image files."""
    name = _fitting(dataset, count, image_size) if dataset.store == "auto" else dataset.store
    usual = image_size if name == "tensors" else _before_crop(image_size)
    return Store(name, image_size, dataset.resize or usual)


def _fitting(dataset: Dataset, count: int, image_size: int) -> str:
    side = dataset.resize or _before_crop(image_size)
    sizes = {"tensors": count * 3 * image_size**2, "jpeg": count * side**2 * 4 / 3 * _JPEG_BYTES_A_PIXEL}
    return next((name for name, size in sizes.items() if size <= _LARGEST[name]), "files")


def _before_crop(image_size: int) -> int:
    """256 for 224, and the like."""
    return round(image_size * 8 / 7)
