"""What is done to the pixels of a batch: uint8 [B, C, H, W] in and out, one parameter an image, few kernels.

moved = picked(images, rows, columns)                 shifts: pixels at whole places, black outside
mapped(images, tables)                                whatever maps value to value: one look-up, however many operations

Each is exact in whole numbers or adds and multiplies pixel by pixel, so that an image's result does not depend on the
others of the batch. All kernels have a deterministic version on CUDA. Against torchvision's functions for one tensor:
the same bits, but for `warped` and `resized`, whose bilinear sums may round a tie the other way.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from datavolume.errors import UserError

__all__ = [
    "blended",
    "cropped",
    "grey",
    "mapped",
    "masked",
    "mirror_",
    "per_image",
    "picked",
    "resized",
    "sharpened",
    "warped",
    "within",
]


def per_image(values: NDArray[np.generic], images: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """A host's number for each image, to be broadcast with it: [B, 1, 1, 1] on the images' device."""
    return torch.from_numpy(np.ascontiguousarray(values)).to(images.device, dtype).view(-1, 1, 1, 1)


def picked(images: torch.Tensor, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> torch.Tensor:
    """The pixels at rows [B, h] and columns [B, w] of each image: [B, C, h, w], black where these lie outside."""
    count, channels, height, width = images.shape
    y, x = (torch.from_numpy(places).to(images.device) for places in (rows, columns))
    flat = y.clamp(0, height - 1)[:, :, None] * width + x.clamp(0, width - 1)[:, None, :]
    index = flat.view(count, 1, -1).expand(-1, channels, -1)
    pixels = images.reshape(count, channels, -1).gather(2, index).view(count, channels, *flat.shape[1:])
    if rows.min() >= 0 and rows.max() < height and columns.min() >= 0 and columns.max() < width:
        return pixels
    outside = ((y < 0) | (y >= height))[:, None, :, None] | ((x < 0) | (x >= width))[:, None, None, :]
    return pixels.masked_fill_(outside, 0)


def cropped(images: torch.Tensor, boxes: NDArray[np.int64]) -> torch.Tensor:
    """Each image's own box (top, left, height, width), all of one size: [B, C, height, width], black outside."""
    height, width = boxes[0, 2:].tolist()
    if images.device.type != "cpu" or height * width < 4096:  # for small images a loop takes longer than it saves
        return picked(images, boxes[:, :1] + np.arange(height), boxes[:, 1:2] + np.arange(width))
    pixels = images.new_zeros(*images.shape[:2], height, width)
    for source, target, (top, left) in zip(images, pixels, boxes[:, :2].tolist(), strict=True):
        inside = source[:, max(top, 0) : top + height, max(left, 0) : left + width]
        target[:, max(-top, 0) :, max(-left, 0) :][:, : inside.shape[1], : inside.shape[2]] = inside
    return pixels


def mirror_(images: torch.Tensor, flags: NDArray[np.bool_]) -> None:
    """Turn these images left to right, in place."""
    if images.device.type == "cpu":
        for row in np.flatnonzero(flags).tolist():  # a fifth of the time of a whole batch's flip and choice
            images[row] = images[row].flip(-1)
    else:
        images.copy_(torch.where(per_image(flags, images, torch.bool), images.flip(-1), images))


def resized(images: torch.Tensor, boxes: NDArray[np.int64], size: tuple[int, int]) -> torch.Tensor:
    """Each image's own box (top, left, height, width), bilinear with antialiasing: [B, C, *size].

    On CPU in whole numbers, as Pillow, and faster where images are channels-last; CUDA knows floats only, and may
    differ from it by one.
    """
    source = images if images.device.type == "cpu" else images.float()
    pixels = source.new_empty(
        *images.shape[:2], *size
    )  # never channels-last, whatever the source: other kernels follow
    for i, (top, left, height, width) in enumerate(boxes.tolist()):
        box = source[i : i + 1, :, top : top + height, left : left + width]
        pixels[i : i + 1] = F.interpolate(box, size=size, mode="bilinear", antialias=True)
    return pixels if pixels.dtype == torch.uint8 else pixels.round_().to(torch.uint8)


