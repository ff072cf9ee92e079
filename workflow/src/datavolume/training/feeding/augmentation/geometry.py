"""Which part of an image is seen, and whether mirrored: boxes on the host, for the decoder as for tensors.

boxes = crop_boxes(augmentation, keys, heights, widths, image_size)      what the network sees, scaled to image_size
mirrored = flips(augmentation, keys)

A box is (top, left, height, width) in pixels of the image as it is stored. Only a padded crop may lie partly outside,
where pixels are black. Images that are not `changed` (bool [B]) are seen as in an evaluation: those beside appended
copies.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datavolume.study.model import Augmentation
from datavolume.training.feeding.augmentation.draws import choices, uniforms

__all__ = ["Size", "centre_boxes", "crop_boxes", "erasing_boxes", "flips", "mixing_boxes"]

Boxes = NDArray[np.int64]
Sides = NDArray[np.int64]
Keys = NDArray[np.uint64]
Size = int | tuple[int, int]  # a square's side, or height and width
TRIES = 10


def centre_boxes(heights: Sides, widths: Sides, image_size: Size, resize: int | None = None) -> Boxes:
    """The central square: int64 [B, 4]. Of `image_size` pixels, or the whole shorter side where that is shorter.

    With `resize`: of that share of the shorter side which image_size / resize is, for images that were not resized.
    A size of height and width is a central rectangle, at most the image.
    """
    if isinstance(image_size, tuple):
        height, width = np.minimum(heights, image_size[0]), np.minimum(widths, image_size[1])
        return np.stack([(heights - height) // 2, (widths - width) // 2, height, width], axis=1)
    shorter = np.minimum(heights, widths)
    wanted = np.full_like(shorter, image_size) if resize is None else np.rint(shorter * (image_size / resize))
    side = np.minimum(shorter, wanted.astype(np.int64))
    return np.stack([(heights - side) // 2, (widths - side) // 2, side, side], axis=1)


def crop_boxes(
    augmentation: Augmentation,
    keys: Keys,
    heights: Sides,
    widths: Sides,
    image_size: Size,
    *,
    resize: int | None = None,
    changed: NDArray[np.bool_] | None = None,
) -> Boxes:
    """The box of each image: int64 [B, 4]; central where `crop` is none."""
    if augmentation.crop == "none":
        return centre_boxes(heights, widths, image_size, resize)
    if augmentation.crop == "padded":
        boxes = _padded(augmentation.padding, keys, heights, widths, image_size)
    else:
        boxes = _random_resized(augmentation.smallest_area, keys, heights, widths)
    if changed is None:
        return boxes
    return np.where(changed[:, None], boxes, centre_boxes(heights, widths, image_size, resize))


def flips(augmentation: Augmentation, keys: Keys, *, changed: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
    """Whether each image is mirrored left to right, after the crop: bool [B]."""
    if not augmentation.flip:
        return np.zeros(len(keys), dtype=np.bool_)
    mirrored = uniforms(keys, "flip", 1)[:, 0] < augmentation.flip
    return mirrored if changed is None else mirrored & changed


def erasing_boxes(augmentation: Augmentation, keys: Keys, height: int, width: int) -> Boxes:
    """What random erasing blanks, as torchvision's RandomErasing: int64 [B, 4], of height 0 where nothing."""
    count = len(keys)
    drawn = uniforms(keys, "erasing", 1 + 4 * TRIES)
    heights, widths = np.full(count, height), np.full(count, width)
    tries = drawn[:, 1:].reshape(count, TRIES, 4)
    boxes, found = _first_box(
        tries, heights - 1, widths - 1, heights, widths, area=(0.02, 0.33), ratio=(1 / 3.3, 1 / 0.3)
    )
    return np.where(((drawn[:, 0] < augmentation.erasing) & found)[:, None], boxes, 0)


def mixing_boxes(shares: NDArray[np.float64], centres: NDArray[np.float64], height: int, width: int) -> Boxes:
    """What cutmix pastes from another image, as torchvision's CutMix: int64 [B, 4].

    shares [B]: of the image that is kept, before the box is cut at the edges; centres [B, 2]: in [0, 1), of (x, y).
    """
    half = 0.5 * np.sqrt(1.0 - shares)
    x, y = choices(centres[:, 0], width), choices(centres[:, 1], height)
    half_width, half_height = (half * width).astype(np.int64), (half * height).astype(np.int64)
    left, top = np.maximum(x - half_width, 0), np.maximum(y - half_height, 0)
    right, bottom = np.minimum(x + half_width, width), np.minimum(y + half_height, height)
    return np.stack([top, left, bottom - top, right - left], axis=1)


def _padded(padding: int, keys: Keys, heights: Sides, widths: Sides, image_size: Size) -> Boxes:
    """As torchvision's RandomCrop(image_size, padding), in pixels of the image before it was padded."""
    drawn = uniforms(keys, "padded_crop", 2)
    height, width = image_size if isinstance(image_size, tuple) else (image_size, image_size)
    top = choices(drawn[:, 0], np.maximum(heights + 2 * padding - height, 0) + 1) - padding
    left = choices(drawn[:, 1], np.maximum(widths + 2 * padding - width, 0) + 1) - padding
    return np.stack([top, left, np.full_like(top, height), np.full_like(left, width)], axis=1)


def _random_resized(smallest_area: float, keys: Keys, heights: Sides, widths: Sides) -> Boxes:
    """As torchvision's RandomResizedCrop: the first of ten boxes that fits, else the largest central one."""
    tries = uniforms(keys, "random_resized_crop", 4 * TRIES).reshape(len(keys), TRIES, 4)
    boxes, found = _first_box(tries, heights, widths, heights, widths, area=(smallest_area, 1.0), ratio=(3 / 4, 4 / 3))
    height = np.where(widths * 4 < heights * 3, np.rint(widths * 4 / 3).astype(np.int64), heights)
    width = np.where(widths * 3 > heights * 4, np.rint(heights * 4 / 3).astype(np.int64), widths)
    central = np.stack([(heights - height) // 2, (widths - width) // 2, height, width], axis=1)
    return np.where(found[:, None], boxes, central)


def _first_box(
    tries: NDArray[np.float64],
    highest: Sides,
    widest: Sides,
    heights: Sides,
    widths: Sides,
    *,
    area: tuple[float, float],
    ratio: tuple[float, float],
) -> tuple[Boxes, NDArray[np.bool_]]:
    """The first of the tries [B, tries, 4] that fits: boxes [B, 4], and whether there was one [B].

    The area is uniform in its bounds, as a share of the image's; width over height is uniform in its logarithm.
    """
    areas = (heights * widths)[:, None] * (area[0] + (area[1] - area[0]) * tries[:, :, 0])
    low, high = np.log(ratio[0]), np.log(ratio[1])
    ratios = np.exp(low + (high - low) * tries[:, :, 1])
    width = np.rint(np.sqrt(areas * ratios)).astype(np.int64)
    height = np.rint(np.sqrt(areas / ratios)).astype(np.int64)
    fits = (width > 0) & (width <= widest[:, None]) & (height > 0) & (height <= highest[:, None])
    first = np.arange(len(tries)), fits.argmax(axis=1)
    height, width = height[first], width[first]
    top = choices(tries[:, :, 2][first], np.maximum(heights - height, 0) + 1)
    left = choices(tries[:, :, 3][first], np.maximum(widths - width, 0) + 1)
    return np.stack([top, left, height, width], axis=1), fits.any(axis=1)
