"""The operations of the policies on a batch: images are grouped by operation, so that a GPU takes few kernels.

images = apply_step(images, step)      uint8 [B, C, H, W], 1 or 3 channels

Shears and rotations are bilinear, as in torchvision's reference training; a translation is of whole pixels.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from datavolume.training.feeding.augmentation.pixels import blended, grey, mapped, picked, sharpened, warped
from datavolume.training.feeding.augmentation.policies import OPERATIONS, Step

__all__ = ["apply_step", "contrasted"]

Magnitudes = NDArray[np.float64]
Table = Callable[[torch.Tensor, Magnitudes], torch.Tensor]


def apply_step(images: torch.Tensor, step: Step) -> torch.Tensor:
    """Each image after its own operation; the input stays as it is."""
    grey(images[:0])  # a wrong number of channels is told at once, not when an operation first needs them
    result = images.clone()
    for names, operation in _GROUPS.items():
        rows = np.flatnonzero(np.isin(step.operations, [OPERATIONS.index(name) for name in names]))
        if len(rows):
            index = torch.from_numpy(rows).to(images.device)
            own = Step(step.operations[rows], step.magnitudes[rows])
            result.index_copy_(0, index, operation(images.index_select(0, index), own))
    return result


def contrasted(images: torch.Tensor, factors: Magnitudes) -> torch.Tensor:
    """Blended with the mean grey of each image, as torchvision's adjust_contrast."""
    return mapped(images, _contrast(images, factors - 1.0))


def _coloured(images: torch.Tensor, step: Step) -> torch.Tensor:
    return images if images.shape[1] == 1 else blended(images, grey(images), 1.0 + step.magnitudes)


def _sharpened(images: torch.Tensor, step: Step) -> torch.Tensor:
    return sharpened(images, 1.0 + step.magnitudes)


def _translated(images: torch.Tensor, step: Step) -> torch.Tensor:
    height, width = images.shape[-2:]
    along_x = step.operations == OPERATIONS.index("translate_x")
    pixels = step.magnitudes.astype(np.int64)
    rows = np.arange(height) - np.where(along_x, 0, pixels)[:, None]
    return picked(images, rows, np.arange(width) - np.where(along_x, pixels, 0)[:, None])


def _warped(images: torch.Tensor, step: Step) -> torch.Tensor:
    """Shears keep the first row (x) or column (y) where it is; rotations are counter-clockwise about the centre."""
    height, width = images.shape[-2:]
    names = np.asarray(OPERATIONS)[step.operations]
    slope_x = np.where(names == "shear_x", step.magnitudes, 0.0)
    slope_y = np.where(names == "shear_y", step.magnitudes, 0.0)
    angles = np.radians(np.where(names == "rotate", step.magnitudes, 0.0))
    cosine, sine = np.cos(angles), np.sin(angles)
    x = np.stack([cosine, slope_x - sine, slope_x * height / 2], axis=1)
    y = np.stack([slope_y + sine, cosine, slope_y * width / 2], axis=1)
    return warped(images, np.stack([x, y], axis=1))


def _mapped(images: torch.Tensor, step: Step) -> torch.Tensor:
    tables = torch.empty(*images.shape[:2], 256, dtype=torch.uint8, device=images.device)
    for name, table in _TABLES.items():
        rows = np.flatnonzero(step.operations == OPERATIONS.index(name))
        if len(rows):
            index = torch.from_numpy(rows).to(images.device)
            own = table(images.index_select(0, index), step.magnitudes[rows])
            tables.index_copy_(0, index, own.expand(-1, images.shape[1], -1))
    return mapped(images, tables)


def _values(images: torch.Tensor) -> torch.Tensor:
    """The 256 values as an image of one channel and row: uint8 [1, 1, 1, 256]."""
    return torch.arange(256, dtype=torch.uint8, device=images.device).view(1, 1, 1, 256)


def _brightness(images: torch.Tensor, magnitudes: Magnitudes) -> torch.Tensor:
    return blended(_values(images), 0.0, 1.0 + magnitudes)[:, 0]


def _contrast(images: torch.Tensor, magnitudes: Magnitudes) -> torch.Tensor:
    levels = grey(images)
    total = levels.sum(dim=(1, 2, 3), keepdim=True)  # of whole numbers: exact in any order
    mean = total.float() / levels[0].numel()
    return blended(_values(images), mean, 1.0 + magnitudes)[:, 0]


def _posterize(images: torch.Tensor, magnitudes: Magnitudes) -> torch.Tensor:
    mask = torch.from_numpy(256 - 2 ** (8 - magnitudes.astype(np.int64))).to(images.device, torch.uint8)
    return _values(images)[0] & mask[:, None, None]


def _solarize(images: torch.Tensor, magnitudes: Magnitudes) -> torch.Tensor:
    values, thresholds = _values(images)[0], torch.from_numpy(magnitudes).to(images.device, torch.float32)
    return torch.where(values >= thresholds[:, None, None], 255 - values, values)


def _autocontrast(images: torch.Tensor, _: Magnitudes) -> torch.Tensor:
    lowest, highest = (extreme.float()[:, :, None] for extreme in (images.amin((2, 3)), images.amax((2, 3))))
    flat = lowest == highest
    scale = 255.0 / (highest - lowest)
    stretched = ((_values(images)[0] - lowest) * scale).clamp_(0, 255)
    return torch.where(flat, _values(images)[0], stretched.to(torch.uint8))


def _equalize(images: torch.Tensor, _: Magnitudes) -> torch.Tensor:
    count, channels = images.shape[:2]
    first_bins = 256 * torch.arange(count * channels, device=images.device)[:, None]
    bins = (images.reshape(count * channels, -1) + first_bins).flatten()
    histogram = torch.bincount(bins, minlength=256 * count * channels).view(count, channels, 256)
    brightest = histogram.gather(2, images.amax((2, 3))[:, :, None].long())
    step = (histogram.sum(2, keepdim=True) - brightest) // 255
    below = histogram.cumsum(2) - histogram
    spread = ((below + step // 2) // step.clamp(min=1)).clamp_(0, 255).to(torch.uint8)
    return torch.where(step == 0, _values(images)[0], spread)


_TABLES: dict[str, Table] = {
    "brightness": _brightness,
    "contrast": _contrast,
    "posterize": _posterize,
    "solarize": _solarize,
    "autocontrast": _autocontrast,
    "equalize": _equalize,
}
_GROUPS: dict[tuple[str, ...], Callable[[torch.Tensor, Step], torch.Tensor]] = {
    tuple(_TABLES): _mapped,
    ("translate_x", "translate_y"): _translated,
    ("shear_x", "shear_y", "rotate"): _warped,
    ("colour",): _coloured,
    ("sharpness",): _sharpened,
}
