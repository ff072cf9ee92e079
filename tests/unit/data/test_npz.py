"""A user's arrays: the shapes and labels that are allowed, and one line for what is not."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datavolume.data.datasets import open_dataset
from datavolume.data.samples import Samples
from datavolume.errors import UserError
from datavolume.study.model import Dataset

IMAGES = np.arange(8 * 4 * 5, dtype=np.uint8).reshape(8, 4, 5)
LABELS = np.array([0, 1] * 4)


def opened(path: Path, **arrays: Any) -> Samples:
    np.savez(path / "mine.npz", **arrays)
    return open_dataset(Dataset(name="npz", path=str(path / "mine.npz"), validation=0.25), path)


@pytest.mark.parametrize(
    ("images", "shape", "second"),
    [
        (IMAGES, (1, 4, 5), IMAGES[None, 1]),
        (IMAGES[..., None], (1, 4, 5), IMAGES[None, 1]),
        (np.stack([IMAGES] * 3, axis=3), (3, 4, 5), np.stack([IMAGES[1]] * 3)),
        (np.stack([IMAGES] * 3, axis=1), (3, 4, 5), np.stack([IMAGES[1]] * 3)),
    ],
)
def test_images_become_channels_first(tmp_path, images, shape, second):
    samples = opened(tmp_path, images=images, labels=LABELS)
    assert samples.images is not None
    assert samples.images.shape == (8, *shape)
    assert (samples.images[1] == second).all()


def test_without_a_split_a_stratified_share_is_held_out(tmp_path):
    samples = opened(tmp_path, images=IMAGES, labels=LABELS)
    assert np.bincount(samples.labels[~samples.train]).tolist() == [1, 1]
    assert samples.classes == ("0", "1")
    assert samples.sources[7] == "mine.npz[7]"


def test_a_split_of_its_own_is_taken(tmp_path):
    split = np.array(["train"] * 5 + ["val", "validation", "test"])
    assert opened(tmp_path, images=IMAGES, labels=LABELS, split=split).train.tolist() == [True] * 5 + [False] * 3


def test_labels_may_be_any_numbers_or_names(tmp_path):
    samples = opened(tmp_path, images=IMAGES, labels=np.array([30, 7] * 4))
    assert (samples.classes, samples.labels[:2].tolist()) == (("7", "30"), [1, 0])
    samples = opened(tmp_path, images=IMAGES, labels=np.array(["dog", "cat"] * 4))
    assert (samples.classes, samples.labels[:2].tolist()) == (("cat", "dog"), [1, 0])


def test_classes_name_the_labels(tmp_path):
    samples = opened(tmp_path, images=IMAGES, labels=LABELS, classes=np.array(["dog", "cat"]))
    assert (samples.classes, samples.labels[:2].tolist()) == (("dog", "cat"), [0, 1])


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"images": IMAGES.astype(float)}, r"images is float64 \[8, 4, 5\]; allowed: uint8"),
        ({"images": IMAGES[:, :, :, None, None]}, r"images is uint8 \[8, 4, 5, 1, 1\]"),
        ({"images": IMAGES.reshape(8, 2, 2, 5)}, "with C = 1 or 3"),
        ({"images": IMAGES[:0]}, r"images is uint8 \[0, 4, 5\]"),
        ({"labels": LABELS[:7]}, r"labels is int64 \[7\]; needs 8 whole numbers or names"),
        ({"labels": LABELS / 2}, r"labels is float64 \[8\]; needs 8"),
        ({"classes": np.array(["a"])}, "labels must be numbers from 0 to 0, as there are 1 classes"),
        ({"labels": LABELS - 1, "classes": np.array(["a", "b"])}, "labels must be numbers from 0 to 1"),
        ({"split": np.array(["train", "dev"] * 4)}, "split has 'dev'; needs 8 values out of train, val, validation"),
        ({"split": np.array(["train", "val"])}, r"split has shape \[2\]; needs 8"),
    ],
)
def test_arrays_that_do_not_fit_get_one_line(tmp_path, changed, line):
    with pytest.raises(UserError, match=line):
        opened(tmp_path, **{"images": IMAGES, "labels": LABELS, **changed})


def test_a_missing_array_is_named(tmp_path):
    with pytest.raises(UserError, match=r"mine\.npz: array labels is missing; it needs images and labels"):
        opened(tmp_path, images=IMAGES)


@pytest.mark.parametrize("content", [b"", b"no arrays", b"PK\x03\x04 cut short"])
def test_a_damaged_file_gets_one_line(tmp_path, content):
    (tmp_path / "mine.npz").write_bytes(content)
    with pytest.raises(UserError, match=r"mine\.npz: not a readable \.npz file"):
        open_dataset(Dataset(name="npz", path=str(tmp_path / "mine.npz")), tmp_path)


def test_an_array_alone_is_no_npz(tmp_path):
    with (tmp_path / "mine.npz").open("wb") as file:
        np.save(file, IMAGES)
    with pytest.raises(UserError, match="not a readable"):
        open_dataset(Dataset(name="npz", path=str(tmp_path / "mine.npz")), tmp_path)


def test_a_missing_file_gets_one_line(tmp_path):
    with pytest.raises(UserError, match="there is no such file"):
        open_dataset(Dataset(name="npz", path=str(tmp_path / "mine.npz")), tmp_path)
