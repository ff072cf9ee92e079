"""Image files for tests: drawn, never downloaded."""

from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def drawing(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """Smooth colours that differ in every corner, as photographs' do: uint8 [height, width, 3]."""
    coarse = np.random.Generator(np.random.Philox(seed)).integers(0, 256, (4, 5, 3), np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def jpeg(pixels: NDArray[np.uint8], *, orientation: int = 1, quality: int = 90, mode: str = "RGB") -> bytes:
    file = BytesIO()
    exif = Image.Exif()
    if orientation != 1:
        exif[0x0112] = orientation
    Image.fromarray(pixels).convert(mode).save(file, "JPEG", quality=quality, exif=exif)
    return file.getvalue()


def opened(content: bytes | memoryview) -> Image.Image:
    image = Image.open(BytesIO(bytes(content)))
    image.load()
    return image


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
