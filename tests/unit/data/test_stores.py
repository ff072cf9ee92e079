"""The three stores: chosen from the data alone, written once, read back as they were."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from unit.data.pictures import drawing, jpeg, opened, write

from datavolume.data.build import prepare
from datavolume.data.index import Index, load_index
from datavolume.data.stores import Store, choose_store
from datavolume.errors import UserError
from datavolume.study import Dataset, Paths, dataset_id

SHARED = Path(__file__).parents[4] / "shared" / "data"
SIZES = [(40, 60), (60, 40), (20, 24), (33, 33)]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two classes of four training images and two held out, of several sizes and kinds; one is turned."""
    root = tmp_path / "photos"
    seed = 0
    for part, count in (("train", 4), ("val", 2)):
        for name in ("cat", "dog"):
            for i in range(count):
                seed += 1
                write(root / part / name / f"{i}.jpg", jpeg(drawing(*SIZES[i], seed)))
    Image.fromarray(drawing(50, 50, 100)).save(root / "train" / "dog" / "4.png")
    write(root / "train" / "dog" / "5.jpg", jpeg(np.rot90(drawing(40, 60, 101)), orientation=6))
    return root


def dataset_of(root: Path, store: str, **options: float) -> Dataset:
    return Dataset(name="folder", path=str(root), image_size=28, store=store, **options)


def built(dataset: Dataset, results: Path, threads: int = 2) -> Index:
    paths = Paths(results / "study")
    prepare(dataset, paths.data_file(dataset_id(dataset), "x").parent, results, threads=threads)
    return load_index(paths, dataset_id(dataset))


@pytest.mark.parametrize(
    ("count", "image_size", "options", "expected"),
    [
        (7_133, 224, {}, Store("tensors", 224, 224)),  # 2**30 bytes / (3 * 224 * 224) = 7133.4
        (7_134, 224, {}, Store("jpeg", 224, 256)),
        (1_331_167, 224, {}, Store("jpeg", 224, 256)),  # ImageNet-1K
        (14_197_122, 224, {}, Store("files", 224, 256)),  # all of ImageNet
        (1_331_167, 384, {}, Store("files", 384, 439)),
        (10, 224, {"store": "files"}, Store("files", 224, 256)),
        (10, 224, {"store": "jpeg", "resize": 300}, Store("jpeg", 224, 300)),
        (10, 224, {"store": "tensors", "resize": 256}, Store("tensors", 224, 256)),
        (10**9, 224, {"store": "tensors"}, Store("tensors", 224, 224)),
        (1_331_167, 224, {"resize": 512}, Store("files", 224, 512)),
    ],
)
def test_the_store_is_chosen_from_the_data_alone(count, image_size, options, expected):
    assert choose_store(Dataset(name="folder", path="x", **options), count, image_size) == expected


def test_the_cache_gives_each_image_back(photos, tmp_path):
    index = built(dataset_of(photos, "jpeg"), tmp_path)
    assert (index.store, index.channels, index.image_size, index.resize) == ("jpeg", 3, (28, 28), 32)
    assert isinstance(index.images, np.memmap)
    assert index.sizes is not None
    heights, widths = index.sizes
    table = pd.read_parquet(
        Paths(tmp_path / "study").data_file(dataset_id(dataset_of(photos, "jpeg")), "index.parquet")
    )
    for sample, source in enumerate(table["source"]):
        image = opened(index.encoded(sample))
        assert (image.height, image.width) == (heights[sample], widths[sample])
        original = opened((photos / source).read_bytes())
        if source.endswith("5.jpg"):
            original = original.transpose(Image.Transpose.ROTATE_270)
        reference = original.convert("RGB").resize(image.size, Image.Resampling.BILINEAR)
        assert np.abs(np.asarray(image).astype(int) - np.asarray(reference).astype(int)).mean() < 4
    assert bytes(index.encoded(2)) == (photos / "train" / "cat" / "2.jpg").read_bytes()  # smaller than the cache's
    assert min(heights.min(), widths.min()) == 20
    assert index.orientations is not None
    assert set(index.orientations.tolist()) == {1}


def test_originals_are_read_at_their_paths(photos, tmp_path):
    index = built(dataset_of(photos, "files"), tmp_path)
    assert index.images.shape == (0,)
    assert index.sizes is not None
    assert index.orientations is not None
    files = sorted(file.relative_to(photos).as_posix() for file in photos.rglob("*.*"))
    assert files[9] == "train/dog/5.jpg"
    for sample, file in enumerate(files):
        assert index.encoded(sample) == (photos / file).read_bytes()
    assert (index.sizes[0][9], index.sizes[1][9], index.orientations[9]) == (40, 60, 6)
    assert index.orientations.sum() == 5 + len(files)


def test_stores_agree_on_labels_splits_and_mean(photos, tmp_path):
    tensors, cache, files = (built(dataset_of(photos, store), tmp_path) for store in ("tensors", "jpeg", "files"))
    assert tensors.labels.tolist() == cache.labels.tolist() == files.labels.tolist() == [0] * 4 + [1] * 6 + [0, 0, 1, 1]
    assert tensors.train.tolist() == cache.train.tolist() == files.train.tolist() == [True] * 10 + [False] * 4
    assert cache.mean == files.mean
    assert cache.std == files.std
    assert tensors.mean == pytest.approx(cache.mean, abs=0.05)
    assert len({index.fingerprint for index in (tensors, cache, files)}) == 3


