"""What happens to each training image by itself, in the order in which it happens.

augmenter = Augmenter(augmentation, image_size, device)
images = augmenter.geometry(images, keys)               of the tensor store; the decoder of images does this by itself
images = augmenter.images(images, keys)                 policy, shift, contrast, [appended: mixing], border; uint8
images = augmenter.normalised(data.normalise(images), keys)                                random erasing, in place

Every draw comes from the image's key, so that neither the batch nor the processes matter. What the recipe leaves out
costs nothing: a step with nothing to do returns the very tensor that it was given.

With `appended`, all of it happens to appended entries alone (`appended`: bool [B], which these are); where these are
mixed, the images and keys of their partners are needed too, and `targets` says what they show then.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from datavolume.study.model import Augmentation
from datavolume.training.feeding.augmentation.draws import choices, uniforms
from datavolume.training.feeding.augmentation.geometry import Size, crop_boxes, erasing_boxes, flips
from datavolume.training.feeding.augmentation.mixing import mixed, mixed_targets, one_hot
from datavolume.training.feeding.augmentation.operations import apply_step, contrasted
from datavolume.training.feeding.augmentation.pixels import cropped, masked, mirror_, picked, resized
from datavolume.training.feeding.augmentation.policies import steps

__all__ = ["Augmenter", "Partners"]

Keys = NDArray[np.uint64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Partners:
    """What the appended images of a batch are mixed with, one each, in their order: after `geometry`, with its keys."""

    images: torch.Tensor
    labels: torch.Tensor
    keys: Keys


class Augmenter:
    """The augmentation of one run, on batches of any size: uint8 [B, C, H, W] on the device, keys uint64 [B]."""

    def __init__(self, augmentation: Augmentation, image_size: Size, device: torch.device) -> None:
        self._augmentation, self._device = augmentation, device
        self._size = image_size if isinstance(image_size, tuple) else (image_size, image_size)

    @property
    def needs_keys(self) -> bool:
        """Whether anything is drawn for single images."""
        a = self._augmentation
        return self._moves or self._repaints or bool(a.erasing) or self.mixes_appended

    @property
    def mixes_appended(self) -> bool:
        """Whether appended images have partners."""
        a = self._augmentation
        return bool(a.appended and (a.mixup or a.cutmix))

    def geometry(self, images: torch.Tensor, keys: Keys, appended: Flags | None = None) -> torch.Tensor:
        """Crop and mirror: uint8 [B, C, *image_size], or the same tensor where the recipe has neither."""
        if not self._moves:
            return images
        mirrored = flips(self._augmentation, keys, changed=self._changed(appended))
        images = images.clone() if self._augmentation.crop == "none" else self._cropped(images, keys, appended)
        mirror_(images, mirrored)
        return images

    def images(
        self, images: torch.Tensor, keys: Keys, appended: Flags | None = None, partners: Partners | None = None
    ) -> torch.Tensor:
        """What changes the pixels of a cropped image: uint8 of the same shape; its input stays as it is."""
        changed = self._changed(appended)
        if not (self._repaints or self.mixes_appended):
            return images
        if changed is None:
            return self._bordered(self._repainted(images, keys), keys)
        rows = np.flatnonzero(changed)
        if not len(rows):
            return images
        index = torch.from_numpy(rows).to(images.device)
        own = self._repainted(images.index_select(0, index), keys[rows])
        if self.mixes_appended:
            assert partners is not None, "appended images that are mixed have partners"
            others = self._repainted(partners.images, partners.keys)
            own = mixed(self._augmentation, own, others, keys[rows])
        return images.index_copy(0, index, self._bordered(own, keys[rows]))

    def normalised(self, images: torch.Tensor, keys: Keys, appended: Flags | None = None) -> torch.Tensor:
        """Random erasing, in place: boxes of normalised images float [B, C, H, W] become 0, the mean colour."""
        if not self._augmentation.erasing:
            return images
        boxes, changed = erasing_boxes(self._augmentation, keys, *images.shape[-2:]), self._changed(appended)
        erased = boxes[:, 2] > 0 if changed is None else (boxes[:, 2] > 0) & changed
        for row in np.flatnonzero(erased).tolist():
            top, left, height, width = boxes[row].tolist()
            images[row, :, top : top + height, left : left + width] = 0
        return images

    def targets(
        self, labels: torch.Tensor, keys: Keys, classes: int, appended: Flags, partners: Partners
    ) -> torch.Tensor:
        """What a batch with mixed appended images shows: float32 [B, classes], of labels int64 [B]."""
        targets, rows = one_hot(labels, classes), np.flatnonzero(appended)
        index = torch.from_numpy(rows).to(labels.device)
        size = partners.images.shape[-2], partners.images.shape[-1]
        own = mixed_targets(
            self._augmentation, labels.index_select(0, index), partners.labels, classes, keys[rows], size
        )
        return targets.index_copy(0, index, own)

    @property
    def _moves(self) -> bool:
        return self._augmentation.crop != "none" or self._augmentation.flip > 0

    @property
    def _repaints(self) -> bool:
        a = self._augmentation
        return a.policy != "none" or bool(a.shift or a.contrast or a.border)

    def _changed(self, appended: Flags | None) -> Flags | None:
        """Which images are transformed: None for all."""
        assert not self._augmentation.appended or appended is not None, "which entries are appended must be said"
        return appended if self._augmentation.appended else None

    def _cropped(self, images: torch.Tensor, keys: Keys, appended: Flags | None) -> torch.Tensor:
        heights, widths = (np.full(len(keys), side) for side in images.shape[-2:])
        changed = self._changed(appended)
        boxes = crop_boxes(self._augmentation, keys, heights, widths, self._size, changed=changed)
        if self._augmentation.crop == "random_resized":
            return resized(images, boxes, self._size)
        return cropped(images, boxes)

    def _repainted(self, images: torch.Tensor, keys: Keys) -> torch.Tensor:
        height, width = images.shape[-2:]
        for step in steps(self._augmentation, keys, height, width):
            images = apply_step(images, step)
        if self._augmentation.shift:
            images = self._shifted(images, keys)
        if self._augmentation.contrast:
            images = contrasted(images, 1.0 + self._augmentation.contrast * uniforms(keys, "contrast", 1)[:, 0])
        return images

    def _shifted(self, images: torch.Tensor, keys: Keys) -> torch.Tensor:
        """By whole pixels, up to a share of the side each way; what leaves on one side comes in on the other."""
        sides, drawn = images.shape[-2:], uniforms(keys, "shift", 2)
        farthest = [_pixels(self._augmentation.shift, side) for side in sides]
        shifts = [choices(drawn[:, axis], 2 * most + 1) - most for axis, most in enumerate(farthest)]
        rows, columns = ((np.arange(side) - by[:, None]) % side for side, by in zip(sides, shifts, strict=True))
        return picked(images, rows, columns)

    def _bordered(self, images: torch.Tensor, keys: Keys) -> torch.Tensor:
        """Black rows above and below, black columns left and right: as many on both sides, each axis by itself."""
        if not self._augmentation.border:
            return images
        sides, drawn = images.shape[-2:], uniforms(keys, "border", 2)
        widest = [_pixels(self._augmentation.border, side) for side in sides]
        top, left = (choices(drawn[:, axis], most + 1) for axis, most in enumerate(widest))
        return masked(images, np.stack([top, left, sides[0] - 2 * top, sides[1] - 2 * left], axis=1))


def _pixels(share: float, side: int) -> int:
    """Whole pixels in a share of a side, where 0.29 of 100 is 29 although 0.29 * 100 is a little less."""
    return math.floor(share * side + 1e-9)
