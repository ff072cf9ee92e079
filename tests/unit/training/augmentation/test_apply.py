from __future__ import annotations

import numpy as np
import pytest
import torch
import torchvision.transforms.functional as TF
import torchvision.transforms.v2.functional as V2

from datavolume.study.model import Augmentation
from datavolume.training.feeding.augmentation.apply import Augmenter, Partners
from datavolume.training.feeding.augmentation.draws import uniforms
from datavolume.training.feeding.augmentation.geometry import crop_boxes, erasing_boxes, flips
from datavolume.training.feeding.augmentation.mixing import mixed, mixed_targets

KEYS = np.arange(40, dtype=np.uint64)
EVERYTHING = {
    "padded": Augmentation(crop="padded", padding=3, flip=0.5),
    "random_resized": Augmentation(crop="random_resized", flip=0.5),
    "flip": Augmentation(flip=0.5),
    "trivial_augment": Augmentation(policy="trivial_augment"),
    "rand_augment": Augmentation(policy="rand_augment", operations=3, magnitude=20),
    "shift": Augmentation(shift=0.2),
    "contrast": Augmentation(contrast=2.0),
    "border": Augmentation(border=0.2),
    "erasing": Augmentation(erasing=0.5),
}


def random_images(count: int, side: int = 20, channels: int = 3, seed: int = 0) -> torch.Tensor:
    values = np.random.default_rng(seed).integers(0, 256, (count, channels, side, side))
    return torch.from_numpy(values.astype(np.uint8))


def augmenter(augmentation: Augmentation, side: int = 20) -> Augmenter:
    return Augmenter(augmentation, side, torch.device("cpu"))


def everything(augmentation: Augmentation, images: torch.Tensor, keys: np.ndarray) -> torch.Tensor:
    own = augmenter(augmentation)
    return own.normalised(own.images(own.geometry(images, keys), keys).float() - 100, keys)


@pytest.mark.parametrize("name", EVERYTHING)
def test_an_image_looks_the_same_in_any_batch(name: str) -> None:
    images, augmentation = random_images(40), EVERYTHING[name]
    together = everything(augmentation, images, KEYS)
    assert not torch.equal(together, images.float() - 100)
    alone = [everything(augmentation, images[i : i + 1], KEYS[i : i + 1]) for i in range(40)]
    assert torch.equal(together, torch.cat(alone))
    order = np.random.default_rng(1).permutation(40)
    assert torch.equal(everything(augmentation, images[order], KEYS[order]), together[order])


@pytest.mark.parametrize("name", EVERYTHING)
def test_the_images_that_are_given_stay_as_they_are(name: str) -> None:
    images = random_images(40)
    everything(EVERYTHING[name], images, KEYS)
    assert torch.equal(images, random_images(40))


@pytest.mark.parametrize("name", EVERYTHING)
def test_what_needs_keys_says_so(name: str) -> None:
    assert augmenter(EVERYTHING[name]).needs_keys


def test_without_augmentation_the_very_tensors_come_back() -> None:
    for augmentation in (Augmentation(), Augmentation(repeated=4, mixup=1.0, cutmix=1.0)):
        images, own = random_images(3), augmenter(augmentation)
        assert not own.needs_keys
        assert own.geometry(images, KEYS[:3]) is images
        assert own.images(images, KEYS[:3]) is images
        floats = images.float()
        assert own.normalised(floats, KEYS[:3]) is floats
        assert torch.equal(floats, images.float())


@pytest.mark.parametrize("side", [20, 70])
def test_padded_crops_and_flips_are_torchvisions_of_the_same_boxes(side: int) -> None:
    images, augmentation = random_images(40, side), EVERYTHING["padded"]
    boxes = crop_boxes(augmentation, KEYS, np.full(40, side), np.full(40, side), side - 2)
    mirrored = flips(augmentation, KEYS)
    cropped = [
        TF.crop(TF.pad(image, 3), top + 3, left + 3, height, width)
        for image, (top, left, height, width) in zip(images, boxes.tolist(), strict=True)
    ]
    expected = [TF.hflip(image) if flip else image for image, flip in zip(cropped, mirrored, strict=True)]
    assert torch.equal(augmenter(augmentation, side - 2).geometry(images, KEYS), torch.stack(expected))


