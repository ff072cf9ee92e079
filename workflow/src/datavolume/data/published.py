"""Published datasets of image files, as torchvision lays them out: Imagenette, Food-101, ImageNet-1K."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np

from datavolume.data.fetch import Step, check_whole, root_of
from datavolume.data.folder import read_folder
from datavolume.data.samples import Samples
from datavolume.errors import UserError
from datavolume.study.model import Dataset

__all__ = [
    "USUAL_SIZE",
    "check_imagenet",
    "food101_steps",
    "imagenet_steps",
    "imagenette_steps",
    "open_food101",
    "open_imagenet",
    "open_imagenette",
]

USUAL_SIZE = 224  # pixels, where a study gives no image_size
_FOOD = "food-101"
_IMAGENETTE_CLASSES = {
    "n01440764": "tench",
    "n02102040": "English springer",
    "n02979186": "cassette player",
    "n03000684": "chain saw",
    "n03028079": "church",
    "n03394916": "French horn",
    "n03417042": "garbage truck",
    "n03425413": "gas pump",
    "n03445777": "golf ball",
    "n03888257": "parachute",
}
_IMAGENET_ARCHIVES = {"train": "ILSVRC2012_img_train.tar", "val": "ILSVRC2012_img_val.tar"}


def open_imagenette(dataset: Dataset, data_folder: Path) -> Samples:
    """From `path` itself where that has train/ and val/ of WordNet ids, otherwise from torchvision's folder there."""
    root = root_of(dataset, data_folder)
    if not _has_split(root):
        check_whole(root, _imagenette_folder(dataset), dataset.name)
        root = root / _imagenette_folder(dataset)
        _check_there(root, dataset.name)
    samples = read_folder(root, dataset)
    names = tuple(_IMAGENETTE_CLASSES.get(wnid, wnid) for wnid in samples.classes)
    return Samples(samples.labels, samples.train, names, samples.sources, root=samples.root)


def imagenette_steps(dataset: Dataset, root: Path) -> list[Step]:
    def make() -> None:
        from torchvision.datasets import Imagenette

        Imagenette(root, split="train", size=_imagenette_size(dataset), download=True)

    if _has_split(root):
        return []
    folder = _imagenette_folder(dataset)
    return [Step(folder, partial(_has_split, root / folder), make)]


def _imagenette_size(dataset: Dataset) -> str:
    """The smallest of the three archives that holds the pixels which are asked for."""
    needed = dataset.resize or round((dataset.image_size or USUAL_SIZE) * 8 / 7)
    return "160px" if needed <= 160 else "320px" if needed <= 320 else "full"


def _imagenette_folder(dataset: Dataset) -> str:
    size = _imagenette_size(dataset)
    return "imagenette2" if size == "full" else f"imagenette2-{size.removesuffix('px')}"


def _has_split(root: Path) -> bool:
    return (root / "train").is_dir() and (root / "val").is_dir()


def open_food101(dataset: Dataset, data_folder: Path) -> Samples:
    """By the lists of its meta/ folder: 750 training images of each class, 250 held out."""
    root = root_of(dataset, data_folder)
    check_whole(root, _FOOD, dataset.name)
    root = root / _FOOD
    _check_there(root, dataset.name)
    lists = [_food_list(root / "meta" / f"{split}.json") for split in ("train", "test")]
    classes = sorted(lists[0])
    named = [(files, k) for part in lists for k, name in enumerate(classes) for files in part.get(name, [])]
    labels = np.array([k for _, k in named], np.int64)
    train = np.arange(len(named)) < sum(map(len, lists[0].values()))
    return Samples(labels, train, tuple(classes), [f"images/{file}.jpg" for file, _ in named], root=root)


def _food_list(file: Path) -> dict[str, list[str]]:
    try:
        lists: dict[str, list[str]] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{file}: the list of images cannot be read ({error}); fetch Food101 again") from error
    return lists


def food101_steps(dataset: Dataset, root: Path) -> list[Step]:  # noqa: ARG001 (the same for all options)
    def present() -> bool:
        return all((root / _FOOD / name).exists() for name in ("images", "meta/train.json", "meta/test.json"))

    def make() -> None:
        from torchvision.datasets import Food101

        Food101(root, split="train", download=True)

    return [Step(_FOOD, present, make)]


def open_imagenet(dataset: Dataset, data_folder: Path) -> Samples:
    """From `path`, with train/ and val/ of WordNet ids. Raises UserError where they are not there."""
    root = root_of(dataset, data_folder)
    for folder in _IMAGENET_ARCHIVES:
        check_whole(root, folder, dataset.name)
    if not _has_split(root):
        raise _no_imagenet(root)
    return read_folder(root, dataset)


def check_imagenet(dataset: Dataset) -> None:
    """Raises UserError where neither the folders nor the archives are there."""
    root = Path(dataset.path or "").expanduser()
    if not all((root / folder).is_dir() or (root / file).is_file() for folder, file in _IMAGENET_ARCHIVES.items()):
        raise _no_imagenet(root)


def _no_imagenet(root: Path) -> UserError:
    return UserError(
        f"{root}: has no train/ and val/ folders of ImageNet; it cannot be fetched without an account: put them there, "
        f"or {' and '.join(_IMAGENET_ARCHIVES.values())} with ILSVRC2012_devkit_t12.tar.gz, which are unpacked"
    )


def imagenet_steps(dataset: Dataset, root: Path) -> list[Step]:
    """Unpacking, by torchvision, of the archives that a user has put there."""
    check_imagenet(dataset)

    def unpack(split: str) -> None:
        from torchvision.datasets import ImageNet

        ImageNet(root, split=split)

    return [Step(folder, (root / folder).is_dir, partial(unpack, folder)) for folder in _IMAGENET_ARCHIVES]


def _check_there(root: Path, name: str) -> None:
    if not root.is_dir():
        raise UserError(
            f"{root}: {name} is not there; run the workflow's fetch step on a machine with internet, or put its folder "
            "there"
        )
