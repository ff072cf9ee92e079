"""Named datasets: the registry, the digits, and torchvision's files read without a network."""

import gzip
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest

from datavolume.data.datasets import check_dataset, dataset_names, fetch_dataset, file_datasets, open_dataset
from datavolume.data.samples import Samples
from datavolume.errors import UserError
from datavolume.study.model import Dataset

SHARED = Path(__file__).parents[4] / "shared" / "data"  # beside the repository, where the project keeps data sets


def images_of(samples: Samples) -> np.ndarray:
    assert samples.images is not None
    return samples.images


def test_names():
    arrays = ("digits", "MNIST", "FashionMNIST", "EMNIST", "CIFAR10", "CIFAR100")
    assert dataset_names() == (*arrays, "Imagenette", "Food101", "ImageNet", "folder", "npz")
    assert file_datasets() == ("Imagenette", "Food101", "ImageNet", "folder")


def test_an_unknown_dataset_gets_the_nearest_and_all_names():
    with pytest.raises(UserError, match=r"dataset 'digit' is unknown; did you mean 'digits'\? .*CIFAR10.*npz"):
        check_dataset(Dataset(name="digit"))


@pytest.mark.parametrize(
    ("dataset", "line"),
    [
        (Dataset(name="digits", path="x"), "digits does not read path; remove it .*validation, split_seed"),
        (Dataset(name="MNIST", validation=0.1), "MNIST does not read validation; remove it .*path"),
        (Dataset(name="npz", path="x", image_size=8), "npz does not read image_size"),
        (Dataset(name="npz"), "npz: path is missing"),
        (Dataset(name="folder", path="x"), "folder: image_size is missing"),
        (Dataset(name="ImageNet"), "ImageNet: path is missing"),
        (Dataset(name="CIFAR10", store="jpeg"), "CIFAR10 does not read store; remove it .*tuning"),
        (Dataset(name="Food101", validation=0.1), "Food101 does not read validation"),
        (Dataset(name="Food101", store="jpg"), "store 'jpg' is unknown; did you mean 'jpeg'"),
        (Dataset(name="digits", tuning=1.0), "digits: tuning is 1; allowed: a share from 0 to below 1"),
        (Dataset(name="Food101", resize=223), r"Food101: resize \(223\) is below image_size \(224\)"),
        (Dataset(name="folder", path="x", image_size=64, resize=60), r"resize \(60\) is below image_size \(64\)"),
    ],
)
def test_options_are_those_that_the_dataset_reads(dataset, line):
    with pytest.raises(UserError, match=line):
        check_dataset(dataset)


def test_digits_are_all_there_in_full_range(tmp_path):
    digits = open_dataset(Dataset(name="digits"), tmp_path)
    images = images_of(digits)
    assert images.shape == (1797, 1, 8, 8)
    assert (images.min(), images.max()) == (0, 255)
    assert images[0, 0, 0].tolist() == [0, 0, 80, 207, 143, 16, 0, 0]  # 0 0 5 13 9 1 0 0, times 255/16
    assert digits.labels[:5].tolist() == [0, 1, 2, 3, 4]
    assert digits.sources[1796] == "digits[1796]"


def test_digits_hold_out_a_fixed_stratified_fifth(tmp_path):
    digits = open_dataset(Dataset(name="digits"), tmp_path)
    assert np.bincount(digits.labels[~digits.train]).tolist() == [36, 36, 35, 37, 36, 36, 36, 36, 35, 36]
    assert (digits.train == open_dataset(Dataset(name="digits"), tmp_path).train).all()
    assert (digits.train != open_dataset(Dataset(name="digits", split_seed=1), tmp_path).train).any()
    assert (~open_dataset(Dataset(name="digits", validation=0.5), tmp_path).train).sum() == 898


def write_mnist(root: Path, name: str, images: np.ndarray, labels: np.ndarray, part: str) -> None:
    """The IDX files that torchvision unpacks."""
    raw = root / name / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    (raw / f"{part}-images-idx3-ubyte").write_bytes(struct.pack(">4I", 2051, *images.shape) + images.tobytes())
    (raw / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 2049, len(labels)) + labels.tobytes())


@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST"])
def test_mnist_files_become_grey_images_with_the_test_files_held_out(tmp_path, name):
    train = np.arange(20 * 28 * 28).reshape(20, 28, 28).astype(np.uint8)
    write_mnist(tmp_path, name, train, np.arange(20, dtype=np.uint8) % 10, "train")
    write_mnist(tmp_path, name, train[:10] + 1, np.arange(10, dtype=np.uint8), "t10k")
    samples = open_dataset(Dataset(name=name, path=str(tmp_path)), tmp_path / "elsewhere")
    images = images_of(samples)
    assert images.shape == (30, 1, 28, 28)
    assert (images[:20, 0] == train).all()
    assert (images[20:, 0] == train[:10] + 1).all()
    assert samples.train.tolist() == [True] * 20 + [False] * 10
    assert samples.labels.tolist() == [*range(10)] * 3
    assert len(samples.classes) == 10


