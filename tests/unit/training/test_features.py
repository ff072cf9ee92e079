"""Features of a frozen backbone: right, computed once, the same each time; runs on them agree with runs on images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from unit.training.studies import deterministic_bytes, make_study, train_all

from datavolume.data.index import load_index
from datavolume.data.subsets import load_subset
from datavolume.models.fitted import split_frozen
from datavolume.models.libraries import create
from datavolume.models.registry import build_model
from datavolume.models.weights import Weights
from datavolume.study.model import Augmentation, Network, Recipe
from datavolume.study.paths import Paths
from datavolume.study.plan import Plan
from datavolume.training import learner
from datavolume.training.feeding.features import Features, FeatureStore, cacheable
from datavolume.training.feeding.feed import Feed
from datavolume.training.feeding.images import Images
from datavolume.training.feeding.order import SampleOrder

CPU = torch.device("cpu")
RECIPE = Recipe(network=Network(pretrained=True, frozen=True, hidden=(16,), dropout=0.2))


class Counting:
    """A backbone, and how many images it has seen."""

    def __init__(self, backbone: nn.Module) -> None:
        self.backbone, self.images = backbone, 0

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        self.images += len(images)
        features: torch.Tensor = self.backbone(images)
        return features


def frozen(seed: int = 0) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(seed)
    network = Network(frozen=True)
    return split_frozen(build_model("small_cnn", classes=10, channels=1, image_size=(8, 8), network=network))


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> Images:
    paths, plan = make_study(tmp_path_factory.mktemp("features"))
    run = plan.runs[0]
    index = load_index(paths, run.dataset)
    return Images(index, load_subset(paths.subset(run.dataset, run.subset), index), CPU)


@pytest.fixture
def batches(images):
    with Feed(images, SampleOrder(len(images.subset), 32, 0, CPU), None, Recipe()) as feed:
        yield feed.batches


def test_features_are_the_backbones_of_each_image(images, batches):
    backbone, _ = frozen()
    features = Features(images, batches, backbone)
    for name, samples in (("train", images.subset), ("validation", images.index.validation_samples)):
        split = features.split(name)
        assert split.images.shape == (len(samples), 64)
        assert np.array_equal(split.labels.numpy(), images.index.labels[samples])
        with torch.no_grad():
            expected = backbone(images.normalise(images.split(name).images))
        torch.testing.assert_close(features.normalise(split.images), expected)
    assert features.fingerprint == images.fingerprint
    assert features.full_size == images.full_size


def test_features_can_be_trained_on_wherever_they_were_computed_first(images, batches):
    backbone, top = frozen()
    features = Features(images, batches, backbone)
    with torch.inference_mode():  # as an evaluation before the first update
        found = features.train.images
    top(found).sum().backward()
    assert all(parameter.grad is not None for parameter in top.parameters())


def test_each_image_goes_through_the_backbone_once_for_all_seeds_that_share_it(images, batches):
    store, shared = FeatureStore(), Counting(frozen()[0])
    first = store.features(images, batches, shared.backbone, shared)
    assert shared.images == 0
    _ = first.train, first.train
    same = store.features(images, batches, frozen()[0], shared)
    _ = same.train
    assert same is first
    assert shared.images == len(images.subset)

    other = Counting(frozen(seed=1)[0])
    second = store.features(images, batches, other.backbone, other)
    assert not torch.equal(second.train.images, first.train.images)
    assert other.images == len(images.subset)


def test_kept_features_read_images_through_the_newest_feed(images, batches):
    def closed(_split: str, _batches: Iterable[slice]) -> Iterator[Any]:
        raise AssertionError("closed")

    backbone, _ = frozen()
    store = FeatureStore()
    store.features(images, closed, backbone, backbone)
    assert len(store.features(images, batches, backbone, backbone).validation.labels) == len(
        images.index.validation_samples
    )


def test_only_frozen_networks_on_unchanged_images_are_cached():
    assert cacheable(RECIPE)
    assert cacheable(Recipe(network=RECIPE.network, augmentation=Augmentation(repeated=3)))
    assert not cacheable(Recipe(network=Network(pretrained=True)))
    for augmentation in (Augmentation(flip=0.5), Augmentation(mixup=0.2), Augmentation(crop="padded")):
        assert not cacheable(Recipe(network=RECIPE.network, augmentation=augmentation))


def frozen_study(root: Path) -> tuple[Paths, Plan]:
    """Two seeds of a pretrained, frozen network; its weights are drawn here."""
    paths, plan = make_study(root, architecture="small_cnn", seeds=(0, 1), network=RECIPE.network, learning_rate=0.01)
    torch.manual_seed(7)
    model = create("small_cnn", classes=4, channels=1, size=(8, 8))
    state = model.state_dict()
    weights = Weights(
        architecture="small_cnn", state=state, mean=(0.2,), std=(0.3,), size=(8, 8), source="drawn for a test"
    )
    weights.write(paths.weights("small_cnn"))
    return paths, plan


def curves(paths: Paths, plan: Plan) -> pd.DataFrame:
    return pd.concat([pd.read_csv(paths.run_file(*block, "metrics.csv")) for block in plan.blocks])


def test_runs_on_features_agree_with_runs_on_images_and_repeat_to_the_bit(tmp_path, monkeypatch):
    runs = {}
    for name in ("kept", "again", "images"):
        if name == "images":
            monkeypatch.setattr(learner, "cacheable", lambda _recipe: False)
        runs[name] = frozen_study(tmp_path / name)
        train_all(*runs[name])
    assert deterministic_bytes(*runs["kept"]) == deterministic_bytes(*runs["again"])
    kept, whole = curves(*runs["kept"]), curves(*runs["images"])
    assert kept["loss"].iloc[0] > kept["loss"].iloc[-1]  # it learns
    numbers = kept.select_dtypes("number").columns
    np.testing.assert_allclose(kept[numbers], whole[numbers], rtol=1e-3, atol=1e-4)
