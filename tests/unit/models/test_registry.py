"""Networks by name: outputs, seeding, grey images, and what cannot be built."""

import subprocess
import sys

import pytest
import torch

from datavolume.errors import UserError
from datavolume.models.libraries import create
from datavolume.models.names import library_of
from datavolume.models.registry import architecture_names, build_model, check_architecture
from datavolume.study.model import Network


def logits(name: str, channels: int, size: tuple[int, int], classes: int = 7) -> torch.Tensor:
    torch.manual_seed(0)
    model = build_model(name, classes=classes, channels=channels, image_size=size).train()
    return model(torch.randn(2, channels, *size))


@pytest.mark.parametrize("name", ["mlp", "small_cnn", "emnist_cnn", "vgg3"])
@pytest.mark.parametrize(("channels", "size"), [(1, (8, 8)), (3, (64, 64)), (1, (28, 20))])
def test_our_own_networks_take_small_images_of_any_shape(name, channels, size):
    assert logits(name, channels, size).shape == (2, 7)


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2", "shufflenet_v2_x0_5", "resnet10t", "lcnet_035"])
@pytest.mark.parametrize("channels", [1, 3])
def test_libraries_networks_take_grey_and_colour(name, channels):
    assert logits(name, channels, (32, 32)).shape == (2, 7)


@pytest.mark.parametrize(("name", "size"), [("googlenet", (32, 32)), ("inception_v3", (75, 75))])
def test_networks_with_auxiliary_classifiers_give_plain_logits_in_training(name, size):
    assert logits(name, 3, size).shape == (2, 7)


def test_small_networks_are_small():
    sizes = {
        name: sum(p.numel() for p in build_model(name, classes=10, channels=1, image_size=(8, 8)).parameters())
        for name in ("mlp", "small_cnn")
    }
    # mlp: 64 x 128 + 128, 128 x 128 + 128, 128 x 10 + 10
    # small_cnn: 9 x (1 x 16 + 16 x 32 + 32 x 64), 2 x (16 + 32 + 64), 64 x 10 + 10
    assert sizes == {"mlp": 8320 + 16512 + 1290, "small_cnn": 23184 + 224 + 650}


def test_the_emnist_network_is_that_of_the_studys_figures():
    model = build_model("emnist_cnn", classes=26, channels=1, image_size=(28, 28))
    kinds = "Conv2d SiLU MaxPool2x2 " * 3 + "Flatten Linear SiLU Dropout Linear"
    assert " ".join(type(module).__name__ for module in model.children()) == kinds
    # 5 x 5 kernels: 1 -> 32 -> 64 -> 128; 28 -> 14 -> 7 -> 3 pixels; 256 units; 26 letters
    convolutions = (25 * 1 * 32 + 32) + (25 * 32 * 64 + 64) + (25 * 64 * 128 + 128)
    assert sum(p.numel() for p in model.parameters()) == convolutions + (128 * 3 * 3 * 256 + 256) + (256 * 26 + 26)


@pytest.mark.parametrize("name", ["mlp", "small_cnn", "emnist_cnn", "vgg3", "resnet18", "resnet10t"])
def test_weights_follow_from_torchs_seed_alone(name):
    def state(seed: int) -> list[torch.Tensor]:
        torch.manual_seed(seed)
        return list(build_model(name, classes=3, channels=1, image_size=(16, 16)).state_dict().values())

    first, again, other = state(5), state(5), state(6)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first, other, strict=True))


def test_trying_the_network_changes_and_draws_nothing():
    torch.manual_seed(0)
    model = build_model("efficientnet_b0", classes=3, channels=1, image_size=(32, 32))  # has dropout and drops paths
    state = torch.get_rng_state()
    assert model.training
    assert all(int(value) == 0 for key, value in model.state_dict().items() if key.endswith("num_batches_tracked"))
    torch.manual_seed(0)
    create("efficientnet_b0", classes=3, channels=1, size=(32, 32))
    assert torch.equal(state, torch.get_rng_state())


