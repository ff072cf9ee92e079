"""Downloads without a network: torchvision's own steps replaced by copies, interrupted at will."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
from unit.data.pictures import drawing, jpeg, write
from unit.data.test_datasets import write_mnist

from datavolume.data import fetch
from datavolume.data.datasets import can_be_fetched, fetch_dataset, open_dataset
from datavolume.errors import UserError
from datavolume.study import Dataset

MNIST = Dataset(name="MNIST")
IMAGENETTE = Dataset(name="Imagenette", image_size=64)
WNIDS = ("n01440764", "n02102040")


def whole_mnist(root: Path) -> None:
    for part in ("train", "t10k"):
        write_mnist(root, "MNIST", np.zeros((10, 28, 28), np.uint8), np.arange(10, dtype=np.uint8), part)


def split_of(root: Path, names: tuple[str, ...] = WNIDS) -> None:
    for part in ("train", "val"):
        for name in names:
            write(root / part / name / "0.JPEG", jpeg(drawing(20, 30)))


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """torchvision's downloading of MNIST and Imagenette, which writes what is set in `whole_*`; counted."""
    calls: list[str] = []

    def mnist(self: Any) -> None:
        if not self._check_exists():
            calls.append("MNIST")
            whole_mnist(Path(self.root))

    def imagenette(self: Any) -> None:
        calls.append(str(self._size_root.name))
        split_of(self._size_root)

    monkeypatch.setattr("torchvision.datasets.MNIST.download", mnist)
    monkeypatch.setattr("torchvision.datasets.Imagenette._download", imagenette)
    return calls


def test_which_datasets_can_be_fetched():
    assert [name for name in ("digits", "npz", "folder") if can_be_fetched(Dataset(name=name))] == []
    assert all(can_be_fetched(Dataset(name=name)) for name in ("EMNIST", "CIFAR100", "Food101", "ImageNet"))


@pytest.mark.parametrize("dataset", [MNIST, IMAGENETTE], ids=lambda dataset: dataset.name)
def test_what_is_missing_is_fetched_once(tmp_path, downloads, dataset):
    root = tmp_path / "data"
    fetch_dataset(dataset, root)
    assert len(open_dataset(dataset, root).labels) > 0
    fetch_dataset(dataset, root)
    assert len(downloads) == 1
    assert [file.name for file in root.iterdir()] == [{"MNIST": "MNIST", "Imagenette": "imagenette2-160"}[dataset.name]]


def test_what_is_there_needs_no_network(tmp_path, monkeypatch):
    def offline(*_: object, **__: object) -> None:
        raise AssertionError("asked the network")

    monkeypatch.setattr("urllib.request.urlopen", offline)
    whole_mnist(tmp_path)
    split_of(tmp_path / "imagenette2-160")
    split_of(tmp_path / "own")
    for dataset in (MNIST, IMAGENETTE, Dataset(name="Imagenette", path=str(tmp_path / "own"))):
        fetch_dataset(dataset, tmp_path)
        assert len(open_dataset(dataset, tmp_path).labels) > 0


def test_a_fetch_that_was_killed_begins_anew(tmp_path, monkeypatch, downloads):
    class Killed(BaseException):
        pass

    def killed(self: Any) -> None:
        split_of(self._size_root, WNIDS[:1])
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("torchvision.datasets.Imagenette._download", killed)
        with pytest.raises(Killed):
            fetch_dataset(IMAGENETTE, tmp_path)
    assert (tmp_path / "imagenette2-160" / "val" / WNIDS[0]).is_dir()
    with pytest.raises(UserError, match="fetching Imagenette was interrupted; run the workflow's fetch step again"):
        open_dataset(IMAGENETTE, tmp_path)
    write(tmp_path / "imagenette2-160" / "train" / "half", b"")
    fetch_dataset(IMAGENETTE, tmp_path)
    assert downloads == ["imagenette2-160"]
    assert not (tmp_path / "imagenette2-160" / "train" / "half").exists()
    assert open_dataset(IMAGENETTE, tmp_path).classes == ("tench", "English springer")


