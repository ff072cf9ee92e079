"""The report of a preparation: what cannot be read, what is there twice, what leaks, how large images are."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from unit.data.pictures import drawing, jpeg, write

from datavolume.data import writing
from datavolume.data.build import prepare
from datavolume.errors import UserError
from datavolume.study import Dataset


def folder_of(root: Path, count: int = 4) -> Dataset:
    """`count` training images and two held-out ones of each of two classes, all different."""
    seed = 0
    for part, images in (("train", count), ("val", 2)):
        for name in ("cat", "dog"):
            for i in range(images):
                seed += 1
                write(root / part / name / f"{i}.jpg", jpeg(drawing(30 + i, 40, seed)))
    return Dataset(name="folder", path=str(root), image_size=28, store="jpeg")


def report_of(dataset: Dataset, out: Path, listing: str = "") -> dict[str, Any]:
    prepare(dataset, out, out, threads=2, listing=listing)
    report: dict[str, Any] = json.loads((out / "prepared.json").read_text())
    return report


def test_counts_and_sizes(tmp_path):
    report = report_of(folder_of(tmp_path / "pets"), tmp_path / "out", listing="stamp")
    assert report["images"] == 12
    assert report["splits"] == {
        "train": {"images": 8, "classes": {"cat": 4, "dog": 4}},
        "validation": {"images": 4, "classes": {"cat": 2, "dog": 2}},
    }
    assert report["sizes"] == {
        "height": {"smallest": 30, "median": 31, "largest": 33},
        "width": {"smallest": 40, "median": 40, "largest": 40},
    }
    assert (report["listing"], report["unreadable"]) == ("stamp", [])
    assert report["store"] == {"name": "jpeg", "image_size": 28, "resize": 32}
    assert report["duplicates"]["sets"] == report["duplicates"]["between_splits"]["sets"] == 0


def test_the_tuning_split_is_counted_apart(tmp_path):
    dataset = folder_of(tmp_path / "pets")
    report = report_of(Dataset(**{**vars(dataset), "tuning": 0.25}), tmp_path / "out")
    assert report["splits"]["tuning"] == {"images": 2, "classes": {"cat": 1, "dog": 1}}
    assert report["splits"]["train"]["images"] == 6


def test_duplicates_are_named_and_leakage_is_said_apart(tmp_path, caplog):
    dataset = folder_of(tmp_path / "pets")
    train, val = tmp_path / "pets" / "train", tmp_path / "pets" / "val"
    write(train / "cat" / "3.jpg", (train / "cat" / "0.jpg").read_bytes())
    write(train / "dog" / "3.jpg", (train / "cat" / "1.jpg").read_bytes())  # with another label
    write(val / "dog" / "1.jpg", (train / "dog" / "2.jpg").read_bytes())
    write(val / "dog" / "0.jpg", (train / "dog" / "2.jpg").read_bytes())
    with caplog.at_level(logging.WARNING):
        duplicates = report_of(dataset, tmp_path / "out")["duplicates"]
    leaked = ["train/dog/2.jpg", "val/dog/0.jpg", "val/dog/1.jpg"]
    assert duplicates == {
        "sets": 3,
        "images": 7,
        "with_several_labels": 1,
        "named": [["train/cat/0.jpg", "train/cat/3.jpg"], ["train/cat/1.jpg", "train/dog/3.jpg"], leaked],
        "between_splits": {"sets": 1, "held_out_images": 2, "named": [leaked]},
    }
    assert caplog.messages == [
        f"{tmp_path / 'pets'}: 2 held-out images are also in the training split (leakage); prepared.json names them"
    ]


def test_the_same_image_twice_among_the_held_out_does_not_leak(tmp_path, caplog):
    dataset = folder_of(tmp_path / "pets")
    val = tmp_path / "pets" / "val" / "cat"
    write(val / "1.jpg", (val / "0.jpg").read_bytes())
    duplicates = report_of(dataset, tmp_path / "out")["duplicates"]
    assert (duplicates["sets"], duplicates["between_splits"]["sets"]) == (1, 0)
    assert caplog.messages == []


def test_arrays_are_compared_by_their_pixels(tmp_path):
    images = np.random.Generator(np.random.Philox(1)).integers(0, 256, (20, 5, 5), np.uint8)
    images[[7, 12, 19]] = images[3]
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(20) % 2, split=np.array(["train"] * 12 + ["val"] * 8))
    report = report_of(Dataset(name="npz", path=str(tmp_path / "a.npz")), tmp_path / "out")
    assert report["duplicates"]["named"] == [["a.npz[3]", "a.npz[7]", "a.npz[12]", "a.npz[19]"]]
    assert report["duplicates"]["between_splits"]["held_out_images"] == 2
    assert report["sizes"] is None


def test_no_more_names_than_people_read(tmp_path):
    """A thousand black images: counted exactly, some of them named."""
    images = np.zeros((1000, 3, 3), np.uint8)
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(1000) % 2)
    report = report_of(Dataset(name="npz", path=str(tmp_path / "a.npz")), tmp_path / "out")["duplicates"]
    assert (report["sets"], report["images"], len(report["named"][0])) == (1, 1000, 20)


@pytest.mark.parametrize("store", ["tensors", "jpeg", "files"])
def test_few_unreadable_images_are_left_out_and_named(tmp_path, caplog, monkeypatch, store):
    monkeypatch.setattr(writing, "UNREADABLE_SHARE", 0.2)
    dataset = Dataset(**{**vars(folder_of(tmp_path / "pets")), "store": store})
    write(tmp_path / "pets" / "train" / "cat" / "1.jpg", b"<html>")
    write(tmp_path / "pets" / "val" / "dog" / "0.jpg", jpeg(drawing(300, 400))[:2000])
    with caplog.at_level(logging.WARNING):
        report = report_of(dataset, tmp_path / "out")
    assert [entry["file"] for entry in report["unreadable"]] == ["train/cat/1.jpg", "val/dog/0.jpg"]
    assert report["unreadable"][0]["why"] == "no image, or of a kind that Pillow does not know"
    assert report["images"] == 10
    assert report["splits"]["train"]["classes"] == {"cat": 3, "dog": 4}
    assert "2 of 12 images cannot be read: train/cat/1.jpg (no image" in caplog.messages[0]
    assert caplog.messages[0].endswith("left out, all named in prepared.json")
    for name in ("1.jpg", "0.jpg"):
        (tmp_path / "pets" / ("train/cat" if name == "1.jpg" else "val/dog") / name).unlink()
    assert report_of(dataset, tmp_path / "without")["images"] == 10
    for name in ("images.npy", "index.parquet", "classes.json"):  # as if they had never been there
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "without" / name).read_bytes()


def test_more_than_a_hundredth_unreadable_is_no_accident(tmp_path):
    dataset = folder_of(tmp_path / "pets", count=97)  # 198 images
    cats = tmp_path / "pets" / "train" / "cat"
    write(cats / "1.jpg", b"")
    assert len(report_of(dataset, tmp_path / "one")["unreadable"]) == 1
    write(cats / "2.jpg", b"")
    with pytest.raises(UserError, match=r"pets: 2 of 198 images cannot be read: train/cat/1\.jpg .*; repair or remove"):
        prepare(dataset, tmp_path / "two", tmp_path, threads=2)
    assert list((tmp_path / "two").iterdir()) == []


def test_a_class_whose_images_all_fail_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "UNREADABLE_SHARE", 0.5)
    dataset = folder_of(tmp_path / "pets")
    for i in range(2):
        write(tmp_path / "pets" / "val" / "dog" / f"{i}.jpg", b"")
    with pytest.raises(UserError, match="class 'dog' has no validation image"):
        prepare(dataset, tmp_path / "out", tmp_path, threads=2)
    assert list((tmp_path / "out").iterdir()) == []
