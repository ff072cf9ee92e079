"""A user's own images: layouts, their pixels, and every mistake in one line."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from datavolume.data.build import prepare
from datavolume.data.datasets import open_dataset
from datavolume.data.samples import Samples
from datavolume.errors import UserError
from datavolume.study.model import Dataset


def paint(path: Path, colour: int | tuple[int, ...] = 0, size: tuple[int, int] = (8, 8), mode: str = "RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)


def opened(root: Path, **options: float) -> Samples:
    return open_dataset(Dataset(name="folder", path=str(root), image_size=8, **options), root)


def images_of(root: Path) -> NDArray[np.uint8]:
    """The pixels of the store `tensors`, uint8 [N, 3, 8, 8]."""
    prepare(Dataset(name="folder", path=str(root), image_size=8), root.parent / "out", root, threads=2)
    return np.load(root.parent / "out" / "images.npy")


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Two classes; three images of each to train on, one held out."""
    for name, grey in (("cat", 10), ("dog", 200)):
        for i in range(3):
            paint(tmp_path / "pets" / "train" / name / f"{i}.png", (grey + i,) * 3)
        paint(tmp_path / "pets" / "val" / name / "0.png", (grey + 9,) * 3)
    return tmp_path / "pets"


def test_train_and_val_folders_are_the_split(pets):
    samples = opened(pets)
    assert samples.classes == ("cat", "dog")
    assert samples.labels.tolist() == [0, 0, 0, 1, 1, 1, 0, 1]
    assert samples.train.tolist() == [True] * 6 + [False] * 2
    assert samples.sources[0] == "train/cat/0.png"
    assert samples.sources[-1] == "val/dog/0.png"
    assert images_of(pets)[:, 0, 0, 0].tolist() == [10, 11, 12, 200, 201, 202, 19, 209]


@pytest.mark.parametrize("name", ["validation", "test"])
def test_the_held_out_folder_may_have_another_name(pets, name):
    (pets / "val").rename(pets / name)
    assert opened(pets).sources[-1] == f"{name}/dog/0.png"


def test_class_folders_alone_get_a_seeded_stratified_split(pets):
    samples = opened(pets / "train", validation=0.34)
    assert np.bincount(samples.labels[~samples.train]).tolist() == [1, 1]
    assert (opened(pets / "train", validation=0.34).train == samples.train).all()
    splits = {opened(pets / "train", validation=0.34, split_seed=seed).train.tobytes() for seed in range(9)}
    assert len(splits) > 1


def test_deeper_images_count_and_other_or_hidden_files_do_not(pets):
    paint(pets / "train" / "cat" / "more" / "9.JPG")
    (pets / "train" / "cat" / "notes.txt").write_text("no image")
    (pets / "train" / "cat" / "._0.png").write_bytes(b"no image")
    (pets / "train" / ".thumbnails").mkdir()
    assert [source for source in opened(pets).sources if "cat" in source] == [
        "train/cat/0.png",
        "train/cat/1.png",
        "train/cat/2.png",
        "train/cat/more/9.JPG",
        "val/cat/0.png",
    ]


def test_an_image_of_the_right_size_keeps_its_pixels(pets):
    pixels = np.arange(8 * 8 * 3, dtype=np.uint8).reshape(8, 8, 3)
    Image.fromarray(pixels).save(pets / "train" / "cat" / "0.png")
    assert (images_of(pets)[0] == pixels.transpose(2, 0, 1)).all()


@pytest.mark.parametrize("scale", [1, 5])
def test_the_central_square_is_kept_at_the_shorter_sides_size(pets, scale):
    bands = np.zeros((8 * scale, 24 * scale, 3), np.uint8)
    for channel in range(3):
        bands[:, channel * 8 * scale : (channel + 1) * 8 * scale, channel] = 255
    Image.fromarray(bands).save(pets / "train" / "cat" / "0.png")
    image = images_of(pets)[0]
    assert image.shape == (3, 8, 8)
    assert (image[:, :, 1:-1].reshape(3, -1).T == [0, 255, 0]).all()
    assert (image.argmax(axis=0) == 1).all()  # smoothing lets the neighbours shine through at the edge, but no more


def test_grey_and_palette_images_become_rgb(pets):
    paint(pets / "train" / "cat" / "0.png", 77, mode="L")
    Image.new("RGB", (8, 8), (1, 2, 3)).quantize(4).save(pets / "train" / "cat" / "1.png")
    images = images_of(pets)
    assert images[0, :, 0, 0].tolist() == [77, 77, 77]
    assert images[1, :, 0, 0].tolist() == [1, 2, 3]


def remove(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (lambda root: root.rename(root.with_name("moved")), "pets: there is no such folder; give your images' folder"),
        (lambda root: remove(root / "val" / "dog"), "val: class 'dog' of train/ is missing"),
        (lambda root: remove(root / "train" / "cat"), "train: class 'cat' of val/ is missing"),
        (lambda root: (root / "val" / "cat" / "0.png").unlink(), r"val/cat: class 'cat' has no image \(.*\.jpg"),
        (lambda root: (root / "val").rename(root / "train" / "val"), "pets: has train/ but none of val/, validation/"),
    ],
)
def test_a_folder_that_is_no_data_set_gets_one_line(pets, spoil, line):
    spoil(pets)
    with pytest.raises(UserError, match=line):
        opened(pets)


def test_an_empty_folder_gets_one_line(tmp_path):
    with pytest.raises(UserError, match="has no folders; it needs train/ and val/, or one folder for each class"):
        opened(tmp_path)


def test_a_file_is_no_folder(tmp_path):
    paint(tmp_path / "x.png")
    with pytest.raises(UserError, match="there is no such folder"):
        opened(tmp_path / "x.png")
