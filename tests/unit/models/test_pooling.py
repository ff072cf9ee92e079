"""2 x 2 max-pooling against torch's own: the same bits, forward and backward."""

import pytest
import torch
from torch import nn

from datavolume.models.pooling import MaxPool2x2


@pytest.mark.parametrize("size", [(4, 16, 8, 8), (3, 5, 9, 11), (2, 1, 2, 2), (7, 3, 28, 28)])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_pooling_gives_the_bits_of_torchs(size, layout):
    torch.manual_seed(0)
    images = torch.randn(size).relu().to(memory_format=layout)  # half of the pixels are equal: ties
    ours, theirs = images.clone().requires_grad_(), images.clone().requires_grad_()
    pooled, expected = MaxPool2x2()(ours), nn.MaxPool2d(2)(theirs)
    assert torch.equal(pooled, expected)
    grad = torch.randn_like(expected)
    pooled.backward(grad)
    expected.backward(grad)
    assert ours.grad is not None
    assert torch.equal(ours.grad, theirs.grad)
    with torch.no_grad():
        assert torch.equal(MaxPool2x2()(images), expected)


def test_other_numbers_are_left_to_torch():
    images = torch.randn(2, 3, 6, 6, dtype=torch.float64, requires_grad=True)
    assert torch.equal(MaxPool2x2()(images), nn.MaxPool2d(2)(images))


def test_an_image_that_is_too_small_is_refused():
    with pytest.raises(RuntimeError, match="too small"):
        MaxPool2x2()(torch.zeros(1, 1, 1, 4, requires_grad=True))
