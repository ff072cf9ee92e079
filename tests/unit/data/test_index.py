"""The index on disk: what is in it, that it is written whole or not at all, and reading it back."""

import json
import os
import resource
from collections.abc import Iterator
from pathlib import Path
from time import time

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from datavolume.data import writing
from datavolume.data.index import Index, build_index, load_index
from datavolume.errors import UserError
from datavolume.study.identity import dataset_id
from datavolume.study.model import Dataset
from datavolume.study.paths import Paths

DIGITS = Dataset(name="digits")
GENERATOR = np.random.Generator(np.random.Philox(1))
COLOURS = GENERATOR.integers(0, 256, (40, 6, 7, 3), np.uint8)


def arrays(folder: Path, **changed: np.ndarray) -> Dataset:
    """A dataset of 40 colour images of 6 x 7, 10 of them held out."""
    values = {
        "images": COLOURS,
        "labels": np.arange(40) % 2,
        "split": np.array(["train"] * 30 + ["val"] * 10),
        "classes": np.array(["b", "a"]),
    }
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "mine.npz", **{**values, **changed})
    return Dataset(name="npz", path=str(folder / "mine.npz"))


def built(dataset: Dataset, root: Path) -> tuple[Index, Paths]:
    paths = Paths(root / "study")
    build_index(dataset, paths, root)
    return load_index(paths, dataset_id(dataset)), paths


def test_an_index_reads_back_as_it_was(tmp_path):
    index, _ = built(arrays(tmp_path), tmp_path)
    assert (index.images == COLOURS.transpose(0, 3, 1, 2)).all()
    assert isinstance(index.images, np.memmap)
    assert index.labels.tolist() == [0, 1] * 20
    assert index.train_samples.tolist() == list(range(30))
    assert index.validation_samples.tolist() == list(range(30, 40))
    assert (index.name, index.classes, index.channels, index.image_size) == ("npz", ("b", "a"), 3, (6, 7))


def test_mean_and_deviation_are_those_of_the_training_split(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "BLOCK_BYTES", 7 * COLOURS[0].nbytes)  # blocks that straddle the split
    index, _ = built(arrays(tmp_path), tmp_path)
    pixels = COLOURS[:30].reshape(-1, 3) / 255
    assert index.mean == pytest.approx(pixels.mean(axis=0), rel=1e-14)
    assert index.std == pytest.approx(pixels.std(axis=0), rel=1e-14)


def test_a_constant_channel_can_be_divided_by_its_deviation(tmp_path):
    index, _ = built(arrays(tmp_path, images=np.full((40, 5, 5), 51, np.uint8)), tmp_path)
    assert (index.mean, index.std) == ((0.2,), (1.0,))


def test_the_table_has_a_row_for_each_image(tmp_path):
    _, paths = built(DIGITS, tmp_path)
    table = pd.read_parquet(paths.data_file(dataset_id(DIGITS), "index.parquet"))
    assert list(table) == ["sample", "split", "label", "source"]
    assert (table["sample"] == np.arange(1797)).all()
    assert table["split"].value_counts().to_dict() == {"train": 1438, "validation": 359}
    assert table["label"].dtype == np.int64
    assert table["source"][5] == "digits[5]"


def test_the_digits_are_the_same_everywhere_and_for_ever(tmp_path):
    """Pixels, labels and split: a change of this changes every result of the default study."""
    index, paths = built(DIGITS, tmp_path)
    assert index.fingerprint == "1d7464997fedc1b9334b4411e0baf4a2a4eafc7469195edfdfdb1206948b9d38"
    facts = json.loads(paths.data_file(dataset_id(DIGITS), "classes.json").read_text())
    assert facts["classes"] == [str(digit) for digit in range(10)]


def test_the_same_dataset_gives_the_same_bytes(tmp_path):
    paths = [built(DIGITS, tmp_path / folder)[1] for folder in ("a", "b")]
    for name in ("images.npy", "index.parquet", "classes.json", "prepared.json"):
        first, second = (p.data_file(dataset_id(DIGITS), name).read_bytes() for p in paths)
        assert first == second


