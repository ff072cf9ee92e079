"""One image file, as each store keeps it: upright, scaled once, never enlarged, or the reason why not."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from unit.data.pictures import drawing, jpeg, opened, write

from datavolume.data.images import Picture, read_image
from datavolume.data.stores import Store

JPEG = Store("jpeg", 28, 32)
FILES = Store("files", 28, 32)
TENSORS = Store("tensors", 28, 28)


def read(path: Path, store: Store) -> Picture:
    picture = read_image(path, store)
    assert isinstance(picture, Picture), picture
    return picture


def pixels_of(picture: Picture) -> np.ndarray:
    return np.frombuffer(picture.data, np.uint8).reshape(3, 28, 28)


# What a camera stores where an upright picture should be seen (EXIF 2.32, tag 0x0112), as an operation on its pixels.
CAMERA = {
    1: lambda image: image,
    2: lambda image: image[:, ::-1],
    3: lambda image: image[::-1, ::-1],
    4: lambda image: image[::-1],
    5: lambda image: image.transpose(1, 0, 2),
    6: lambda image: np.rot90(image, 1),
    7: lambda image: image[::-1, ::-1].transpose(1, 0, 2),
    8: lambda image: np.rot90(image, -1),
}


@pytest.mark.parametrize("orientation", CAMERA)
def test_every_orientation_is_turned_upright(tmp_path, orientation):
    upright = drawing(40, 60)
    file = write(tmp_path / "x.jpg", jpeg(CAMERA[orientation](upright), orientation=orientation, quality=100))
    difference = opened(read(file, JPEG).data)
    assert difference.size == (48, 32)
    expected = np.asarray(Image.fromarray(upright).resize((48, 32), Image.Resampling.BILINEAR)).astype(int)
    assert np.abs(np.asarray(difference).astype(int) - expected).mean() < 4
    seen = pixels_of(read(file, TENSORS)).astype(int)
    whole = Image.fromarray(upright).resize((28, 28), Image.Resampling.BILINEAR, box=(10, 0, 50, 40))
    assert np.abs(seen - np.asarray(whole).astype(int).transpose(2, 0, 1)).mean() < 4


@pytest.mark.parametrize("orientation", CAMERA)
def test_originals_keep_their_orientation_and_tell_their_upright_size(tmp_path, orientation):
    content = jpeg(CAMERA[orientation](drawing(40, 60)), orientation=orientation)
    picture = read(write(tmp_path / "x.jpg", content), FILES)
    assert (picture.data, picture.size, picture.original, picture.orientation) == (b"", (40, 60), (40, 60), orientation)


def test_a_tiff_is_turned_by_pillow_itself(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(drawing(40, 60), 1)).save(tmp_path / "x.tif", exif=exif, compression="tiff_lzw")
    picture = read(tmp_path / "x.tif", FILES)
    assert picture.size == (40, 60)
    with Image.open(tmp_path / "x.tif") as image:
        image.load()
        assert (image.height, image.width) == ((40, 60) if picture.orientation == 1 else (60, 40))


def test_a_value_that_is_no_orientation_counts_as_none(tmp_path):
    file = write(tmp_path / "x.jpg", jpeg(drawing(40, 60), orientation=99))
    assert read(file, FILES).orientation == 1


def test_the_cache_scales_the_shorter_side_and_rounds_the_longer_one_as_torchvision_does(tmp_path):
    from torchvision.transforms import v2

    for height, width in [(40, 60), (61, 40), (33, 100), (64, 64)]:
        file = write(tmp_path / "x.png", b"")
        Image.fromarray(drawing(height, width)).save(file)
        reference = v2.functional.resize(Image.open(file), 32)
        picture = read(file, JPEG)
        cached = opened(picture.data)
        assert cached.size == reference.size
        assert picture.size == (cached.height, cached.width)
        assert picture.original == (height, width)
        assert np.abs(np.asarray(cached).astype(int) - np.asarray(reference).astype(int)).mean() < 3
        assert (picture.histogram.sum(axis=1) == cached.height * cached.width).all()
        assert (picture.histogram == np.array(reference.histogram()).reshape(3, 256)).all()


@pytest.mark.parametrize(("mode", "size"), [("RGB", (32, 50)), ("RGB", (20, 90)), ("L", (30, 30))])
def test_a_jpeg_that_is_small_enough_goes_into_the_cache_as_it_is(tmp_path, mode, size):
    content = jpeg(drawing(*size), mode=mode, quality=60)
    picture = read(write(tmp_path / "x.jpg", content), JPEG)
    assert picture.data == content
    assert picture.size == size


@pytest.mark.parametrize(
    "content",
    [
        jpeg(drawing(20, 30), mode="CMYK"),
        jpeg(drawing(30, 20), orientation=6),
        jpeg(drawing(33, 40)),
    ],
    ids=["CMYK", "turned", "too large"],
)
def test_any_other_jpeg_is_encoded_anew_in_plain_colours(tmp_path, content):
    picture = read(write(tmp_path / "x.jpg", content), JPEG)
    cached = opened(picture.data)
    assert picture.data != content
    assert (cached.mode, cached.getexif().get(0x0112), picture.orientation) == ("RGB", None, 1)


def test_small_images_of_other_kinds_are_encoded_but_not_enlarged(tmp_path):
    Image.fromarray(drawing(50, 70)).save(tmp_path / "x.png")
    picture = read(tmp_path / "x.png", Store("jpeg", 56, 64))
    assert picture.size == (50, 70)
    assert opened(picture.data).format == "JPEG"
    assert np.abs(np.asarray(opened(picture.data)).astype(int) - drawing(50, 70).astype(int)).mean() < 4


def test_cached_jpegs_have_chroma_of_half_the_resolution_and_restart_markers(tmp_path):
    from PIL import JpegImagePlugin

    Image.fromarray(drawing(64, 64)).save(tmp_path / "x.png")
    data = read(tmp_path / "x.png", Store("jpeg", 56, 64)).data
    assert JpegImagePlugin.get_sampling(opened(data)) == 2  # 4:2:0
    assert [data.count(bytes([0xFF, 0xD0 + i])) for i in range(4)] == [1, 1, 1, 0]  # between four rows of blocks


def test_a_large_photograph_is_decoded_at_a_part_of_its_size(tmp_path):
    """By the DCT, to twice the cache's size or more: nearly the same pixels as scaling the whole."""
    upright = drawing(600, 800)
    file = write(tmp_path / "x.jpg", jpeg(upright, quality=95))
    picture = read(file, JPEG)
    whole = np.asarray(Image.open(file).convert("RGB").resize((42, 32), Image.Resampling.BILINEAR)).astype(int)
    assert picture.original == (600, 800)
    assert picture.size == (32, 42)
    assert np.abs(np.asarray(opened(picture.data)).astype(int) - whole).mean() < 3


