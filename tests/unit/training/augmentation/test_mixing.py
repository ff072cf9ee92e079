from __future__ import annotations

import numpy as np
import pytest
import torch

from datavolume.study.model import Augmentation
from datavolume.training.feeding.augmentation.mixing import mix, mixed, mixed_targets, one_hot

LABELS = torch.tensor([0, 1, 2, 2])


def numbered(count: int = 4, side: int = 8) -> torch.Tensor:
    """Images of one value each: 0, 1, 2, ..."""
    return torch.arange(float(count))[:, None, None, None].expand(count, 3, side, side).contiguous()


def test_mixup_is_a_weighted_mean_of_an_image_and_its_neighbour() -> None:
    images, targets = mix(Augmentation(mixup=1.0), numbered(), LABELS, 3, generator_seed=7)
    share = targets[0, 0].item()  # image 0 has neighbour 3, of class 2
    assert 0 < share < 1
    assert targets[0].tolist() == pytest.approx([share, 0, 1 - share])
    assert targets[3].tolist() == [0, 0, 1]  # both of class 2
    assert images[:, 0, 0, 0].tolist() == pytest.approx(
        [(1 - share) * 3, share * 1, share * 2 + (1 - share) * 1, share * 3 + (1 - share) * 2], abs=1e-6
    )


def test_cutmix_pastes_a_box_of_the_neighbour_and_counts_its_pixels() -> None:
    for seed in range(20):
        images, targets = mix(Augmentation(cutmix=1.0), numbered(), LABELS, 3, generator_seed=seed)
        assert set(images[1].unique().tolist()) <= {0.0, 1.0}
        kept = (images[1, 0] == 1).float().mean().item()
        assert targets[1].tolist() == pytest.approx([1 - kept, kept, 0])
        pasted = (images[1, 0] == 0).nonzero()
        if len(pasted):
            height, width = (pasted.amax(0) - pasted.amin(0) + 1).tolist()
            assert height * width == len(pasted)


def test_with_both_each_is_drawn_for_half_of_the_shards_by_its_own_alpha() -> None:
    both, images = Augmentation(mixup=1.0, cutmix=1.0), numbered(2, side=4)
    mixtures = [mix(both, images, LABELS[:2], 2, seed)[0] for seed in range(400)]
    mixups = sum(not mixture.frac().eq(0).all() for mixture in mixtures)
    assert abs(mixups / 400 - 0.5) < 0.06


def test_shares_are_drawn_evenly_for_alpha_one() -> None:
    images = numbered(2, side=1)
    shares = [mix(Augmentation(mixup=1.0), images, LABELS[:2], 2, seed)[1][0, 0].item() for seed in range(400)]
    assert np.quantile(shares, [0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9], abs=0.06)


def test_a_shards_mixing_belongs_to_its_seed() -> None:
    one, again, other = (mix(Augmentation(mixup=1.0), numbered(), LABELS, 3, seed)[1] for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_the_mixing_of_finished_runs_never_changes() -> None:
    # Seed 1 draws 0.875: mixup with a share of 0.00222. Seed 2 draws 0.148: cutmix with a share of 0.768, which is one
    # pixel each way, about (4, 7).
    images, targets = mix(Augmentation(mixup=1.0, cutmix=1.0), numbered(), LABELS, 3, generator_seed=1)
    assert targets[0].tolist() == pytest.approx([0.0022166079, 0, 0.9977833921])
    images, targets = mix(Augmentation(mixup=1.0, cutmix=1.0), numbered(), LABELS, 3, generator_seed=2)
    assert targets[0].tolist() == [60 / 64, 0, 4 / 64]
    assert images[0, 0].nonzero().tolist() == [[6, 3], [6, 4], [7, 3], [7, 4]]


def test_repeated_images_are_mixed_with_another_image() -> None:
    images = numbered(2).repeat_interleave(3, dim=0)
    result, _ = mix(Augmentation(mixup=1.0, repeated=3), images, torch.tensor([0, 0, 0, 1, 1, 1]), 2, generator_seed=7)
    share = result[3, 0, 0, 0].item()
    assert result[:, 0, 0, 0].tolist() == pytest.approx([1 - share] * 3 + [share] * 3)


def test_inputs_stay_as_they_are() -> None:
    for augmentation in (Augmentation(mixup=1.0), Augmentation(cutmix=1.0)):
        images = numbered()
        mix(augmentation, images, LABELS, 3, generator_seed=7)
        assert torch.equal(images, numbered())


def test_without_mixing_the_very_tensors_come_back() -> None:
    images = numbered()
    for augmentation in (Augmentation(), Augmentation(cutmix=1.0, appended=0.5)):
        same_images, same_labels = mix(augmentation, images, LABELS, 3, generator_seed=7)
        assert same_images is images
        assert same_labels is LABELS


def test_appended_images_are_mixed_with_their_partners_by_their_own_keys() -> None:
    keys, labels, others = np.arange(50, dtype=np.uint64), torch.zeros(50).long(), torch.ones(50).long()
    images, partners = (torch.full((50, 3, 8, 8), value, dtype=torch.uint8) for value in (200, 100))
    for augmentation in (Augmentation(cutmix=1.0), Augmentation(mixup=1.0), Augmentation(cutmix=1.0, mixup=0.4)):
        result = mixed(augmentation, images, partners, keys)
        targets = mixed_targets(augmentation, labels, others, 3, keys, (8, 8))
        means = (100 + 100 * targets[:, 0]).tolist()  # pixels say what labels say, to a rounded value
        assert result.float().mean(dim=(1, 2, 3)).tolist() == pytest.approx(means, abs=0.51)
        assert targets.sum(1).tolist() == pytest.approx([1] * 50)
        assert targets[:, 0].unique().numel() > 10
        assert torch.equal(mixed(augmentation, images[:5], partners[:5], keys[20:25]), result[20:25])


def test_one_hot_is_torchs() -> None:
    assert torch.equal(one_hot(LABELS, 4), torch.nn.functional.one_hot(LABELS, 4).float())