def test_two_studies_at_once_fetch_once(tmp_path, monkeypatch, downloads):
    """The second finds the folder half made, and waits rather than take it for that of a killed fetch."""
    begun, second_waits = Event(), Event()
    lock = fetch.fcntl.flock

    def slow(self: Any) -> None:
        downloads.append("slow")
        split_of(self._size_root, WNIDS[:1])
        begun.set()
        assert second_waits.wait(30)
        split_of(self._size_root)

    def locked(descriptor: int, operation: int) -> None:
        if begun.is_set():
            second_waits.set()
        lock(descriptor, operation)

    monkeypatch.setattr("torchvision.datasets.Imagenette._download", slow)
    monkeypatch.setattr(fetch.fcntl, "flock", locked)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(fetch_dataset, IMAGENETTE, tmp_path)
        assert begun.wait(30)
        second = pool.submit(fetch_dataset, IMAGENETTE, tmp_path)
        first.result(30)
        second.result(30)
    assert downloads == ["slow"]
    assert open_dataset(IMAGENETTE, tmp_path).classes == ("tench", "English springer")


def test_files_that_a_user_has_put_there_are_never_removed(tmp_path, downloads):
    mine = write(tmp_path / "MNIST" / "raw" / "mine.txt", b"")
    fetch_dataset(MNIST, tmp_path)
    assert downloads == ["MNIST"]
    assert mine.exists()


def test_a_download_that_fails_gets_one_line_and_can_be_tried_again(tmp_path, monkeypatch, downloads):
    def no_network(_: Any) -> None:
        raise OSError("Name or service not known")

    with monkeypatch.context() as patch:
        patch.setattr("torchvision.datasets.Imagenette._download", no_network)
        with pytest.raises(
            UserError, match=r"Imagenette is missing .* cannot be fetched \(Name or service not known\)"
        ):
            fetch_dataset(IMAGENETTE, tmp_path)
    fetch_dataset(IMAGENETTE, tmp_path)
    assert len(downloads) == 1


@pytest.mark.parametrize(
    ("options", "folder"),
    [
        ({"image_size": 128}, "imagenette2-160"),  # scaled to 146
        ({"image_size": 160}, "imagenette2-320"),  # to 183
        ({}, "imagenette2-320"),  # 224, to 256
        ({"image_size": 299}, "imagenette2"),
        ({"image_size": 64, "resize": 320}, "imagenette2-320"),
    ],
)
def test_the_smallest_imagenette_that_is_large_enough_is_fetched(tmp_path, downloads, options, folder):
    fetch_dataset(Dataset(name="Imagenette", **options), tmp_path)
    assert downloads == [folder]


def test_imagenets_archives_are_unpacked_where_they_are(tmp_path, monkeypatch):
    def unpack(_: Any, root: str, split: str) -> None:
        assert (Path(root) / f"ILSVRC2012_img_{split}.tar").is_file()
        for name in WNIDS:
            write(Path(root) / split / name / "0.JPEG", jpeg(drawing(20, 30)))

    dataset = Dataset(name="ImageNet", path=str(tmp_path))
    with pytest.raises(UserError, match=r"no train/ and val/ folders of ImageNet.*ILSVRC2012_img_val\.tar with ILSVRC"):
        fetch_dataset(dataset, tmp_path)
    monkeypatch.setattr("torchvision.datasets.ImageNet.__init__", unpack)
    for split in ("train", "val"):
        write(tmp_path / f"ILSVRC2012_img_{split}.tar", b"")
    fetch_dataset(dataset, tmp_path)
    samples = open_dataset(dataset, tmp_path)
    assert samples.classes == WNIDS
    assert samples.train.tolist() == [True, True, False, False]
