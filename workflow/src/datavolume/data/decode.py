"""The part of an encoded image that a network is shown, as pixels.

decode(data, box=(top, left, height, width), size=224)      uint8 [3, 224, 224]

The pixels are exactly those of the whole image, cropped, then scaled as torchvision does (bilinear, antialiased, in
uint8). Only what the crop needs is decoded, where that can be: the rows of JPEGs with restart markers, as datavolume's
cache has them; of other JPEGs, where libturbojpeg 3 is at hand. The box counts in the upright image.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from datavolume.data.decoding import turbo
from datavolume.data.decoding.header import read_header
from datavolume.data.decoding.rows import rows_of
from datavolume.data.decoding.whole import decode_jpeg, decode_other, upright

__all__ = ["decode"]

_WHERE = re.compile(r"^\w+, \S+:\d+, ")  # torchvision's errors begin with a place in its sources

Pixels = NDArray[np.uint8]


def decode(
    encoded: bytes | memoryview, box: Sequence[int], size: int, *, flip: bool = False, orientation: int = 1
) -> torch.Tensor:
    """uint8 [3, size, size] of the box (top, left, height, width), mirrored if `flip`; black outside the image.

    `orientation` is the EXIF value that is still to be applied. Raises ValueError for data that cannot be decoded.
    """
    top, left, height, width = (int(value) for value in box)
    try:
        part = _part(bytes(encoded), top, left, height, width, orientation)
    except Exception as error:  # decoders raise whatever damaged data make them stumble over
        raise ValueError(_WHERE.sub("", str(error).split("\n", 1)[0]) or type(error).__name__) from error
    image = _batch_of_one(part)
    if (height, width) != (size, size):
        image = F.interpolate(image, size=(size, size), mode="bilinear", antialias=True)
    return image[0].flip(-1) if flip else image[0]


def _batch_of_one(part: Pixels) -> torch.Tensor:
    """[1, 3, h, w] that torch takes for channels-last, as it does not with unsqueeze: scaling is a tenth faster."""
    rows = torch.from_numpy(part)
    (height, width, channels), (down, across, deep) = rows.shape, rows.stride()
    return rows.as_strided((1, channels, height, width), (height * down, deep, down, across))


def _part(data: bytes, top: int, left: int, height: int, width: int, orientation: int) -> Pixels:
    """uint8 [height, width, 3] of the box."""
    header = read_header(data)
    if header is None or header.components not in (1, 3):
        return _cut(upright(decode_other(data), orientation), top, left, height, width)
    first = 0
    if orientation == 1:
        shorter = rows_of(data, header, max(0, top), min(header.height, top + height))
        if shorter is not None:
            data, header, first = shorter
        part = turbo.crop(data, header, top - first, left, height, width)
        if part is not None:
            return part
    return _cut(upright(decode_jpeg(data), orientation), top - first, left, height, width)


def _cut(image: Pixels, top: int, left: int, height: int, width: int) -> Pixels:
    bottom, right = top + height, left + width
    if top >= 0 and left >= 0 and bottom <= image.shape[0] and right <= image.shape[1]:
        part = image[top:bottom, left:right]
        return part if min(part.strides) > 0 else part.copy()  # torch knows no negative strides
    inside = image[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    padded = np.zeros((height, width, image.shape[2]), np.uint8)
    down, across = max(0, -top), max(0, -left)
    padded[down : down + inside.shape[0], across : across + inside.shape[1]] = inside
    return padded
