"""Features of a frozen backbone: computed once per image, so that each update trains the head alone.

    store = FeatureStore()                                              one a block
    if cacheable(recipe):
        backbone, top = split_frozen(model)
        data = store.features(images, feed.batches, backbone, partial(tier.logits, backbone))
        feed = Feed(data, order, None, recipe)                          from here on, `top` is the network and `data`
        top(data.normalise(feed.shard(update, 0).images))               the images

They are computed in evaluation batches of 256, in the order of the images, and so are the same each time. They differ
in the last bits from what the backbone gives in a training batch, where sums are added in another order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cached_property

import torch
from torch import nn

from datavolume.study.model import Augmentation, Recipe
from datavolume.training.feeding.images import Images, Split

__all__ = ["FeatureStore", "Features", "cacheable"]

Batches = Callable[[str, Iterable[slice]], Iterator[tuple[torch.Tensor, torch.Tensor]]]  # as Feed.batches
Forward = Callable[[torch.Tensor], torch.Tensor]

_BATCH = 256  # as in evaluation: a sum's bits depend on it


def cacheable(recipe: Recipe) -> bool:
    """Whether an image has the same features whenever it is seen: a frozen backbone, and nothing drawn before it."""
    return recipe.network.frozen and replace(recipe.augmentation, repeated=1) == Augmentation()


class Features(Images):
    """Images as the backbone sees them: float32 [n, F] on the device; each split is computed when it is first used.

    `batches` gives uint8 images and labels of a split; `forward` is the backbone, float32 [B, C, H, W] -> [B, F].
    """

    def __init__(self, images: Images, batches: Batches, forward: Forward) -> None:
        super().__init__(images.index, images.subset, images.device)
        self.batches, self._forward, self._normalise = batches, forward, images.normalise

    @cached_property
    def train(self) -> Split:
        return self._computed("train")

    @cached_property
    def validation(self) -> Split:
        return self._computed("validation")

    @cached_property
    def tuning(self) -> Split:
        return self._computed("tuning")

    @cached_property
    def resident(self) -> bool:
        """Yes: a feature vector is smaller than its image, as a rule."""
        return True

    def normalise(self, images: torch.Tensor) -> torch.Tensor:
        """As they are: pixels were normalised in front of the backbone."""
        return images

    def _computed(self, name: str) -> Split:
        count = len(self.samples(name))
        batches = (slice(start, start + _BATCH) for start in range(0, count, _BATCH))
        with torch.inference_mode(False), torch.no_grad():  # nothing can be trained on tensors of inference mode
            parts = [(self._forward(self._normalise(images)), own) for images, own in self.batches(name, batches)]
            return Split(*(torch.cat(tensors) for tensors in zip(*parts, strict=True)))


class FeatureStore:
    """Keeps the newest features: the seeds of a block that share their backbone's weights compute them once."""

    def __init__(self) -> None:
        self._key = ""
        self._newest: Features | None = None

    def features(self, images: Images, batches: Batches, backbone: nn.Module, forward: Forward) -> Features:
        """Those that were computed from the same images by a backbone of the same weights, or new ones."""
        key = images.fingerprint + _fingerprint(backbone)
        if self._newest is None or key != self._key:
            self._key, self._newest = key, Features(images, batches, forward)
        self._newest.batches = batches  # the older one may be closed
        return self._newest


def _fingerprint(model: nn.Module) -> str:
    """SHA-256 of a network's values."""
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.contiguous().reshape(-1).view(torch.uint8).cpu().numpy().data)
    return digest.hexdigest()
