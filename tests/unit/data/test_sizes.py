"""How many images there are, before the data are."""

import json
from pathlib import Path

import numpy as np
import pytest

from datavolume.data.datasets import dataset_names, open_dataset
from datavolume.data.sizes import Sizes, known_sizes, sizes_of
from datavolume.study import Dataset


@pytest.mark.parametrize(
    ("name", "train", "validation"),
    [
        ("MNIST", 60_000, 10_000),
        ("FashionMNIST", 60_000, 10_000),
        ("EMNIST", 124_800, 20_800),
        ("CIFAR10", 50_000, 10_000),
        ("CIFAR100", 50_000, 10_000),
        ("Imagenette", 9_469, 3_925),
        ("Food101", 75_750, 25_250),
        ("ImageNet", 1_281_167, 50_000),
    ],
)
def test_published_sizes(name: str, train: int, validation: int) -> None:
    assert known_sizes(Dataset(name=name)) == (train, validation)


def test_every_dataset_that_is_not_the_users_own_is_known() -> None:
    assert {name for name in dataset_names() if known_sizes(Dataset(name=name)) is None} == {"folder", "npz"}


@pytest.mark.parametrize("tuning", [0.0, 0.25])
def test_digits_are_split_as_they_are_when_they_are_opened(tuning: float) -> None:
    from datavolume.data.samples import set_aside

    dataset = Dataset(name="digits", validation=0.2, tuning=tuning)
    split = set_aside(open_dataset(dataset, Path()), dataset).split
    sizes = sizes_of(dataset)
    assert sizes is not None
    assert (sizes.train, sizes.validation, sizes.tuning) == tuple(int((split == k).sum()) for k in range(3))
    assert sizes.count == 1797


def test_tuning_images_leave_the_training_split() -> None:
    """A fifth of each of 100 classes of 500."""
    assert sizes_of(Dataset(name="CIFAR100", tuning=0.2)) == Sizes(40_000, 10_000, 100, 32, 3, 10_000)


def test_an_index_says_more_than_what_is_published(tmp_path: Path) -> None:
    classes = {"a": 3, "b": 4}
    splits = {"train": {"images": 7, "classes": classes}, "validation": {"images": 2, "classes": classes}}
    (tmp_path / "prepared.json").write_text(
        json.dumps({"splits": splits, "store": {"name": "tensors", "image_size": None, "resize": None}})
    )
    np.save(tmp_path / "images.npy", np.zeros((9, 1, 12, 12), np.uint8))
    assert sizes_of(Dataset(name="MNIST"), tmp_path) == Sizes(7, 2, 2, 12, 1)
    assert sizes_of(Dataset(name="folder", path="gone", image_size=12), tmp_path) == Sizes(7, 2, 2, 12, 1)


def test_a_users_arrays_are_counted_only_where_asked(tmp_path: Path) -> None:
    file = tmp_path / "mine.npz"
    np.savez(file, images=np.zeros((10, 6, 6), np.uint8), labels=np.arange(10) % 2)
    dataset = Dataset(name="npz", path=str(file), validation=0.2)
    assert sizes_of(dataset, count=False) is None
    assert sizes_of(dataset) == Sizes(8, 2, 2, 6, 1)


def test_a_users_folder_that_is_not_there_is_unknown(tmp_path: Path) -> None:
    assert sizes_of(Dataset(name="folder", path=str(tmp_path / "gone"), image_size=64)) is None