def test_emnist_letters_stand_upright_and_count_from_zero(tmp_path):
    """In the files rows and columns are exchanged, and a is 1."""
    train = np.arange(26 * 28 * 28).reshape(26, 28, 28).astype(np.uint8)
    labels = np.arange(1, 27, dtype=np.uint8)
    write_mnist(tmp_path, "EMNIST", train, labels, "emnist-letters-train")
    write_mnist(tmp_path, "EMNIST", train + 1, labels[::-1], "emnist-letters-test")
    samples = open_dataset(Dataset(name="EMNIST"), tmp_path)
    assert samples.classes == tuple("abcdefghijklmnopqrstuvwxyz")
    assert samples.labels.tolist() == [*range(26), *range(25, -1, -1)]
    assert (images_of(samples)[3, 0] == train[3].T).all()
    assert samples.train.tolist() == [True] * 26 + [False] * 26


@pytest.mark.parametrize(
    ("name", "folder", "key", "parts"),
    [
        ("CIFAR10", "cifar-10-batches-py", "label_names", [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]),
        ("CIFAR100", "cifar-100-python", "fine_label_names", ["train", "test"]),
    ],
)
def test_cifar_files_become_channels_first_images(tmp_path, monkeypatch, name, folder, key, parts):
    monkeypatch.setattr("torchvision.datasets.cifar.check_integrity", lambda *_: True)  # only the real files pass
    (tmp_path / folder).mkdir()
    pixels = np.arange(3 * 32 * 32, dtype=np.int64).astype(np.uint8)
    labels = "labels" if name == "CIFAR10" else "fine_labels"
    for number, part in enumerate(parts):
        batch = {"data": (pixels + number).astype(np.uint8)[None].repeat(2, 0), labels: [0, 1]}
        (tmp_path / folder / part).write_bytes(pickle.dumps(batch))
    meta = "batches.meta" if name == "CIFAR10" else "meta"
    (tmp_path / folder / meta).write_bytes(pickle.dumps({key: ["ant", "bee"]}))

    samples = open_dataset(Dataset(name=name), tmp_path)
    images = images_of(samples)
    assert images.shape == (2 * len(parts), 3, 32, 32)
    assert (images[0].ravel() == pixels).all()
    assert (images[-1].ravel() == (pixels + len(parts) - 1).astype(np.uint8)).all()
    assert samples.train.sum() == 2 * (len(parts) - 1)
    assert samples.classes == ("ant", "bee")


def test_a_dataset_that_cannot_be_fetched_gets_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr("torchvision.datasets.MNIST.mirrors", ["http://127.0.0.1:9/"])
    with pytest.raises(UserError, match=r"MNIST is missing .* cannot be fetched .*or put torchvision's files there"):
        fetch_dataset(Dataset(name="MNIST"), tmp_path)


def test_a_dataset_that_was_not_fetched_gets_one_line(tmp_path):
    with pytest.raises(
        UserError, match=r"MNIST is missing .* run the workflow's fetch step on a machine with internet"
    ):
        open_dataset(Dataset(name="MNIST"), tmp_path)


def test_a_damaged_file_gets_one_line(tmp_path):
    images, labels = np.zeros((2, 28, 28), np.uint8), np.zeros(2, np.uint8)
    write_mnist(tmp_path, "MNIST", images, labels, "train")
    write_mnist(tmp_path, "MNIST", images, labels, "t10k")
    broken = tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte"
    broken.write_bytes(broken.read_bytes()[:100])
    with pytest.raises(UserError, match=r"MNIST is missing or damaged there .* delete its files"):
        open_dataset(Dataset(name="MNIST"), tmp_path)


@pytest.mark.skipif(not (SHARED / "FashionMNIST").is_dir(), reason="shared/data has no FashionMNIST")
def test_the_real_fashion_mnist(tmp_path):
    """Its compressed files are taken as they are: torchvision checks them and unpacks beside them."""
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for file in (SHARED / "FashionMNIST" / "raw").glob("*.gz"):
        (raw / file.name).symlink_to(file)
    fetch_dataset(Dataset(name="FashionMNIST"), tmp_path)
    samples = open_dataset(Dataset(name="FashionMNIST"), tmp_path)
    assert images_of(samples).shape == (70_000, 1, 28, 28)
    assert np.bincount(samples.labels[samples.train]).tolist() == [6000] * 10
    assert np.bincount(samples.labels[~samples.train]).tolist() == [1000] * 10
    with gzip.open(raw / "t10k-images-idx3-ubyte.gz") as file:
        last = np.frombuffer(file.read()[-784:], np.uint8)
    assert (images_of(samples)[-1].ravel() == last).all()