def test_random_resized_crops_are_torchvisions_of_the_same_boxes() -> None:
    images, augmentation = random_images(40), EVERYTHING["random_resized"]
    boxes = crop_boxes(augmentation, KEYS, np.full(40, 20), np.full(40, 20), 12)
    mirrored = flips(augmentation, KEYS)
    resized = [V2.resized_crop(image, *box.tolist(), [12, 12]) for image, box in zip(images, boxes, strict=True)]
    expected = torch.stack([TF.hflip(image) if flip else image for image, flip in zip(resized, mirrored, strict=True)])
    result = augmenter(augmentation, 12).geometry(images, KEYS)
    assert (result.int() - expected.int()).abs().max() <= 1  # torchvision computes in floats without AVX2


@pytest.mark.parametrize("name", EVERYTHING)
def test_the_layout_in_memory_changes_nothing(name: str) -> None:
    images, augmentation = random_images(40), EVERYTHING[name]
    channels_last = images.contiguous(memory_format=torch.channels_last)
    assert torch.equal(everything(augmentation, channels_last, KEYS), everything(augmentation, images, KEYS))


def test_resized_images_lie_in_memory_as_networks_take_them() -> None:
    images = random_images(40).contiguous(memory_format=torch.channels_last)
    assert augmenter(EVERYTHING["random_resized"]).geometry(images, KEYS).is_contiguous()


def test_a_flip_alone_keeps_images_that_are_not_square() -> None:
    images = random_images(4)[:, :, :, :12]
    assert torch.equal(augmenter(Augmentation(flip=1.0)).geometry(images, KEYS[:4]), images.flip(-1))


def test_shifted_images_are_wrapped_around() -> None:
    images = random_images(40)
    shifts = np.floor(uniforms(KEYS, "shift", 2) * 9).astype(int) - 4  # a fifth of 20 pixels each way
    expected = [image.roll(tuple(by), dims=(1, 2)) for image, by in zip(images, shifts.tolist(), strict=True)]
    assert torch.equal(augmenter(EVERYTHING["shift"]).images(images, KEYS), torch.stack(expected))
    assert {shift for by in shifts for shift in by} == set(range(-4, 5))


def test_contrast_rises_by_up_to_its_share() -> None:
    images = random_images(40)
    factors = 1 + 2 * uniforms(KEYS, "contrast", 1)[:, 0]
    expected = [TF.adjust_contrast(image, factor) for image, factor in zip(images, factors, strict=True)]
    assert torch.equal(augmenter(EVERYTHING["contrast"]).images(images, KEYS), torch.stack(expected))


def test_the_border_is_black_as_wide_on_both_sides_and_drawn_for_each_axis() -> None:
    images = random_images(40).clamp(min=1)
    result = augmenter(EVERYTHING["border"]).images(images, KEYS)
    widths = []
    for image, before in zip(result, images, strict=True):
        rows, columns = (image.sum(dim=dims) == 0 for dims in ((0, 2), (0, 1)))
        top, left = int(rows.sum()) // 2, int(columns.sum()) // 2
        inside = (slice(None), slice(top, 20 - top), slice(left, 20 - left))
        assert torch.equal(image[inside], before[inside])
        assert rows.sum() == 2 * top
        assert columns.sum() == 2 * left
        widths.append((top, left))
    assert {top for top, _ in widths} == {left for _, left in widths} == {0, 1, 2, 3, 4}
    assert any(top != left for top, left in widths)


