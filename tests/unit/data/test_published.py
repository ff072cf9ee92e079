"""Imagenette, Food-101 and ImageNet in the layouts that torchvision unpacks, and how a user has them."""

import json
from pathlib import Path

import pytest
from unit.data.pictures import drawing, jpeg, write
from unit.data.test_fetch import WNIDS, split_of

from datavolume.data.datasets import check_source, image_size_of, open_dataset
from datavolume.errors import UserError
from datavolume.study import Dataset


def food(root: Path) -> Path:
    lists = {"train": {"pizza": ["pizza/2", "pizza/1"], "apple_pie": ["apple_pie/7"]}, "test": {"pizza": ["pizza/3"]}}
    lists["test"]["apple_pie"] = ["apple_pie/8"]
    for split, classes in lists.items():
        write(root / "food-101" / "meta" / f"{split}.json", json.dumps(classes).encode())
        for name in (file for files in classes.values() for file in files):
            write(root / "food-101" / "images" / f"{name}.jpg", jpeg(drawing(20, 30)))
    return root


def test_food101_is_split_by_its_lists(tmp_path):
    samples = open_dataset(Dataset(name="Food101"), food(tmp_path))
    assert samples.classes == ("apple_pie", "pizza")
    assert list(zip(samples.sources, samples.labels.tolist(), samples.train.tolist(), strict=True)) == [
        ("images/apple_pie/7.jpg", 0, True),
        ("images/pizza/2.jpg", 1, True),
        ("images/pizza/1.jpg", 1, True),
        ("images/apple_pie/8.jpg", 0, False),
        ("images/pizza/3.jpg", 1, False),
    ]
    assert samples.root == tmp_path / "food-101"


def test_food101_agrees_with_torchvision(tmp_path):
    from torchvision.datasets import Food101

    samples = open_dataset(Dataset(name="Food101", path=str(food(tmp_path))), tmp_path)
    for split, train in (("train", True), ("test", False)):
        theirs = Food101(tmp_path, split=split)
        assert samples.root is not None
        files = {
            str(samples.root / samples.sources[i]): samples.labels[i] for i in (samples.train == train).nonzero()[0]
        }
        assert files == {str(file): label for file, label in zip(theirs._image_files, theirs._labels, strict=True)}


def test_imagenette_agrees_with_torchvision(tmp_path):
    from torchvision.datasets import Imagenette

    split_of(tmp_path / "imagenette2-320", tuple(sorted(Imagenette._WNID_TO_CLASS)))
    samples = open_dataset(Dataset(name="Imagenette"), tmp_path)
    theirs = Imagenette(tmp_path, split="train", size="320px")
    assert samples.classes == tuple(names[0] for names in theirs.classes)
    assert samples.root is not None
    files = [(str(samples.root / samples.sources[i]), samples.labels[i]) for i in samples.train.nonzero()[0]]
    assert files == theirs._samples


def test_imagenette_may_be_the_folder_itself(tmp_path):
    split_of(tmp_path / "mine")
    samples = open_dataset(Dataset(name="Imagenette", path=str(tmp_path / "mine")), tmp_path)
    assert samples.sources[0] == f"train/{WNIDS[0]}/0.JPEG"


def test_networks_see_224_pixels_where_nothing_is_said():
    assert image_size_of(Dataset(name="Food101")) == 224
    assert image_size_of(Dataset(name="Food101", image_size=64)) == 64


@pytest.mark.parametrize("name", ["Imagenette", "Food101"])
def test_what_was_not_fetched_gets_one_line(tmp_path, name):
    with pytest.raises(
        UserError, match=f"{name} is not there; run the workflow's fetch step on a machine with internet"
    ):
        open_dataset(Dataset(name=name), tmp_path)


def test_a_damaged_list_of_food101_gets_one_line(tmp_path):
    write(food(tmp_path) / "food-101" / "meta" / "test.json", b"{")
    with pytest.raises(UserError, match=r"test\.json: the list of images cannot be read .*; fetch Food101 again"):
        open_dataset(Dataset(name="Food101"), tmp_path)


def test_imagenet_is_asked_for_before_any_job_starts(tmp_path):
    dataset = Dataset(name="ImageNet", path=str(tmp_path))
    with pytest.raises(UserError, match="cannot be fetched without an account"):
        check_source(dataset)
    split_of(tmp_path)
    check_source(dataset)
    assert open_dataset(dataset, tmp_path / "elsewhere").classes == WNIDS