def test_the_fingerprint_tells_images_labels_and_split_apart(tmp_path):
    other_image = COLOURS.copy()
    other_image[3, 2, 1, 0] ^= 1
    changes = [
        {},
        {"images": other_image},
        {"images": COLOURS.transpose(0, 2, 1, 3)},
        {"labels": np.arange(1, 41) % 2},
        {"split": np.array(["val"] * 10 + ["train"] * 30)},
    ]
    prints = {
        built(arrays(tmp_path / str(i), **change), tmp_path / str(i))[0].fingerprint for i, change in enumerate(changes)
    }
    assert len(prints) == len(changes)


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"labels": np.zeros(40, int), "classes": np.array(["a"])}, r"mine\.npz: only one class \(a\)"),
        ({"split": np.array(["train"] * 40)}, "class 'b', 'a' has no validation image"),
        ({"labels": np.array([1] + [0] * 39)}, "class 'a' has no validation image; every class needs images in both"),
        ({"labels": np.array([0] * 39 + [1])}, "class 'a' has no training image"),
    ],
)
def test_classes_that_cannot_be_learned_or_tested_are_refused(tmp_path, changed, line):
    with pytest.raises(UserError, match=line):
        built(arrays(tmp_path, **changed), tmp_path)
    assert not (tmp_path / "data").exists()


def test_an_unreadable_image_leaves_nothing_behind(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for i in range(3):
            Image.new("RGB", (9, 9)).save(tmp_path / "pets" / name / f"{i}.png")
    (tmp_path / "pets" / "dog" / "2.png").write_bytes(b"broken")
    dataset = Dataset(name="folder", path=str(tmp_path / "pets"), image_size=8)
    with pytest.raises(UserError, match=r"1 of 6 images cannot be read: dog/2\.png"):
        build_index(dataset, Paths(tmp_path / "study"), tmp_path)
    assert [file for file in (tmp_path / "data").rglob("*") if file.is_file()] == []
    Image.new("RGB", (9, 9)).save(tmp_path / "pets" / "dog" / "2.png")
    index, _ = built(dataset, tmp_path)
    assert index.images.shape == (6, 3, 8, 8)


def test_what_a_killed_preparation_left_is_removed(tmp_path):
    folder = Paths(tmp_path).data_file(dataset_id(DIGITS), "x").parent
    folder.mkdir(parents=True)
    for name, age in ((".images.0a1b2c3d.tmp.npy", 4000), (".images.99999999.tmp.npy", 10)):
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (time() - age,) * 2)
    build_index(DIGITS, Paths(tmp_path), tmp_path)
    assert [file.name for file in folder.glob(".*")] == [".images.99999999.tmp.npy"]  # perhaps still being written


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file may grow beyond 50 000 bytes: the digits' images are 115 008."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.usefixtures("small_disk")
def test_a_full_disk_gets_one_line_and_leaves_nothing_behind(tmp_path):
    with pytest.raises(UserError, match=r"images\.npy: cannot be written .*; nothing was changed"):
        build_index(DIGITS, Paths(tmp_path / "study"), tmp_path)
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


@pytest.mark.parametrize("name", ["images.npy", "index.parquet", "classes.json"])
def test_a_missing_or_damaged_file_of_the_index_gets_one_line(tmp_path, name):
    _, paths = built(DIGITS, tmp_path)
    file = paths.data_file(dataset_id(DIGITS), name)
    content = file.read_bytes()
    for damaged in (content[: len(content) // 2], b"", b"[]" + b" " * len(content)):
        file.write_bytes(damaged)
        with pytest.raises(UserError, match=r"the index cannot be read .*; delete the folder and run again"):
            load_index(paths, dataset_id(DIGITS))
    file.unlink()
    with pytest.raises(UserError, match=f"{name}: there is no index yet"):
        load_index(paths, dataset_id(DIGITS))


def test_files_of_two_datasets_do_not_make_an_index(tmp_path):
    _, paths = built(DIGITS, tmp_path)
    np.save(paths.data_file(dataset_id(DIGITS), "images.npy"), np.zeros((5, 1, 8, 8), np.uint8))
    with pytest.raises(UserError, match="images and labels do not match"):
        load_index(paths, dataset_id(DIGITS))
