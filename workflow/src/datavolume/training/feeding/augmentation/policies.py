"""Which operation a policy chooses for each image, and how strong: torchvision's TrivialAugmentWide and RandAugment.

for step in steps(augmentation, keys, height, width):      one step for TrivialAugment, `operations` for RandAugment
    images = apply_step(images, step)

TrivialAugment: Müller and Hutter 2021, arXiv:2103.10158; RandAugment: Cubuk et al. 2019, arXiv:1909.13719. The tables,
their 31 levels and the order of operations are those of torchvision.transforms.autoaugment.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from datavolume.study.model import Augmentation
from datavolume.training.feeding.augmentation.draws import choices, uniforms

__all__ = ["OPERATIONS", "Step", "steps"]

LEVELS = 31
OPERATIONS = (
    "identity",
    "shear_x",
    "shear_y",
    "translate_x",
    "translate_y",
    "rotate",
    "brightness",
    "colour",
    "contrast",
    "sharpness",
    "posterize",
    "solarize",
    "autocontrast",
    "equalize",
)
_SIGNED = np.array([1 <= number <= 9 for number in range(len(OPERATIONS))])


@dataclass(frozen=True)
class Step:
    """One operation for each image: numbers in OPERATIONS int64 [B], and magnitudes float64 [B] in its own unit.

    shear: pixels a pixel; translate: whole pixels; rotate: degrees; brightness, colour, contrast, sharpness: the change
    of their factor 1; posterize: bits that are kept; solarize: the lowest value that is inverted.
    """

    operations: NDArray[np.int64]
    magnitudes: NDArray[np.float64]


def steps(augmentation: Augmentation, keys: NDArray[np.uint64], height: int, width: int) -> list[Step]:
    """What is done to images of this size, in order; empty without a policy."""
    if augmentation.policy == "trivial_augment":
        drawn = uniforms(keys, "trivial_augment", 3)
        return [_step(_wide(), drawn[:, 0], choices(drawn[:, 1], LEVELS), drawn[:, 2])]
    if augmentation.policy == "rand_augment":
        count, table = augmentation.operations, _rand_augment(height, width)
        drawn = uniforms(keys, "rand_augment", 2 * count)
        level = np.full(len(keys), augmentation.magnitude)
        return [_step(table, drawn[:, 2 * i], level, drawn[:, 2 * i + 1]) for i in range(count)]
    return []


def _step(
    table: NDArray[np.float64],
    chosen: NDArray[np.float64],
    levels: NDArray[np.int64],
    signs: NDArray[np.float64],
) -> Step:
    operations = choices(chosen, len(OPERATIONS))
    negative = _SIGNED[operations] & (signs < 0.5)
    return Step(operations, np.where(negative, -1.0, 1.0) * table[operations, levels])


@lru_cache
def _wide() -> NDArray[np.float64]:
    """Magnitudes of TrivialAugmentWide: float64 [operations, levels]."""
    return _table(shear=0.99, translate=(32.0, 32.0), rotate=135.0, factor=0.99, fewest_bits=2)


@lru_cache
def _rand_augment(height: int, width: int) -> NDArray[np.float64]:
    """Magnitudes of RandAugment for images of this size: float64 [operations, levels]."""
    translate = (150.0 / 331.0 * width, 150.0 / 331.0 * height)
    return _table(shear=0.3, translate=translate, rotate=30.0, factor=0.9, fewest_bits=4)


def _table(
    *, shear: float, translate: tuple[float, float], rotate: float, factor: float, fewest_bits: int
) -> NDArray[np.float64]:
    """By torch.linspace in float32, as torchvision: pixels are cut off to whole numbers, so the last bit counts."""

    def levels(end: float, start: float = 0.0) -> NDArray[np.float64]:
        return np.asarray(torch.linspace(start, end, LEVELS), dtype=np.float64)

    bits = 8 - np.rint(np.arange(LEVELS) / ((LEVELS - 1) / (8 - fewest_bits)))
    rows = {
        "shear_x": levels(shear),
        "shear_y": levels(shear),
        "translate_x": np.trunc(levels(translate[0])),
        "translate_y": np.trunc(levels(translate[1])),
        "rotate": levels(rotate),
        **dict.fromkeys(("brightness", "colour", "contrast", "sharpness"), levels(factor)),
        "posterize": bits,
        "solarize": levels(0.0, start=255.0),
    }
    return np.stack([rows.get(name, np.zeros(LEVELS)) for name in OPERATIONS])
