"""What an update changes: the network, its optimiser, the average of its weights, the loss scale; and how it is fed.

learner = Learner(run, stretch, images, group, workers)
loss = learner.loss_of_shard(update, shard)         differentiable; then gradients, then
learner.step(update, rate)
with learner.evaluating(): ...                      the averaged weights, where the recipe has them
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, Self

import torch
import torch.nn.functional as F

from datavolume.data.index import Index
from datavolume.models.fitted import head, split_frozen
from datavolume.models.registry import build_model
from datavolume.study.model import Augmentation, Recipe, Run
from datavolume.training.determinism import derived_seed, reseed
from datavolume.training.feeding.augmentation.apply import Augmenter
from datavolume.training.feeding.augmentation.mixing import mix
from datavolume.training.feeding.features import FeatureStore, cacheable
from datavolume.training.feeding.feed import Feed, Shard
from datavolume.training.feeding.images import Images
from datavolume.training.feeding.order import SampleOrder
from datavolume.training.processes.distributed import Group
from datavolume.training.timeline import Stretch
from datavolume.training.updating.averaging import Ema
from datavolume.training.updating.gradient import Gradient
from datavolume.training.updating.optimisation import Optimizer
from datavolume.training.updating.precision import Tier
from datavolume.training.updating.schedule import warmup_updates

__all__ = ["Learner"]


class Learner:
    """Of one stretch of a run. Random draws of a later phase belong to it: (seed, phase), then as in the first.

    `network` is what is trained and saved: the whole model, or its head where a frozen backbone's features are kept.
    """

    def __init__(
        self,
        run: Run,
        stretch: Stretch,
        images: Images,
        group: Group,
        features: FeatureStore,
        *,
        weights: Path | None = None,
        workers: int = 0,
    ) -> None:
        recipe, device = stretch.recipe, group.device
        self._recipe, self._stretch, self._group, self._images = recipe, stretch, group, images
        self._seed = derived_seed(run.seed, "phase", stretch.number) if stretch.number else run.seed
        reseed(device, derived_seed(self._seed, "initialisation"))
        self.tier = Tier(recipe, device)
        self.model = self.network = _model(run.architecture, recipe, images.index, weights).to(device).train()
        self.tier.prepare(self.model)
        augmenter = Augmenter(recipe.augmentation, images.index.image_size, device)
        self._augmenter = None if recipe.augmentation == Augmentation() else augmenter
        self.feed = self._pixels = self._open_feed(workers)
        if cacheable(recipe):  # from here on, the images are features, and the network is its head
            backbone, self.network = split_frozen(self.model)
            forward = partial(self.tier.logits, backbone)
            self._images = features.features(images, self._pixels.batches, backbone, forward)
            self.feed = self._open_feed()
        self.optimizer = Optimizer(recipe, self.network, head(self.model).parameters() if recipe.network.l2 else ())
        warmup = warmup_updates(recipe, stretch.unit)
        self.average = Ema(self.network, recipe.ema_decay, recipe.ema_every, warmup) if recipe.ema_decay else None
        self._gradient = Gradient(self.network, recipe.shards, group, self.tier)

    def _open_feed(self, workers: int = 0) -> Feed:
        """Of the shards that are this process's."""
        recipe, images, group = self._recipe, self._images, self._group
        order = SampleOrder(len(images.subset), recipe.batch_size, self._seed, group.device, recipe.augmentation)
        own = recipe.shards // group.size
        shards = range(group.rank * own, (group.rank + 1) * own)
        return Feed(images, order, self._augmenter, recipe, workers, shards=shards, updates=self._stretch.updates)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End what reads ahead."""
        self.feed.close()
        self._pixels.close()

    def gradient(self, update: int, signal: int) -> tuple[torch.Tensor, int]:
        """The batch's loss, every parameter's gradient set; and a stop signal that any process has seen, or 0."""
        return self._gradient.compute(partial(self.loss_of_shard, update - self._stretch.first), signal)

    def loss_of_shard(self, update: int, shard: int) -> torch.Tensor:
        """The shard's part of the batch's mean loss; `update` counts from the stretch's first.

        What it draws (dropout, mixing) belongs to (seed, update, shard).
        """
        batch = self.feed.shard(update, shard)
        inputs, targets = self._images.normalise(batch.images), batch.labels
        if self._augmenter is not None:
            inputs, targets = self._augmented(
                self._augmenter, inputs, batch, derived_seed(self._seed, "mixing", update, shard)
            )
        reseed(self._group.device, derived_seed(self._seed, "dropout", update, shard))
        logits = self.tier.logits(self.network, inputs)
        smoothing = self._recipe.label_smoothing
        total = F.cross_entropy(logits, targets, label_smoothing=smoothing, reduction="sum")
        return total / self._recipe.batch_size

    def _augmented(
        self, augmenter: Augmenter, inputs: torch.Tensor, batch: Shard, seed: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Erasing and mixing, which come after normalisation; labels [b], or targets [b, K] where images are mixed."""
        classes, targets = len(self._images.index.classes), batch.labels
        if batch.keys is not None:
            inputs = augmenter.normalised(inputs, batch.keys, batch.appended)
            if augmenter.mixes_appended and batch.partners is not None and batch.appended is not None:
                targets = augmenter.targets(targets, batch.keys, classes, batch.appended, batch.partners)
        return mix(self._recipe.augmentation, inputs, targets, classes, seed)

    def step(self, update: int, rate: float) -> None:
        """Of the run's update `update`, from every parameter's gradient."""
        self.tier.step(self.optimizer, rate)
        if self.average is not None:
            self.average.update(self.network, update - self._stretch.first + 1)

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """In evaluation mode, with the averaged weights where there are such; nothing of it lasts."""
        self.network.eval()
        with self.average.applied(self.network) if self.average else nullcontext():
            self._group.broadcast(self.network.buffers())  # the first process has those of shard 0
            yield
        self.network.train()

    @torch.inference_mode()
    def logits(self, images: torch.Tensor) -> torch.Tensor:
        """float32 [B, K] of images uint8 [B, C, H, W]."""
        return self.tier.logits(self.network, self._images.normalise(images))

    @property
    def state(self) -> dict[str, Any]:
        """For a checkpoint: `model`, `optimizer`, `average` and `scale`."""
        average = self.average.state if self.average else None
        return {
            "model": self.network.state_dict(),
            "optimizer": self.optimizer.state,
            "average": average,
            "scale": self.tier.state or None,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over such a state. Raises RuntimeError, ValueError or KeyError where it is of another network."""
        self.network.load_state_dict(state["model"])
        if state["optimizer"] is not None:
            self.optimizer.load(state["optimizer"])
        if self.average:
            self.average.load(state["average"]) if state["average"] else self.average.update(self.network, 0)
        if state["scale"]:
            self.tier.load(state["scale"])


def _model(architecture: str, recipe: Recipe, index: Index, weights: Path | None) -> torch.nn.Module:
    """As it is before the first update; what is drawn comes from the generator as it stands."""
    return build_model(
        architecture,
        classes=len(index.classes),
        channels=index.channels,
        image_size=index.image_size,
        network=recipe.network,
        weights=weights,
        normalisation=(index.mean, index.std),
    )
