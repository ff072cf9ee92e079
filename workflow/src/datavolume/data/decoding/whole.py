"""Whole images: JPEGs by torchvision, which takes two thirds of Pillow's time; everything else by Pillow.

Both stand on libjpeg-turbo, whose pixels are the same: slow integer DCT, smooth chroma.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from functools import cache
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray

__all__ = ["decode_jpeg", "decode_other", "upright"]

_RGB = 3  # torchvision.io.ImageReadMode.RGB
_EIGHT_BITS = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "HSV")

Pixels = NDArray[np.uint8]


def decode_jpeg(data: bytes) -> Pixels:
    """uint8 [H, W, 3] of a grey or colour JPEG. Raises RuntimeError or OSError where it is damaged."""
    operator = _operator()
    if operator is None:
        return decode_other(data)
    return cast(Pixels, operator(torch.frombuffer(data, dtype=torch.uint8), _RGB).permute(1, 2, 0).numpy())


@cache
def _operator() -> Callable[[torch.Tensor, int], torch.Tensor] | None:
    """torchvision's decoder, below its Python function, which warns that a later version moves it."""
    import torchvision.io  # noqa: F401, registers the operator; here, since studies of tensors do without

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.frombuffer(b"-", dtype=torch.uint8)  # warns once of bytes, which must not be written to; nothing does
    return getattr(torch.ops.image, "decode_jpeg", None)  # None: torchvision was built without libjpeg


def decode_other(data: bytes) -> Pixels:
    """uint8 [H, W, 3] of anything that Pillow opens. Raises what its decoders raise."""
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        if image.mode not in _EIGHT_BITS:
            raise OSError(f"more than 8 bits a channel ({image.mode})")
        return np.array(image.convert("RGB"))  # a copy, which torch may take


def upright(image: Pixels, orientation: int) -> Pixels:
    """A view of [H, W, C] turned as EXIF's orientation 1 to 8 asks."""
    if orientation >= 5:
        image = image.transpose(1, 0, 2)
    return image[:: -1 if orientation in (3, 4, 7, 8) else 1, :: -1 if orientation in (2, 3, 6, 7) else 1]