def test_tensors_may_be_cut_from_a_larger_image(tmp_path):
    """The central 28 of 32 pixels, in one scaling rather than two."""
    Image.fromarray(drawing(64, 96)).save(tmp_path / "x.png")
    seen = pixels_of(read(tmp_path / "x.png", Store("tensors", 28, 32)))
    cut = Image.fromarray(drawing(64, 96)).crop((20, 4, 76, 60)).resize((28, 28), Image.Resampling.BILINEAR)
    inside = np.s_[:, 1:-1, 1:-1]  # at its edge the cut has no neighbours
    assert (seen[inside] == np.asarray(cut).transpose(2, 0, 1)[inside]).all()
    Image.fromarray(drawing(32, 32)).save(tmp_path / "y.png")
    same = pixels_of(read(tmp_path / "y.png", Store("tensors", 28, 32)))
    assert (same.transpose(1, 2, 0) == drawing(32, 32)[2:30, 2:30]).all()


def test_equal_files_have_equal_digests_and_others_do_not(tmp_path):
    a, b = jpeg(drawing(40, 60)), jpeg(drawing(40, 60, seed=1))
    files = [write(tmp_path / name, content) for name, content in (("1.jpg", a), ("2.jpg", b), ("3.jpg", a))]
    first, second, third = (read(file, JPEG) for file in files)
    assert first.digest == third.digest != second.digest
    assert len(first.digest) == 16


@pytest.mark.parametrize("store", [JPEG, FILES, TENSORS], ids=lambda store: store.name)
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no image, or of a kind that Pillow does not know"),
        (b"<html>not found</html>", "no image, or of a kind that Pillow does not know"),
        (jpeg(drawing(200, 300))[:3000], "truncated"),
    ],
    ids=["empty", "html", "cut short"],
)
def test_what_cannot_be_read_gets_a_reason(tmp_path, store, content, reason):
    answer = read_image(write(tmp_path / "x.jpg", content), store)
    assert isinstance(answer, str)
    assert reason in answer
    assert str(tmp_path) not in answer


def test_more_than_eight_bits_a_channel_are_refused(tmp_path):
    file = BytesIO()
    Image.fromarray(np.full((8, 8), 60_000, np.uint16)).save(file, "PNG")
    assert read_image(write(tmp_path / "x.png", file.getvalue()), JPEG) == "more than 8 bits a channel"


def test_a_missing_file_gets_a_reason(tmp_path):
    assert read_image(tmp_path / "x.jpg", FILES) == "No such file or directory"
