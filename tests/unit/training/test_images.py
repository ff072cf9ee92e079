"""The images of a block: which they are, and what normalises them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from unit.training.stores import HELD_OUT, IMAGES, jpeg_index, tensors_index

from datavolume.training.feeding import images as module
from datavolume.training.feeding.images import Images

CPU = torch.device("cpu")
SUBSET = np.array([1, 5, 6, 20])


def test_the_splits_hold_the_images_and_labels_of_their_samples() -> None:
    index = tensors_index()
    data = Images(index, SUBSET, CPU)
    np.testing.assert_array_equal(data.train.images.numpy(), index.images[SUBSET])
    np.testing.assert_array_equal(data.train.labels.numpy(), SUBSET % 3)
    assert len(data.validation.labels) == HELD_OUT
    assert data.full_size == IMAGES - HELD_OUT


def test_images_set_aside_for_tuning_are_in_no_other_split() -> None:
    aside = np.arange(IMAGES) == 3
    index = tensors_index()
    index = dataclasses.replace(index, train=index.train & ~aside, tuning=aside)
    data = Images(index, SUBSET, CPU)
    assert data.samples("tuning").tolist() == [3]
    assert torch.equal(data.split("tuning").images[0], torch.from_numpy(index.images[3]))
    assert 3 not in data.samples("validation")
    assert data.samples("train").tolist() == SUBSET.tolist()


def test_normalised_pixels_are_zero_at_the_mean_and_one_a_deviation_above() -> None:
    index = tensors_index()
    data = Images(index, SUBSET, CPU)
    pixels = torch.zeros(1, 3, 2, 2, dtype=torch.uint8)
    mean, std = (torch.tensor(values)[:, None, None] for values in (index.mean, index.std))
    torch.testing.assert_close(data.normalise(pixels)[0], (-mean / std).expand(3, 2, 2))
    torch.testing.assert_close(data.normalise(pixels + 51)[0], ((0.2 - mean) / std).expand(3, 2, 2))


def test_large_images_are_normalised_to_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    data = Images(tensors_index(), SUBSET, CPU)
    together = data.normalise(data.train.images)
    monkeypatch.setattr(module, "_LARGE_IMAGE", 1)
    assert torch.equal(data.normalise(data.train.images), together)


def test_the_fingerprint_is_that_of_images_and_subset() -> None:
    index = tensors_index()
    first = Images(index, SUBSET, CPU).fingerprint
    assert Images(index, SUBSET, CPU).fingerprint == first
    assert Images(index, SUBSET[:3], CPU).fingerprint != first
    assert Images(dataclasses.replace(index, fingerprint="other"), SUBSET, CPU).fingerprint != first


def test_small_tensors_lie_in_memory_and_all_else_is_read_by_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    index = tensors_index()
    assert Images(index, SUBSET, CPU).resident
    assert not Images(jpeg_index(), SUBSET, CPU).resident
    monkeypatch.setattr(module, "_RESIDENT_BYTES", index.images.nbytes - 1)
    assert not Images(index, SUBSET, CPU).resident
