"""One image file, as a store keeps it: upright, in RGB, scaled; or why it cannot be read.

read_image(path, Store("jpeg", 224, 256))     Picture, or the reason in words

Whatever Pillow opens is read, with 8 bits a channel. A JPEG that is upright and no larger than the cache's images goes
into it as it is: nothing is encoded twice without need, and nothing is ever enlarged. The others are encoded at quality
95, where errors are below what a network sees, with chroma at half the resolution (4:2:0) as in nearly all photographs:
a third smaller and faster to decode than 4:4:4.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from datavolume.data.stores import Store

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Picture", "digest_of", "read_image"]

_QUALITY = 95
_ORIENTATION = 0x0112
_TRANSPOSED = (5, 6, 7, 8)


@dataclass(frozen=True, slots=True)
class Picture:
    """`data` is what the store writes of it; `size` (height, width) and `orientation` are those of what it then gives.

    `digest` is that of the file, `seen` that of the bytes which a run decodes.
    `original` is the file's height and width, upright. `histogram`: int64 [3, 256], of the pixels that a network sees.
    `orientation` is the EXIF value that a reader still has to apply: 1 but in the store `files`.
    """

    data: bytes
    digest: bytes
    seen: bytes
    size: tuple[int, int]
    original: tuple[int, int]
    orientation: int
    histogram: NDArray[np.int64]


def digest_of(content: bytes) -> bytes:
    """Sixteen bytes that no two different images share."""
    return hashlib.blake2b(content, digest_size=16).digest()


def read_image(file: Path, store: Store) -> Picture | str:
    try:
        content = file.read_bytes()
        return _picture(content, store)
    except Exception as error:  # Pillow's decoders raise whatever a broken file makes them stumble over
        return _reason(error, file)


def _reason(error: Exception, file: Path) -> str:
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return "no image, or of a kind that Pillow does not know"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).replace(str(file), file.name) or type(error).__name__


def _picture(content: bytes, store: Store) -> Picture:
    from PIL import Image

    with Image.open(BytesIO(content)) as image:
        if image.mode.startswith(("I", "F")):
            raise ValueError("more than 8 bits a channel")
        size, kind = image.size, image.format
        if store.name != "tensors" and store.resize:
            image.draft(None, (2 * store.resize, 2 * store.resize))  # large JPEGs are decoded at a half, quarter, ...
        image.load()
        width, height = size if kind == "JPEG" else image.size  # Pillow itself turns TIFFs upright
        orientation = _orientation(image)
        original = (width, height) if orientation in _TRANSPOSED else (height, width)
        upright = _upright(image, orientation).convert("RGB")
        ready = kind == "JPEG" and image.mode in ("RGB", "L") and orientation == 1
    if store.name == "tensors":
        seen, data = _square(upright, store), None
    else:
        seen = _scaled(upright, store.resize or 0)
        copied = ready and min(original) <= (store.resize or 0)
        data = b"" if store.name == "files" else content if copied else _encoded(seen)
    digest = digest_of(content)
    return Picture(
        data=np.asarray(seen).transpose(2, 0, 1).tobytes() if data is None else data,
        digest=digest,
        seen=digest_of(data) if data else digest,
        size=original if store.name == "files" else (seen.height, seen.width),
        original=original,
        orientation=orientation if store.name == "files" else 1,
        histogram=np.array(seen.histogram(), np.int64).reshape(3, 256),
    )


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; damaged EXIF data count as none."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # Pillow's reader raises whatever damaged data make it stumble over
        return 1
    return int(value) if value in range(1, 9) else 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return image.transpose(turns[orientation]) if orientation in turns else image


def _square(image: Image.Image, store: Store) -> Image.Image:
    """The central square of an image whose shorter side would be `resize`, in one scaling."""
    from PIL import Image, ImageOps

    side, resize = store.image_size or 0, store.resize or 0
    if side == resize:
        return ImageOps.fit(image, (side, side), Image.Resampling.BILINEAR)
    width, height = image.size
    half = min(width, height) * side / resize / 2
    box = (width / 2 - half, height / 2 - half, width / 2 + half, height / 2 + half)
    return image.resize((side, side), Image.Resampling.BILINEAR, box=box)


def _scaled(image: Image.Image, resize: int) -> Image.Image:
    """With a shorter side of `resize`, as torchvision's Resize rounds the longer one; smaller images as they are."""
    from PIL.Image import Resampling

    shorter, longer = sorted(image.size)
    if shorter <= resize:
        return image
    side = int(resize * longer / shorter)
    size = (resize, side) if image.width == shorter else (side, resize)
    return image.resize(size, Resampling.BILINEAR)


def _encoded(image: Image.Image) -> bytes:
    """With a restart marker a row of blocks (a thousandth larger): a decoder can begin at the rows of a crop."""
    file = BytesIO()
    image.save(file, "JPEG", quality=_QUALITY, subsampling="4:2:0", restart_marker_rows=1)
    return file.getvalue()
