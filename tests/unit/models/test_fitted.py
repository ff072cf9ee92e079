"""Heads, dropout, frozen backbones and scaled images, on networks of our own, torchvision and timm."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from datavolume.errors import UserError
from datavolume.models.fitted import Fitted, Pixels, head, split_frozen
from datavolume.models.registry import build_model
from datavolume.study.model import Network

# One of each kind of ending: ours, torchvision's (plain, with dropout, behind a hidden layer), timm's (plain, nested,
# a convolution).
NAMES = [
    "small_cnn",
    "emnist_cnn",
    "vgg3",
    "resnet18",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "resnet10t",
    "regnetx_002",
]
SIZE = (32, 32)


def build(name: str, *, classes: int = 5, channels: int = 3, **network) -> nn.Module:
    torch.manual_seed(0)
    return build_model(name, classes=classes, channels=channels, image_size=SIZE, network=Network(**network))


def layers(module: nn.Module) -> list[str]:
    return [type(child).__name__ for child in module.children()]


@pytest.mark.parametrize("name", [*NAMES, "dla34"])
def test_dense_layers_stand_in_front_of_the_last(name):
    model = build(name, hidden=(64, 32), dropout=0.2)
    top = head(model)
    assert layers(top) == ["Linear", "ReLU", "Dropout", "Linear", "ReLU", "Dropout", "Linear"]
    assert [(m.in_features, m.out_features) for m in top if isinstance(m, nn.Linear)][1:] == [(64, 32), (32, 5)]
    assert [m.p for m in top if isinstance(m, nn.Dropout)] == [0.2, 0.2]
    assert model(torch.randn(2, 3, *SIZE)).shape == (2, 5)


@pytest.mark.parametrize("name", NAMES)
def test_without_a_wish_the_network_is_its_librarys_and_the_head_its_last_layer(name):
    model = build(name)
    assert not isinstance(model, Fitted)
    last = head(model)
    assert isinstance(last, nn.Linear)
    assert last.out_features == 5
    assert any(module is last for module in model.modules())


def test_an_l2_penalty_alone_changes_no_network():
    plain, penalised = build("resnet18").state_dict(), build("resnet18", l2=0.1).state_dict()
    assert list(plain) == list(penalised)
    assert all(torch.equal(plain[key], penalised[key]) for key in plain)


@pytest.mark.parametrize(("name", "own"), [("emnist_cnn", 0.5), ("efficientnet_b0", 0.2)])
def test_dropout_replaces_the_architectures_own_in_front_of_the_last_layer(name, own):
    def last_rate(model: nn.Module) -> float:
        return [module.p for module in model.modules() if isinstance(module, nn.Dropout)][-1]

    assert last_rate(build(name)) == own
    changed = build(name, dropout=0.3)
    assert last_rate(changed) == 0.3
    assert list(changed.state_dict()) == list(build(name).state_dict())


@pytest.mark.parametrize(("name", "rate"), [("emnist_cnn", 0.5), ("efficientnet_b0", 0.2), ("ghostnet_100", 0.2)])
def test_a_frozen_network_keeps_its_own_dropout_in_the_head(name, rate):
    model = build(name, frozen=True)
    backbone, top = split_frozen(model)
    assert [module.p for module in top.modules() if isinstance(module, nn.Dropout)] == [rate]
    images = torch.randn(2, 3, *SIZE)
    assert torch.equal(backbone(images), backbone(images))
    assert not torch.equal(model(images), model(images))


@pytest.mark.parametrize("name", NAMES)
def test_a_frozen_backbone_never_learns(name):
    model = build(name, frozen=True, hidden=(8,))
    backbone, top = split_frozen(model)
    before = {key: value.clone() for key, value in backbone.state_dict().items()}
    model.eval()
    model.train()  # as evaluation leaves it
    assert top.training
    assert not any(module.training for module in backbone.modules())

    model(torch.randn(4, 3, *SIZE)).sum().backward()
    assert all(parameter.grad is None for parameter in backbone.parameters())
    assert all(parameter.grad is not None for parameter in top.parameters())
    # running statistics as well
    assert all(torch.equal(before[key], value) for key, value in backbone.state_dict().items())


@pytest.mark.parametrize("name", [*NAMES, "dla34", "efficientnet_b0"])
def test_a_cut_network_gives_what_the_whole_one_gives(name):
    images = torch.randn(2, 3, *SIZE)
    with torch.no_grad():
        whole, cut = build(name).eval()(images), build(name, frozen=True).eval()(images)
    torch.testing.assert_close(cut, whole)


def test_only_frozen_networks_are_split():
    with pytest.raises(TypeError, match="no frozen backbone"):
        split_frozen(build("resnet18", hidden=(8,)))


@pytest.mark.parametrize("name", ["squeezenet1_1", "deit_tiny_distilled_patch16_224"])
def test_a_network_without_a_dense_end_is_refused_in_one_line(name):
    with pytest.raises(UserError, match=r"does not end in one dense layer.*use another architecture") as caught:
        build(name, hidden=(8,))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("side", [64, 16, 32])
def test_images_are_scaled_in_front_of_the_network(side):
    images = torch.randn(2, 3, 32, 32)
    expected = F.interpolate(images, (side, side), mode="bilinear", antialias=side < 32)
    assert torch.equal(Pixels(side)(images), expected)
    model, plain = build("small_cnn", input_size=side).eval(), build("small_cnn").eval()
    torch.testing.assert_close(model(images), plain(expected))


def test_a_network_for_large_images_takes_small_ones_scaled():
    model = build("inception_v3", input_size=80)
    assert model(torch.randn(2, 3, 32, 32)).shape == (2, 5)


def test_pixels_are_normalised_as_the_network_knows_them():
    pixels = torch.rand(2, 3, 4, 4)
    data, own = ((0.1, 0.2, 0.3), (0.5, 0.6, 0.7)), ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))

    def normalised(pair):
        mean, std = (torch.tensor(values)[:, None, None] for values in pair)
        return (pixels - mean) / std

    torch.testing.assert_close(Pixels(None, data, own)(normalised(data)), normalised(own))


def test_a_grey_pixel_stands_in_all_channels():
    grey, own = torch.rand(2, 1, 4, 4), ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    mean, std = (torch.tensor(values)[:, None, None] for values in own)
    seen = Pixels(None, ((0.3,), (0.2,)), own)((grey - 0.3) / 0.2)
    torch.testing.assert_close(seen, (grey.repeat(1, 3, 1, 1) - mean) / std)


def test_what_is_derived_is_no_part_of_the_state():
    assert not Pixels(8, ((0.3,), (0.2,)), ((0.5,) * 3, (0.5,) * 3)).state_dict()
