"""The small stem: what it changes, what it keeps, and which families have none."""

import pytest
import torch
from torch import nn

from datavolume.errors import UserError
from datavolume.models.registry import build_model
from datavolume.study.model import Network

SMALL = Network(stem="small")


def build(name: str, network: Network = Network(), channels: int = 3) -> nn.Module:  # noqa: B008 (frozen)
    torch.manual_seed(0)
    return build_model(name, classes=5, channels=channels, image_size=(32, 32), network=network)


def last_map(name: str, network: Network) -> tuple[int, ...]:
    """Height and width in front of the last convolution that is larger than 1 x 1, of an image of 64 x 64 pixels."""
    model, sizes = build(name, network).eval(), []
    for module in model.modules():
        if isinstance(module, nn.Conv2d) and module.kernel_size != (1, 1):
            module.register_forward_hook(lambda _module, given, _out: sizes.append(tuple(given[0].shape[2:])))
    with torch.no_grad():
        model(torch.zeros(1, 3, 64, 64))
    return sizes[-1]


@pytest.mark.parametrize(
    ("name", "factor"),
    [
        ("resnet18", 4),  # stride 2, max-pooling
        ("resnext50_32x4d", 4),
        ("densenet121", 4),
        ("shufflenet_v2_x0_5", 4),
        ("mobilenet_v2", 2),  # stride 2
        ("efficientnet_b0", 2),
        ("mnasnet0_5", 2),
        ("regnet_y_400mf", 2),
        ("res2net50_26w_4s", 4),  # timm
        ("res2net50d", 4),  # timm, three convolutions in the stem
        ("mobilenetv3_small_050", 2),
    ],
)
def test_the_network_sees_more_of_a_small_image(name, factor):
    built, small = last_map(name, Network()), last_map(name, SMALL)
    assert small == (built[0] * factor, built[1] * factor)


def test_resnets_stem_is_that_of_he_et_al_on_cifar():
    model = build("resnet18", SMALL)
    first = model.get_submodule("conv1")
    assert isinstance(first, nn.Conv2d)
    assert (first.kernel_size, first.stride, first.padding, first.bias) == ((3, 3), (1, 1), (1, 1), None)
    assert isinstance(model.get_submodule("maxpool"), nn.Identity)
    # 11.17 million at 10 classes is the usual figure: here 5 classes, 5 x 513 fewer
    assert sum(p.numel() for p in model.parameters()) == 11_173_962 - 5 * 513
    # variance 2 / (64 outputs x 9)
    assert float(first.weight.detach().std()) == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.05)


def test_a_stem_of_three_by_three_keeps_its_weights():
    built, small = build("mobilenet_v2").state_dict(), build("mobilenet_v2", SMALL).state_dict()
    assert all(torch.equal(built[key], small[key]) for key in built)


def test_a_grey_image_counts_as_red_green_and_blue_behind_a_small_stem_too():
    colour, grey = build("resnet18", SMALL).eval(), build("resnet18", SMALL, channels=1).eval()
    image = torch.randn(2, 1, 32, 32)
    torch.testing.assert_close(grey(image), colour(image.repeat(1, 3, 1, 1)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["vit_b_32", "vgg11", "emnist_cnn", "convnext_atto"])
def test_a_family_without_such_a_stem_is_refused(name):
    with pytest.raises(
        UserError, match=f"architecture {name} has no stem that .*ResNet, .*use stem: as_built"
    ) as caught:
        build(name, SMALL)
    assert "\n" not in str(caught.value)