def test_a_grey_image_counts_as_red_green_and_blue():
    torch.manual_seed(0)
    colour = build_model("resnet18", classes=3, channels=3, image_size=(32, 32)).eval()
    torch.manual_seed(0)
    grey = build_model("resnet18", classes=3, channels=1, image_size=(32, 32)).eval()
    image = torch.randn(2, 1, 32, 32)
    torch.testing.assert_close(grey(image), colour(image.repeat(1, 3, 1, 1)), rtol=1e-4, atol=1e-5)


def test_names_are_ours_and_those_that_torchvision_and_timm_list_themselves():
    import timm
    from torchvision import models

    torchvisions, timms = models.list_models(module=models), timm.list_models()
    names = architecture_names()
    assert names[:4] == ("mlp", "small_cnn", "emnist_cnn", "vgg3")
    assert set(names[4:]) == {*torchvisions, *timms}
    assert len(set(names)) == len(names)
    assert {library_of(name) for name in torchvisions} == {"torchvision"}  # also where timm has the name too
    assert {library_of(name) for name in set(timms) - set(torchvisions)} == {"timm"}


@pytest.mark.parametrize(
    ("name", "millions"),
    [
        # torchvision's documentation; He et al. 2016, Xie et al. 2017
        ("resnet18", 11.69),
        ("resnet34", 21.80),
        ("resnet50", 25.56),
        ("resnext50_32x4d", 25.03),
        ("mobilenet_v2", 3.50),
        ("mobilenet_v3_small", 2.54),
        ("efficientnet_b0", 5.29),
        ("vit_b_16", 86.57),
        # Gao et al. 2020, and the step-wise training study's section IV
        ("res2net50_26w_4s", 25.70),
        ("res2net50d", 25.72),
        ("res2next50", 24.67),
    ],
)
def test_networks_have_their_published_size(name, millions):
    model = build_model(name, classes=1000, channels=3, image_size=(224, 224))
    assert round(sum(parameter.numel() for parameter in model.parameters()) / 1e6, 2) == millions


@pytest.mark.parametrize("name", ["vit_b_16", "vit_tiny_patch16_224"])
def test_networks_for_one_size_are_built_for_the_studys(name):
    assert logits(name, 3, (32, 32)).shape == (2, 7)


def test_an_unknown_architecture_gets_the_nearest_names():
    with pytest.raises(UserError, match="architecture 'resnet19' is unknown; did you mean resnet18 or "):
        check_architecture("resnet19")
    with pytest.raises(UserError, match=r"did you mean .*res2net50_26w_4s"):
        check_architecture("res2net50_26w4s")
    with pytest.raises(
        UserError, match=r"'ZZZ' is unknown; allowed: mlp, small_cnn, emnist_cnn, vgg3, and the classifiers of t"
    ):
        build_model("ZZZ", classes=2, channels=1, image_size=(8, 8))


@pytest.mark.parametrize(
    ("name", "size", "reason"),
    [
        ("vit_b_32", (40, 40), "Input shape indivisible by patch size"),
        ("squeezenet1_1", (8, 8), "too small"),
        ("inception_v3", (32, 32), ""),
        ("small_cnn", (3, 3), "too small"),
    ],
)
def test_images_that_a_network_cannot_take_get_one_line(name, size, reason):
    with pytest.raises(UserError) as caught:
        build_model(name, classes=3, channels=1, image_size=size)
    line = str(caught.value)
    assert line.startswith(f"architecture {name} cannot take images of {size[0]} x {size[1]} pixels (")
    assert reason in line
    assert "\n" not in line


def test_checking_names_imports_no_torch():
    """The head checks every study at its start; torchvision and timm cost seconds."""
    code = (
        "import sys; from datavolume.models.registry import check_architecture; "
        "[check_architecture(name) for name in ('mlp', 'resnet18', 'res2net50_26w_4s')]; "
        "from datavolume.data.datasets import dataset_names; dataset_names(); "
        "assert not {'torch', 'torchvision', 'timm', 'sklearn', 'PIL'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("network", "reason"),
    [(Network(pretrained=True), "no pretrained weights"), (Network(stem="small"), "no stem to change")],
)
def test_the_head_refuses_what_our_own_networks_do_not_have(network, reason):
    check_architecture("resnet18", network)
    with pytest.raises(UserError, match=f"architecture emnist_cnn has {reason}; set recipe.network."):
        check_architecture("emnist_cnn", network)
