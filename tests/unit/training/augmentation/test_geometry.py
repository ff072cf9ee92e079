from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision.transforms import RandomErasing, RandomResizedCrop

from datavolume.study.model import Augmentation
from datavolume.training.feeding.augmentation.draws import uniforms
from datavolume.training.feeding.augmentation.geometry import (
    centre_boxes,
    crop_boxes,
    erasing_boxes,
    flips,
    mixing_boxes,
)

KEYS = np.arange(20_000, dtype=np.uint64)
RESIZED = Augmentation(crop="random_resized")


def sides(height: int, width: int, count: int = len(KEYS)) -> tuple[np.ndarray, np.ndarray]:
    return np.full(count, height), np.full(count, width)


def test_the_centre_is_of_the_image_size_or_of_the_shorter_side() -> None:
    boxes = centre_boxes(np.array([256, 320, 100]), np.array([320, 256, 300]), 224)
    assert boxes.tolist() == [[16, 48, 224, 224], [48, 16, 224, 224], [0, 100, 100, 100]]


def test_the_centre_of_an_original_is_the_share_that_its_resized_copy_would_show() -> None:
    assert centre_boxes(np.array([512]), np.array([600]), 224, resize=256).tolist() == [[32, 76, 448, 448]]


def test_the_centre_of_a_height_and_width_is_a_rectangle() -> None:
    assert centre_boxes(np.array([30]), np.array([30]), (28, 20)).tolist() == [[1, 5, 28, 20]]


def test_without_a_crop_the_box_is_the_centre() -> None:
    heights, widths = sides(256, 300, 3)
    boxes = crop_boxes(Augmentation(flip=0.5), KEYS[:3], heights, widths, 224)
    assert (boxes == centre_boxes(heights, widths, 224)).all()


def test_padded_crops_lie_evenly_at_every_place_of_the_padded_image() -> None:
    boxes = crop_boxes(Augmentation(crop="padded", padding=4), KEYS, *sides(32, 34), 32)
    assert (boxes[:, 2:] == 32).all()
    for column, places in ((0, 9), (1, 11)):
        counts = np.bincount(boxes[:, column] + 4)
        assert len(counts) == places
        assert np.abs(counts / len(KEYS) - 1 / places).max() < 0.01


def naive_random_resized(key: int, height: int, width: int, smallest_area: float) -> list[int]:
    """The ten tries of torchvision's RandomResizedCrop.get_params, on the draws of this key."""
    for area, ratio, top, left in uniforms(np.array([key], dtype=np.uint64), "random_resized_crop", 40).reshape(10, 4):
        target = height * width * (smallest_area + (1 - smallest_area) * area)
        aspect = float(np.exp(np.log(3 / 4) + (np.log(4 / 3) - np.log(3 / 4)) * ratio))
        w, h = round((target * aspect) ** 0.5), round((target / aspect) ** 0.5)
        if 0 < w <= width and 0 < h <= height:
            return [int(top * (height - h + 1)), int(left * (width - w + 1)), h, w]
    raise AssertionError("no box fits")


def test_random_resized_crops_are_the_first_box_that_fits() -> None:
    boxes = crop_boxes(RESIZED, KEYS[:50], *sides(90, 60, 50), 32)
    assert boxes.tolist() == [naive_random_resized(key, 90, 60, 0.08) for key in range(50)]


def test_random_resized_crops_are_spread_as_torchvisions() -> None:
    torch.manual_seed(0)
    image = torch.empty(1, 90, 60)
    theirs = np.array([RandomResizedCrop.get_params(image, [0.08, 1.0], [3 / 4, 4 / 3]) for _ in range(2000)])
    ours = crop_boxes(RESIZED, KEYS, *sides(90, 60), 32)
    assert np.abs(ours.mean(axis=0) - theirs.mean(axis=0)).max() < 1.5
    assert np.abs(np.quantile(ours, [0.1, 0.9], axis=0) - np.quantile(theirs, [0.1, 0.9], axis=0)).max() <= 3


def test_images_too_long_for_any_box_are_cut_at_the_centre() -> None:
    boxes = crop_boxes(RESIZED, KEYS[:2], np.array([10, 1000]), np.array([1000, 10]), 32)
    assert boxes.tolist() == [[0, 493, 10, 13], [493, 0, 13, 10]]


def test_images_that_are_not_changed_are_seen_as_in_an_evaluation() -> None:
    heights, widths = sides(40, 50, 4)
    changed = np.array([True, False, True, False])
    for crop in ("padded", "random_resized"):
        augmentation = Augmentation(crop=crop, flip=1.0)
        boxes = crop_boxes(augmentation, KEYS[:4], heights, widths, 32, changed=changed)
        assert (boxes[changed] == crop_boxes(augmentation, KEYS[:4], heights, widths, 32)[changed]).all()
        assert (boxes[~changed] == centre_boxes(heights, widths, 32)[~changed]).all()
        assert flips(augmentation, KEYS[:4], changed=changed).tolist() == changed.tolist()


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_flips_have_their_share(share: float) -> None:
    assert abs(flips(Augmentation(flip=share), KEYS).mean() - share) < 0.01


def test_erased_boxes_are_spread_as_torchvisions_and_lie_within() -> None:
    torch.manual_seed(0)
    image = torch.empty(3, 40, 30)
    theirs = np.array([RandomErasing.get_params(image, (0.02, 0.33), (0.3, 3.3), [0.0])[:4] for _ in range(2000)])
    ours = erasing_boxes(Augmentation(erasing=1.0), KEYS, 40, 30)
    assert np.abs(ours.mean(axis=0) - theirs.mean(axis=0)).max() < 1
    assert (ours[:, 0] + ours[:, 2] <= 40).all()
    assert (ours[:, 1] + ours[:, 3] <= 30).all()


def test_a_share_of_the_images_is_erased() -> None:
    boxes = erasing_boxes(Augmentation(erasing=0.1), KEYS, 32, 32)
    assert abs((boxes[:, 2] > 0).mean() - 0.1) < 0.01


def test_pasted_boxes_are_cut_at_the_edges() -> None:
    shares = np.array([0.75, 0.75, 1.0])  # half the side: 0.5 * sqrt(0.25) * 8 = 2 pixels each way
    centres = np.array([[0.5, 0.125], [0.99, 0.5], [0.5, 0.5]])  # (x, y) = (4, 1), (7, 4), (4, 4)
    assert mixing_boxes(shares, centres, 8, 8).tolist() == [[0, 2, 3, 4], [2, 5, 4, 3], [4, 4, 0, 0]]


def test_the_boxes_of_finished_runs_never_change() -> None:
    keys, side = KEYS[:2], np.full(2, 32)
    assert crop_boxes(Augmentation(crop="padded"), keys, side, side, 32).tolist() == [[-1, 3, 32, 32], [3, -4, 32, 32]]
    assert crop_boxes(RESIZED, keys, side * 7, side * 8, 224).tolist() == [[9, 10, 189, 228], [0, 45, 194, 210]]
    assert erasing_boxes(Augmentation(erasing=0.9), keys, 32, 32).tolist() == [[11, 21, 18, 8], [8, 7, 15, 21]]
