from __future__ import annotations

import numpy as np
import pytest
import torch
import torchvision.transforms.functional as TF
from torchvision.transforms import InterpolationMode
from torchvision.transforms.autoaugment import RandAugment, TrivialAugmentWide, _apply_op

from datavolume.errors import UserError
from datavolume.training.feeding.augmentation import policies
from datavolume.training.feeding.augmentation.operations import apply_step, contrasted
from datavolume.training.feeding.augmentation.policies import OPERATIONS, Step

SIZES = [(3, 32, 32), (1, 28, 28), (3, 33, 20)]


def random_images(count: int, channels: int, height: int, width: int) -> torch.Tensor:
    """Noise; the second half is dark, so that its contrast can be stretched."""
    values = np.random.default_rng(0).integers(0, 256, (count, channels, height, width))
    values[count // 2 :] //= 3
    return torch.from_numpy(values.astype(np.uint8))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("policy", ["trivial_augment", "rand_augment"])
@pytest.mark.parametrize("number", range(len(OPERATIONS)))
def test_each_operation_is_torchvisions_to_the_last_bit(number: int, policy: str, size: tuple[int, int, int]) -> None:
    if policy == "trivial_augment":
        table, space = policies._wide(), TrivialAugmentWide()._augmentation_space(31)
    else:
        table, space = policies._rand_augment(*size[1:]), RandAugment()._augmentation_space(31, size[1:])
    name, (magnitudes, signed) = list(space.items())[number]
    for level in (0, 9, 30):
        for sign in (1, -1) if signed else (1,):
            images = random_images(2, *size)
            step = Step(np.full(2, number), np.full(2, sign * table[number, level]))
            magnitude = sign * float(magnitudes[level]) if magnitudes.ndim else 0.0
            expected = torch.stack(
                [_apply_op(image, name, magnitude, InterpolationMode.BILINEAR, None) for image in images]
            )
            assert torch.equal(apply_step(images, step), expected), (name, level, sign)


def test_a_translation_moves_whole_pixels_and_leaves_black() -> None:
    image = torch.tensor([[[[1, 2, 3], [4, 5, 6]]]], dtype=torch.uint8)
    right = Step(np.array([OPERATIONS.index("translate_x")]), np.array([1.0]))
    up = Step(np.array([OPERATIONS.index("translate_y")]), np.array([-1.0]))
    assert apply_step(image, right).tolist() == [[[[0, 1, 2], [0, 4, 5]]]]
    assert apply_step(image, up).tolist() == [[[[4, 5, 6], [0, 0, 0]]]]


def test_images_of_one_colour_are_neither_stretched_nor_equalized() -> None:
    images = torch.full((2, 3, 8, 8), 77, dtype=torch.uint8)
    step = Step(np.array([OPERATIONS.index("autocontrast"), OPERATIONS.index("equalize")]), np.zeros(2))
    assert torch.equal(apply_step(images, step), images)


def test_images_of_two_pixels_are_not_sharpened() -> None:
    images = random_images(1, 3, 2, 9)
    step = Step(np.array([OPERATIONS.index("sharpness")]), np.array([0.9]))
    assert torch.equal(apply_step(images, step), images)


def test_each_image_of_a_batch_gets_its_own_operation() -> None:
    images, numbers = random_images(28, 3, 16, 16), np.arange(28) % 14
    step = Step(numbers, policies._wide()[numbers, np.arange(28)])
    alone = [
        apply_step(images[i : i + 1], Step(step.operations[i : i + 1], step.magnitudes[i : i + 1])) for i in range(28)
    ]
    assert torch.equal(apply_step(images, step), torch.cat(alone))


def test_contrast_is_torchvisions() -> None:
    images, factors = random_images(3, 3, 32, 32), np.array([1.0, 1.7, 3.0])
    expected = [TF.adjust_contrast(image, factor) for image, factor in zip(images, factors, strict=True)]
    assert torch.equal(contrasted(images, factors), torch.stack(expected))


def test_images_of_two_channels_are_refused_whatever_is_drawn() -> None:
    step = Step(np.array([OPERATIONS.index("identity")]), np.zeros(1))
    with pytest.raises(UserError, match="1 or 3 channels, but these have 2"):
        apply_step(random_images(1, 2, 8, 8), step)
