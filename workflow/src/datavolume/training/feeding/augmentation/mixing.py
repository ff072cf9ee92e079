"""Mixup and cutmix, which make one image, and one soft label, of two.

images, targets = mix(augmentation, images, labels, classes, derived_seed(seed, "mixing", update, shard))

As torchvision's reference training: one draw for a shard, each image with its neighbour (mixup: Zhang et al. 2018,
arXiv:1710.09412; cutmix: Yun et al. 2019, arXiv:1905.04899). Where an entry is repeated the neighbour is the next other
entry, `repeated` places before, or most images would be mixed with themselves.

With `appended`, the shards stay as they are, and each appended image is mixed for good with another appended one, which
its key chooses (`SampleOrder.partners`): `mixed` and `mixed_targets` of uint8 images before they are normalised.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from datavolume.study.model import Augmentation
from datavolume.training.feeding.augmentation.draws import beta, uniforms
from datavolume.training.feeding.augmentation.geometry import mixing_boxes
from datavolume.training.feeding.augmentation.pixels import per_image, within

__all__ = ["mix", "mixed", "mixed_targets", "one_hot"]


@dataclass(frozen=True)
class _Mixture:
    """shares [B]: of each image that is kept; boxes [B, 4]: what is pasted, where `pasted` [B] (cutmix)."""

    shares: NDArray[np.float64]
    boxes: NDArray[np.int64]
    pasted: NDArray[np.bool_]


def mix(
    augmentation: Augmentation, images: torch.Tensor, labels: torch.Tensor, classes: int, generator_seed: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """A shard's normalised images float [b, C, H, W] and targets float32 [b, classes]; both untouched without mixing.

    labels: int64 [b]. Of (seed, update, shard) alone, which `generator_seed` stands for.
    """
    if augmentation.appended or not (augmentation.mixup or augmentation.cutmix):
        return images, labels
    mixture = _draw(augmentation, np.array([generator_seed], dtype=np.uint64), *images.shape[-2:])
    share = float(mixture.shares[0])
    neighbours, targets = images.roll(augmentation.repeated, 0), one_hot(labels, classes)
    if mixture.pasted[0]:
        top, left, height, width = mixture.boxes[0].tolist()
        images = images.clone()
        inside = (..., slice(top, top + height), slice(left, left + width))
        images[inside] = neighbours[inside]
    else:
        images = neighbours.mul_(1.0 - share).add_(images.mul(share))
    return images, targets.roll(augmentation.repeated, 0).mul_(1.0 - share).add_(targets.mul(share))


def mixed(
    augmentation: Augmentation, images: torch.Tensor, partners: torch.Tensor, keys: NDArray[np.uint64]
) -> torch.Tensor:
    """Each image mixed with its own partner, by its own key: uint8 [B, C, H, W]."""
    mixture = _draw(augmentation, keys, *images.shape[-2:])
    pasted = torch.where(within(images, mixture.boxes), partners, images)
    if mixture.pasted.all():
        return pasted
    share, rest = (per_image(shares, images, torch.float32) for shares in (mixture.shares, 1.0 - mixture.shares))
    sums = (share * images).add_(rest * partners).round_().to(torch.uint8)
    return torch.where(per_image(mixture.pasted, images, torch.bool), pasted, sums)


def mixed_targets(
    augmentation: Augmentation,
    labels: torch.Tensor,
    partner_labels: torch.Tensor,
    classes: int,
    keys: NDArray[np.uint64],
    size: tuple[int, int],
) -> torch.Tensor:
    """What `mixed` images of this height and width show: float32 [B, classes], of labels int64 [B] each."""
    shares = _draw(augmentation, keys, *size).shares
    share, rest = (torch.from_numpy(part).to(labels.device, torch.float32)[:, None] for part in (shares, 1.0 - shares))
    return share * one_hot(labels, classes) + rest * one_hot(partner_labels, classes)


def one_hot(labels: torch.Tensor, classes: int) -> torch.Tensor:
    """float32 [B, classes]; without the look at the labels for which torch's own waits for a GPU."""
    return (labels[:, None] == torch.arange(classes, device=labels.device)).float()


def _draw(augmentation: Augmentation, keys: NDArray[np.uint64], height: int, width: int) -> _Mixture:
    drawn = uniforms(keys, "mixing", 4)
    pasted = np.full(len(keys), not augmentation.mixup)
    if augmentation.mixup and augmentation.cutmix:
        pasted = drawn[:, 0] < 0.5
    shares = np.where(
        pasted,
        beta(drawn[:, 1], augmentation.cutmix or 1.0),
        beta(drawn[:, 1], augmentation.mixup or 1.0),
    )
    boxes = mixing_boxes(shares, drawn[:, 2:], height, width)
    left_over = 1.0 - boxes[:, 2] * boxes[:, 3] / (height * width)
    return _Mixture(np.where(pasted, left_over, shares), boxes, pasted)