@pytest.mark.parametrize("store", ["tensors", "jpeg", "files"])
def test_the_files_are_the_same_for_any_number_of_threads(photos, tmp_path, store):
    folders = [tmp_path / str(threads) for threads in (1, 3)]
    for threads, folder in zip((1, 3), folders, strict=True):
        prepare(dataset_of(photos, store), folder, tmp_path, threads=threads)
    for name in ("images.npy", "index.parquet", "classes.json", "prepared.json"):
        first, second = (hashlib.sha256((folder / name).read_bytes()).hexdigest() for folder in folders)
        assert first == second, name


@pytest.mark.parametrize("store", ["tensors", "jpeg", "files"])
def test_the_fingerprint_knows_each_pixel(photos, tmp_path, store):
    before = built(dataset_of(photos, store), tmp_path / "a").fingerprint
    assert before == built(dataset_of(photos, store), tmp_path / "b").fingerprint
    write(photos / "val" / "dog" / "1.jpg", jpeg(drawing(*SIZES[1], seed=77)))
    assert before != built(dataset_of(photos, store), tmp_path / "c").fingerprint


def test_an_original_that_is_gone_gets_one_line(photos, tmp_path):
    index = built(dataset_of(photos, "files"), tmp_path)
    (photos / "train" / "cat" / "1.jpg").unlink()
    with pytest.raises(
        UserError, match=r"train/cat/1\.jpg: the image is in the index but cannot be read .*put it back"
    ):
        index.encoded(1)
    photos.rename(tmp_path / "moved")
    with pytest.raises(UserError, match="photos: the folder of the original images is not there; put it back"):
        load_index(Paths(tmp_path / "study"), dataset_id(dataset_of(photos, "files")))


def test_the_cache_stands_for_itself(photos, tmp_path):
    index = built(dataset_of(photos, "jpeg"), tmp_path)
    photos.rename(tmp_path / "moved")
    again = load_index(Paths(tmp_path / "study"), dataset_id(dataset_of(photos, "jpeg")))
    assert bytes(again.encoded(5)) == bytes(index.encoded(5))


def test_an_index_of_another_cache_is_refused(photos, tmp_path):
    dataset = dataset_of(photos, "jpeg")
    built(dataset, tmp_path)
    paths = Paths(tmp_path / "study")
    table = paths.data_file(dataset_id(dataset), "index.parquet")
    pd.read_parquet(table).iloc[:-1].to_parquet(table, index=False)
    with pytest.raises(UserError, match="images and labels do not match"):
        load_index(paths, dataset_id(dataset))


def test_tuning_images_are_in_no_subset_and_not_held_out(photos, tmp_path):
    plain = built(dataset_of(photos, "jpeg"), tmp_path)
    index = built(dataset_of(photos, "jpeg", tuning=0.3), tmp_path)
    assert np.bincount(index.labels[index.tuning_samples]).tolist() == [1, 2]  # 1.2 and 1.8 of 4 and 6
    assert sorted([*index.train_samples, *index.tuning_samples]) == plain.train_samples.tolist()
    assert index.validation_samples.tolist() == plain.validation_samples.tolist()
    assert index.fingerprint != plain.fingerprint
    assert index.mean != plain.mean
    assert plain.tuning_samples.tolist() == []
    other = built(dataset_of(photos, "jpeg", tuning=0.3, split_seed=5), tmp_path)
    assert other.tuning_samples.tolist() != index.tuning_samples.tolist()


def test_tuning_images_of_arrays(tmp_path):
    index = built(Dataset(name="digits", tuning=0.1), tmp_path)
    assert np.bincount(index.labels[index.tuning_samples]).tolist() == [14, 15, 14, 15, 14, 15, 14, 14, 14, 14]
    assert (len(index.train_samples), len(index.validation_samples)) == (1438 - 143, 359)


@pytest.mark.skipif(not (SHARED / "imagenette224.tar").is_file(), reason="shared/data has no imagenette224.tar")
def test_the_real_imagenette(tmp_path):
    """A tenth of it: real photographs, none of which is larger than the cache, go into it byte by byte."""
    import tarfile

    with tarfile.open(SHARED / "imagenette224.tar") as archive:
        members = [member for i, member in enumerate(archive) if member.isfile() and i % 20 == 0]
        archive.extractall(tmp_path, members, filter="data")
    dataset = Dataset(name="Imagenette", path=str(tmp_path / "imagenette224"), store="jpeg")
    index = built(dataset, tmp_path / "results")
    assert index.classes[:3] == ("tench", "English springer", "cassette player")
    assert (len(index.labels), index.image_size, index.resize) == (len(members), (224, 224), 256)
    assert len(index.images) == sum(member.size for member in members)
    assert np.allclose(index.mean, (0.4625, 0.458, 0.430), atol=0.02)  # of the whole training split
    report = json.loads(
        Paths(tmp_path / "results" / "study").data_file(dataset_id(dataset), "prepared.json").read_text()
    )
    assert report["unreadable"] == []
    assert report["sizes"]["height"] == {"smallest": 224, "median": 224, "largest": 224}
    small = built(Dataset(name="Imagenette", path=dataset.path, store="jpeg", image_size=64), tmp_path / "results")
    assert small.sizes is not None
    assert set(small.sizes[0].tolist()) == {73}
    assert len(small.images) < len(index.images)
