"""Crops of encoded images, held against whole images that Pillow decodes."""

from __future__ import annotations

import ctypes
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torchvision.transforms.v2 import functional as transforms

from datavolume.data.decode import decode
from datavolume.data.decoding import turbo
from datavolume.data.decoding.header import Header, read_header
from datavolume.data.decoding.rows import rows_of

HEIGHT, WIDTH = 101, 75


def picture(height: int = HEIGHT, width: int = WIDTH, *, seed: int = 0) -> Image.Image:
    """Coloured shapes and noise, so that a pixel taken from the wrong place shows."""
    noise = np.random.default_rng(seed).integers(0, 80, (height, width, 3))
    y, x = np.mgrid[:height, :width]
    shapes = np.stack([x * 2 % 170, y * 3 % 170, (x + y) % 170], axis=2)
    return Image.fromarray((noise + shapes).astype(np.uint8))


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def pixels(data: bytes) -> NDArray[np.uint8]:
    """uint8 [3, H, W] of the whole image, by Pillow."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).transpose(2, 0, 1)


def square(data: bytes, top: int, left: int, side: int) -> NDArray[np.uint8]:
    """The box as it is, without scaling."""
    return decode(data, (top, left, side, side), side).numpy()


def header_of(data: bytes) -> Header:
    header = read_header(data)
    assert header is not None
    return header


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("rows", [1, 3])
def test_any_crop_of_a_jpeg_with_restart_markers_has_the_pixels_of_the_whole(subsampling: str, rows: int) -> None:
    data = encoded(picture(), quality=95, subsampling=subsampling, restart_marker_rows=rows)
    whole, header = pixels(data), header_of(data)
    shortened = 0
    for top in range(HEIGHT - 12):
        np.testing.assert_array_equal(square(data, top, 5, 12), whole[:, top : top + 12, 5:17])
        shortened += rows_of(data, header, top, top + 12) is not None
    assert shortened > 30  # at least so many were not decoded whole


def test_a_shorter_jpeg_holds_the_rows_of_the_crop_and_one_interval_on_each_side() -> None:
    data = encoded(picture(), subsampling="4:2:0", restart_marker_rows=1)
    found = rows_of(data, header_of(data), top=40, bottom=50)  # in rows 32..47 and 48..63 of MCUs
    assert found is not None
    shorter, header, first = found
    assert first == 16
    assert header == header_of(shorter)
    assert header.height == 80 - 16
    np.testing.assert_array_equal(pixels(shorter)[:, 24:34], pixels(data)[:, 40:50])


@pytest.mark.parametrize(
    "options",
    [{}, {"progressive": True, "restart_marker_rows": 1}, {"restart_marker_blocks": 3}],
    ids=["no markers", "progressive", "markers inside rows"],
)
def test_a_jpeg_without_markers_at_its_rows_is_decoded_whole(options: dict[str, Any]) -> None:
    data = encoded(picture(), **options)
    assert rows_of(data, header_of(data), 40, 50) is None
    np.testing.assert_array_equal(square(data, 40, 3, 30), pixels(data)[:, 40:70, 3:33])


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        (picture().convert("L"), "JPEG"),
        (picture().convert("CMYK"), "JPEG"),
        (picture(), "PNG"),
        (picture().convert("P"), "PNG"),
        (picture().convert("RGBA"), "WEBP"),
    ],
    ids=["grey", "CMYK", "PNG", "palette", "WebP"],
)
def test_other_images_are_as_pillow_reads_them(image: Image.Image, kind: str) -> None:
    data = encoded(image, kind)
    np.testing.assert_array_equal(square(data, 20, 10, 40), pixels(data)[:, 20:60, 10:50])


def test_a_grey_jpeg_with_restart_markers_is_cut_at_blocks_of_eight_rows() -> None:
    data = encoded(picture().convert("L"), restart_marker_rows=1)
    found = rows_of(data, header_of(data), 40, 50)
    assert found is not None
    assert found[2] == 32
    np.testing.assert_array_equal(square(data, 40, 3, 10), pixels(data)[:, 40:50, 3:13])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_image_is_turned_as_its_orientation_says_before_it_is_cropped(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(picture(), exif=exif, restart_marker_rows=1)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data)))).transpose(2, 0, 1)
    cut = decode(data, (9, 4, 60, 60), 60, orientation=orientation)
    np.testing.assert_array_equal(cut.numpy(), upright[:, 9:69, 4:64])


@pytest.mark.parametrize("flip", [False, True])
def test_a_crop_is_scaled_as_torchvision_scales_it(flip: bool) -> None:
    data = encoded(picture(), restart_marker_rows=1)
    whole = torch.from_numpy(pixels(data).copy())
    expected = transforms.resized_crop(whole, 30, 8, 55, 40, [32, 32], antialias=True)
    result = decode(data, (30, 8, 55, 40), 32, flip=flip)
    assert torch.equal(result, transforms.horizontal_flip(expected) if flip else expected)


@pytest.mark.parametrize(("top", "left"), [(-4, -3), (-4, 40), (80, -2), (78, 60)])
def test_a_padded_crop_is_black_outside_the_image(top: int, left: int) -> None:
    data = encoded(picture(), restart_marker_rows=1)
    padded = np.pad(pixels(data), ((0, 0), (30, 30), (30, 30)))
    np.testing.assert_array_equal(square(data, top, left, 30), padded[:, top + 30 : top + 60, left + 30 : left + 60])


def test_memory_of_a_cache_is_read_in_place() -> None:
    data = encoded(picture())
    cache = np.frombuffer(b"before" + data + b"after", np.uint8)
    view = memoryview(cache)[6 : 6 + len(data)]  # type: ignore[arg-type]
    assert torch.equal(decode(view, (0, 0, 60, 60), 60), decode(data, (0, 0, 60, 60), 60))


@pytest.mark.parametrize("rows", [0, 1])
@pytest.mark.parametrize("kept", [0, 3, 150, -40], ids=["nothing", "a marker", "half a header", "most"])
def test_damaged_data_are_one_error_in_one_line(kept: int, rows: int) -> None:
    data = encoded(picture(), restart_marker_rows=rows)[:kept]
    with pytest.raises(ValueError, match=r"\S") as caught:
        decode(data, (60, 0, 40, 40), 40)
    assert "\n" not in str(caught.value)
    assert ".cpp" not in str(caught.value)


def test_an_image_of_sixteen_bits_is_refused() -> None:
    deep = Image.fromarray(np.full((40, 40), 40000, np.uint16))
    with pytest.raises(ValueError, match="more than 8 bits"):
        decode(encoded(deep, "PNG"), (0, 0, 8, 8), 8)


@pytest.fixture
def fresh_library() -> Iterator[None]:
    """The search for libturbojpeg is repeated, and again after the test."""
    turbo.library.cache_clear()
    yield
    turbo.library.cache_clear()


@pytest.mark.skipif(turbo.library() is None, reason="there is no libturbojpeg 3 on this machine")
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0", "4:1:1", "grey"])
def test_crops_by_libturbojpeg_have_the_pixels_of_the_whole(subsampling: str) -> None:
    grey = subsampling == "grey"
    data = encoded(picture().convert("L")) if grey else encoded(picture(), subsampling=subsampling)
    whole, header, draw = pixels(data), header_of(data), np.random.default_rng(0)
    for _ in range(200):
        height, width = draw.integers(1, (HEIGHT + 1, WIDTH + 1)).tolist()
        top, left = draw.integers(0, (HEIGHT - height + 1, WIDTH - width + 1)).tolist()
        part = turbo.crop(data, header, top, left, height, width)
        assert part is not None
        np.testing.assert_array_equal(part.transpose(2, 0, 1), whole[:, top : top + height, left : left + width])


@pytest.mark.skipif(turbo.library() is None, reason="there is no libturbojpeg 3 on this machine")
def test_what_libturbojpeg_complains_of_is_left_to_the_decoder_of_whole_images() -> None:
    data = encoded(picture())
    header = header_of(data)
    assert turbo.crop(data[:-500], header, 60, 0, 41, 40) is None
    assert turbo.crop(data, header, 60, 0, 41, 40) is not None


@pytest.mark.usefixtures("fresh_library")
@pytest.mark.parametrize("given", ["none", "libm.so.6"], ids=["no library", "another library"])
def test_without_libturbojpeg_images_are_decoded_whole(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("DATAVOLUME_TURBOJPEG", given)
    assert turbo.library() is None
    data = encoded(picture())
    np.testing.assert_array_equal(square(data, 40, 3, 30), pixels(data)[:, 40:70, 3:33])


@pytest.mark.parametrize("wrong", [None, np.zeros((40, 30, 3), np.uint8)], ids=["nothing", "other pixels"])
def test_a_libturbojpeg_of_other_pixels_is_not_used(monkeypatch: pytest.MonkeyPatch, wrong: Any) -> None:
    monkeypatch.setattr(turbo, "_cropped", lambda *_: wrong)
    assert not turbo._exact(ctypes.CDLL(None))
