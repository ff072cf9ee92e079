"""Crops of JPEGs by libturbojpeg, where a machine has version 3 or newer: rows and columns outside are not computed.

pixels = crop(data, header, top, left, height, width)      uint8 [height, width, 3], or None: decode the whole image

It comes with conda-forge's libjpeg-turbo, with newer Linux distributions, and as a module on clusters. It is looked for
in the environment of this Python, then where the linker looks; DATAVOLUME_TURBOJPEG names the file, or says `none`. It
is used once it gave the pixels of whole images in a test at the first call, so nothing but the speed depends on it. The
interpreter's lock is free meanwhile.
"""

from __future__ import annotations

import ctypes
import io
import os
import sys
import threading
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datavolume.data.decoding.header import Header, read_header
from datavolume.data.decoding.whole import decode_jpeg

__all__ = ["crop", "library"]

_DECOMPRESS, _RGB = 1, 0  # TJINIT_DECOMPRESS, TJPF_RGB
_MARGIN = 2  # pixels around a crop, which smooth chroma looks at

Pixels = NDArray[np.uint8]


class _Region(ctypes.Structure):
    """tjregion."""

    _fields_ = (("x", ctypes.c_int), ("y", ctypes.c_int), ("w", ctypes.c_int), ("h", ctypes.c_int))


class _Decompressor:
    """One thread's instance of the library's state."""

    def __init__(self, found: ctypes.CDLL) -> None:
        self._library = found
        self._handle = ctypes.c_void_p(found.tj3Init(_DECOMPRESS))

    def __del__(self) -> None:
        self._library.tj3Destroy(self._handle)

    def pixels(self, data: bytes, region: _Region) -> Pixels | None:
        """uint8 [h, w, 3]; None for what the library does not take without complaint."""
        found, handle = self._library, self._handle
        if found.tj3DecompressHeader(handle, data, len(data)) or found.tj3SetCroppingRegion(handle, region):
            return None
        image = np.empty((region.h, region.w, 3), np.uint8)
        return None if found.tj3Decompress8(handle, data, len(data), image.ctypes.data, 0, _RGB) else image


_of_thread = threading.local()


def crop(data: bytes, header: Header, top: int, left: int, height: int, width: int) -> Pixels | None:
    """Of a box inside the image."""
    found = library()
    inside = 0 <= top <= header.height - height and 0 <= left <= header.width - width
    if found is None or not inside or not header.one_scan:
        return None
    return _cropped(found, data, header, top, left, height, width)


@cache
def library() -> ctypes.CDLL | None:
    """The first that has what is needed and gives exact pixels."""
    for name in _candidates():
        try:
            found = ctypes.CDLL(name)
            _declare(found)
        except (OSError, AttributeError):  # not there, or older than version 3
            continue
        if _exact(found):
            return found
    return None


def _candidates() -> Iterator[str]:
    given = os.environ.get("DATAVOLUME_TURBOJPEG")
    if given:
        yield given
        return
    name = "libturbojpeg.dylib" if sys.platform == "darwin" else "libturbojpeg.so.0"
    yield str(Path(sys.prefix) / "lib" / name)
    yield name


def _declare(found: ctypes.CDLL) -> None:
    handle, data, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
    found.tj3Init.argtypes, found.tj3Init.restype = (ctypes.c_int,), ctypes.c_void_p
    found.tj3Destroy.argtypes, found.tj3Destroy.restype = (handle,), None
    found.tj3DecompressHeader.argtypes = (handle, data, size)
    found.tj3SetCroppingRegion.argtypes = (handle, _Region)
    found.tj3Decompress8.argtypes = (handle, data, size, ctypes.c_void_p, ctypes.c_int, ctypes.c_int)


def _cropped(
    found: ctypes.CDLL, data: bytes, header: Header, top: int, left: int, height: int, width: int
) -> Pixels | None:
    x, y = max(0, left - _MARGIN) // header.mcu_width * header.mcu_width, max(0, top - _MARGIN)
    right, bottom = min(header.width, left + width + _MARGIN), min(header.height, top + height + _MARGIN)
    if getattr(_of_thread, "library", None) is not found:
        _of_thread.library, _of_thread.decompressor = found, _Decompressor(found)
    decompressor: _Decompressor = _of_thread.decompressor
    image = decompressor.pixels(data, _Region(x, y, right - x, bottom - y))
    return None if image is None else image[top - y : top - y + height, left - x : left - x + width]


def _exact(found: ctypes.CDLL) -> bool:
    """Whether crops of a made-up image are those of the whole, with chroma at full, half and quarter resolution."""
    from PIL import Image

    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (7, 6, 3), dtype=np.uint8))
    for sampling in ("4:4:4", "4:2:2", "4:2:0"):
        file = io.BytesIO()
        noise.resize((75, 89), Image.Resampling.BICUBIC).save(file, "JPEG", quality=90, subsampling=sampling)
        data = file.getvalue()
        header, whole = read_header(data), decode_jpeg(data)
        assert header is not None, "Pillow wrote it"
        for top, left in product((0, 15, 33), (0, 17, 39)):
            part = _cropped(found, data, header, top, left, 40, 30)
            if part is None or not np.array_equal(part, whole[top : top + 40, left : left + 30]):
                return False
    return True