def warped(images: torch.Tensor, matrices: NDArray[np.float64]) -> torch.Tensor:
    """The pixels at matrix @ (x, y, 1), bilinear, black outside; matrices [B, 2, 3], origin at the image's centre."""
    height, width = images.shape[-2:]
    sides = torch.tensor([0.5 * width, 0.5 * height])[:, None]
    parameters = (torch.from_numpy(matrices).float() / sides).to(images.device)[:, :, :, None, None]
    x, y = (torch.linspace(0.5 - side / 2, side / 2 - 0.5, side, device=images.device) for side in (width, height))
    across, along, offset = parameters.unbind(2)
    grid = (across * x + along * y[:, None] + offset).permute(0, 2, 3, 1)
    return F.grid_sample(images.float(), grid, align_corners=False).round_().to(torch.uint8)


def mapped(images: torch.Tensor, tables: torch.Tensor) -> torch.Tensor:
    """Each value replaced by tables[image, channel, value]: tables uint8 [B, C, 256] (or [B, 1, 256] for all)."""
    count, channels = images.shape[:2]
    index = images.reshape(count, channels, -1).long()
    return tables.expand(-1, channels, -1).gather(2, index).view(images.shape)


def blended(images: torch.Tensor, others: torch.Tensor | float, factors: NDArray[np.float64]) -> torch.Tensor:
    """factor · image + (1 - factor) · other, cut to 0..255 and to whole numbers below: uint8."""
    factor, rest = (per_image(values, images, torch.float32) for values in (factors, 1.0 - factors))
    return (factor * images).add_(rest * others).clamp_(0, 255).to(torch.uint8)


def grey(images: torch.Tensor) -> torch.Tensor:
    """uint8 [B, 1, H, W] by the weights of ITU-R BT.601. UserError for other than 1 or 3 channels."""
    channels = images.shape[1]
    if channels == 1:
        return images
    if channels != 3:
        raise UserError(
            f"augmentation: `policy` and `contrast` work on images of 1 or 3 channels, but these have {channels}; "
            "leave both keys out"
        )
    red, green, blue = images.unbind(1)
    return (0.2989 * red + 0.587 * green + 0.114 * blue).to(torch.uint8)[:, None]


def sharpened(images: torch.Tensor, factors: NDArray[np.float64]) -> torch.Tensor:
    """Blended with the 3x3 mean that counts the centre five times; images of side 2 or less stay as they are."""
    if min(images.shape[-2:]) <= 2:
        return images
    wide = images.to(torch.int16)
    rows = wide[..., :-2] + wide[..., 1:-1] + wide[..., 2:]
    sums = rows[..., :-2, :] + rows[..., 1:-1, :] + rows[..., 2:, :] + 4 * wide[..., 1:-1, 1:-1]
    smooth = images.clone()
    smooth[..., 1:-1, 1:-1] = (sums / 13).round_().to(torch.uint8)  # thirteenths have no ties
    return blended(images, smooth, factors)


def within(images: torch.Tensor, boxes: NDArray[np.int64]) -> torch.Tensor:
    """Which pixels lie in each image's box (top, left, height, width): bool [B, 1, H, W]."""
    top, left, height, width = torch.from_numpy(np.ascontiguousarray(boxes.T)).to(images.device)[..., None]
    y, x = (torch.arange(side, device=images.device) for side in images.shape[-2:])
    in_rows: torch.Tensor = (y >= top) & (y < top + height)
    in_columns: torch.Tensor = (x >= left) & (x < left + width)
    return in_rows[:, None, :, None] & in_columns[:, None, None, :]


def masked(images: torch.Tensor, boxes: NDArray[np.int64]) -> torch.Tensor:
    """Black outside each image's box."""
    return images.masked_fill(~within(images, boxes), 0)