def test_a_share_of_a_side_is_not_a_pixel_short() -> None:
    images = torch.ones(300, 1, 100, 100, dtype=torch.uint8)
    result = augmenter(Augmentation(border=0.29), 100).images(images, np.arange(300, dtype=np.uint64))
    assert int((result.sum(dim=(1, 3)) == 0).sum(dim=1).max()) == 2 * 29


def test_erased_boxes_are_zero_in_normalised_images() -> None:
    images = random_images(40).float() + 1
    expected = images.clone()
    for image, (top, left, height, width) in zip(
        expected, erasing_boxes(EVERYTHING["erasing"], KEYS, 20, 20), strict=True
    ):
        image[:, top : top + height, left : left + width] = 0
    assert torch.equal(augmenter(EVERYTHING["erasing"]).normalised(images, KEYS), expected)


ALL = Augmentation(shift=0.2, contrast=2.0, cutmix=1.0, border=0.2, appended=0.5)
APPENDED = np.arange(40) % 3 == 1


def partners() -> Partners:
    count = int(APPENDED.sum())
    return Partners(random_images(count, seed=1), torch.arange(count) % 5, KEYS[:count] + np.uint64(100))


def test_all_of_the_cifar_paper_happens_in_its_order_to_appended_images_alone() -> None:
    images, others = random_images(40), partners()
    result = augmenter(ALL).images(images, KEYS, APPENDED, others)
    assert torch.equal(result[~APPENDED], images[~APPENDED])

    single = [augmenter(Augmentation(**{name: value})) for name, value in (("shift", 0.2), ("contrast", 2.0))]
    own, other = images[APPENDED], others.images
    for step in single:
        own, other = step.images(own, KEYS[APPENDED]), step.images(other, others.keys)
    pasted = mixed(Augmentation(cutmix=1.0), own, other, KEYS[APPENDED])
    expected = augmenter(EVERYTHING["border"]).images(pasted, KEYS[APPENDED])
    assert torch.equal(result[APPENDED], expected)


def test_targets_of_appended_images_are_soft_and_others_hard() -> None:
    labels, others = torch.arange(40) % 5, partners()
    targets = augmenter(ALL).targets(labels, KEYS, 5, APPENDED, others)
    assert torch.equal(targets[~APPENDED], torch.nn.functional.one_hot(labels, 5).float()[~APPENDED])
    soft = mixed_targets(Augmentation(cutmix=1.0), labels[APPENDED], others.labels, 5, KEYS[APPENDED], (20, 20))
    assert torch.equal(targets[APPENDED], soft)


def test_nothing_else_happens_to_images_beside_appended_ones() -> None:
    augmentation = Augmentation(
        crop="random_resized", flip=1.0, policy="trivial_augment", erasing=1.0, shift=0.2, appended=0.5
    )
    images, own = random_images(40), augmenter(augmentation)
    result = own.images(own.geometry(images, KEYS, APPENDED), KEYS, APPENDED)
    erased = own.normalised(result.float(), KEYS, APPENDED)
    assert torch.equal(erased[~APPENDED], images[~APPENDED].float())
    assert not any(
        torch.equal(after, before) for after, before in zip(erased[APPENDED], images[APPENDED].float(), strict=True)
    )


def test_it_must_be_said_which_entries_are_appended() -> None:
    with pytest.raises(AssertionError, match="which entries are appended"):
        augmenter(ALL).images(random_images(2), KEYS[:2])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("name", EVERYTHING)
def test_a_gpu_gives_the_same_by_deterministic_kernels(name: str) -> None:
    torch.set_deterministic_debug_mode("error")
    try:
        expected = everything(EVERYTHING[name], random_images(40), KEYS)
        result = everything(EVERYTHING[name], random_images(40).to("cuda:0"), KEYS).cpu()
    finally:
        torch.set_deterministic_debug_mode("default")
    bilinear = name in ("random_resized", "trivial_augment", "rand_augment")
    assert (result - expected).abs().max() <= (1 if bilinear else 0)
