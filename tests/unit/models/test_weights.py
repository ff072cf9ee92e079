"""Weights' files: written, read, fitted, refused. Nothing is downloaded: the weights are drawn."""

from pathlib import Path

import pytest
import torch
from torch import nn

from datavolume.errors import UserError
from datavolume.models.fitted import Fitted, head
from datavolume.models.libraries import create
from datavolume.models.registry import build_model
from datavolume.models.weights import Weights, fetch_weights, weights_fingerprint
from datavolume.study.model import Network

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
DATA = ((0.3, 0.4, 0.5), (0.2, 0.2, 0.25))


def drawn(architecture: str, *, classes: int = 9, size: int = 32, seed: int = 1) -> Weights:
    torch.manual_seed(seed)
    model = create(architecture, classes=classes, channels=3, size=(size, size))
    return Weights(
        architecture=architecture,
        state=model.state_dict(),
        mean=IMAGENET[0],
        std=IMAGENET[1],
        size=(size, size),
        source="drawn",
    )


def pretrained(
    path: Path, architecture: str, *, classes: int, channels: int = 3, normalisation=DATA, **network
) -> nn.Module:
    torch.manual_seed(0)
    return build_model(
        architecture,
        classes=classes,
        channels=channels,
        image_size=(32, 32),
        network=Network(pretrained=True, **network),
        weights=path,
        normalisation=normalisation,
    )


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "weights/resnet18.pt"
    drawn("resnet18").write(path)
    return path


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "resnet10t", "dla34"])
@pytest.mark.parametrize("classes", [9, 4])
def test_values_are_those_of_the_file_but_for_other_classes(tmp_path, name, classes):
    weights = drawn(name)
    weights.write(tmp_path / "w.pt")
    model = pretrained(tmp_path / "w.pt", name, classes=classes)
    assert isinstance(model, Fitted)
    own, last = model.backbone[1].state_dict(), head(model)[-1].state_dict()
    for key, value in weights.state.items():
        layer, _, kind = key.rpartition(".")
        if f"{layer}.weight" in own:
            assert torch.equal(own[key], value), key
        elif classes == 9:  # the last layer, which may have been a 1 x 1 convolution
            assert torch.equal(last[kind], value.reshape(last[kind].shape)), key
        else:
            assert last[kind].shape[0] == 4
    assert len(own) + len(last) == len(weights.state)


def test_the_last_layer_for_other_classes_is_drawn_from_torchs_generator(file):
    first, again = (head(pretrained(file, "resnet18", classes=4)).state_dict() for _ in range(2))
    assert list(first) == ["0.weight", "0.bias"]
    assert all(torch.equal(first[key], again[key]) for key in first)
    torch.manual_seed(1)  # another seed than pretrained's
    other = build_model(
        "resnet18",
        classes=4,
        channels=3,
        image_size=(32, 32),
        network=Network(pretrained=True),
        weights=file,
        normalisation=DATA,
    )
    assert not torch.equal(first["0.weight"], head(other).state_dict()["0.weight"])


def test_the_network_sees_pixels_as_in_its_pretraining(file):
    reference = create("resnet18", classes=9, channels=3, size=(32, 32)).eval()
    reference.load_state_dict(dict(Weights.read(file, "resnet18").state))
    pixels = torch.rand(2, 3, 32, 32)

    def normalised(pair):
        mean, std = (torch.tensor(values)[:, None, None] for values in pair)
        return (pixels - mean) / std

    model = pretrained(file, "resnet18", classes=9).eval()
    torch.testing.assert_close(model(normalised(DATA)), reference(normalised(IMAGENET)), rtol=1e-4, atol=1e-4)


def test_grey_images_go_through_the_pretrained_first_layer(file):
    model = pretrained(file, "resnet18", classes=9, channels=1, normalisation=((0.3,), (0.2,))).eval()
    same = pretrained(file, "resnet18", classes=9, normalisation=((0.3,) * 3, (0.2,) * 3)).eval()
    grey = torch.randn(2, 1, 32, 32)
    torch.testing.assert_close(model(grey), same(grey.repeat(1, 3, 1, 1)))


def test_the_fingerprint_is_of_the_values(tmp_path, file):
    drawn("resnet18").write(tmp_path / "again.pt")
    drawn("resnet18", seed=2).write(tmp_path / "other.pt")
    one = weights_fingerprint(file, "resnet18")
    assert one == weights_fingerprint(tmp_path / "again.pt", "resnet18")
    assert one != weights_fingerprint(tmp_path / "other.pt", "resnet18")
    assert len(one) == 64


def test_a_missing_file_says_which_step_makes_it(tmp_path):
    with pytest.raises(UserError, match=r"none\.pt: there are no weights yet; run the workflow's step `weights`"):
        Weights.read(tmp_path / "none.pt", "resnet18")


@pytest.mark.parametrize("content", [b"", b"no such thing", b"PK\x03\x04" + bytes(100)])
def test_a_damaged_file_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "w.pt"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"w\.pt: no file of pretrained weights .*; delete it") as caught:
        Weights.read(path, "resnet18")
    assert "\n" not in str(caught.value)


def test_a_file_cut_short_is_refused(file):
    file.write_bytes(file.read_bytes()[:-1000])
    with pytest.raises(UserError, match="no file of pretrained weights"):
        Weights.read(file, "resnet18")


def test_a_plain_state_dict_and_a_later_format_are_refused(tmp_path):
    for number, values in enumerate([{"weight": torch.zeros(2)}, {"format": 2}, [1]]):
        torch.save(values, tmp_path / f"{number}.pt")
        with pytest.raises(UserError, match="no file of pretrained weights"):
            Weights.read(tmp_path / f"{number}.pt", "resnet18")


def test_another_architectures_file_is_refused(file):
    with pytest.raises(UserError, match="holds the weights of resnet18, not of resnet34"):
        pretrained(file, "resnet34", classes=9)


def test_a_stem_without_pretrained_values_is_refused(file):
    with pytest.raises(UserError, match=r"resnet18: the pretrained weights do not fit the network at conv1\.weight"):
        pretrained(file, "resnet18", classes=9, stem="small")


def test_weights_for_another_size_say_which(tmp_path):
    drawn("vit_tiny_patch16_224", size=64).write(tmp_path / "w.pt")
    with pytest.raises(
        UserError, match=r"pos_embed; they are for images of 64 x 64 pixels \(recipe.network.input_size"
    ):
        pretrained(tmp_path / "w.pt", "vit_tiny_patch16_224", classes=9)
    model = pretrained(tmp_path / "w.pt", "vit_tiny_patch16_224", classes=9, input_size=64)
    assert model(torch.randn(2, 3, 32, 32)).shape == (2, 9)


def test_a_file_that_is_there_is_only_read(file):
    before = file.stat()
    fetch_weights("resnet18", file)
    assert file.stat().st_mtime_ns == before.st_mtime_ns


def test_fetching_from_torchvision(tmp_path, monkeypatch):
    """The real path up to the download, for which random values of the same names stand in."""
    from torchvision.models import WeightsEnum, mobilenet_v3_small

    state = mobilenet_v3_small().state_dict()
    monkeypatch.setattr(WeightsEnum, "get_state_dict", lambda *_args, **_options: state)
    fetch_weights("mobilenet_v3_small", tmp_path / "w.pt")
    weights = Weights.read(tmp_path / "w.pt", "mobilenet_v3_small")
    assert (weights.mean, weights.std, weights.size) == (*IMAGENET, (224, 224))
    assert weights.source.startswith("torchvision MobileNet_V3_Small_Weights.IMAGENET1K_V1, https://")
    assert all(torch.equal(weights.state[key], state[key]) for key in state)
    model = pretrained(tmp_path / "w.pt", "mobilenet_v3_small", classes=10, frozen=True, hidden=(64, 32), input_size=64)
    assert model(torch.randn(2, 3, 32, 32)).shape == (2, 10)


def test_googlenet_has_no_auxiliary_weights_and_its_own_normalisation(tmp_path, monkeypatch):
    from torchvision.models import WeightsEnum, googlenet

    state = googlenet(init_weights=False).state_dict()
    monkeypatch.setattr(WeightsEnum, "get_state_dict", lambda *_args, **_options: state)
    fetch_weights("googlenet", tmp_path / "w.pt")
    weights = Weights.read(tmp_path / "w.pt", "googlenet")
    assert weights.mean == weights.std == (0.5, 0.5, 0.5)
    model = pretrained(tmp_path / "w.pt", "googlenet", classes=1000).eval()

    # torchvision's own pretrained network takes ImageNet's normalisation and turns it into this one
    reference = googlenet(init_weights=False, transform_input=True)
    reference.load_state_dict(state)
    images = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(
            pretrained(tmp_path / "w.pt", "googlenet", classes=1000, normalisation=IMAGENET).eval()(images),
            reference.eval()(images),
            rtol=1e-4,
            atol=1e-4,
        )
    assert isinstance(model, Fitted)


def test_fetching_from_timm(tmp_path, monkeypatch):
    import timm

    make = timm.create_model
    monkeypatch.setattr(timm, "create_model", lambda name, **_options: make(name))
    fetch_weights("res2net50d", tmp_path / "w.pt")
    weights = Weights.read(tmp_path / "w.pt", "res2net50d")
    assert (weights.mean, weights.std, weights.size) == (*IMAGENET, (224, 224))
    assert weights.source == "timm res2net50d.in1k, timm/res2net50d.in1k"
    assert set(weights.state) == set(make("res2net50d").state_dict())


@pytest.mark.parametrize(
    ("name", "reason"), [("emnist_cnn", "set recipe.network.pretrained: false"), ("regnetz_005", "in timm")]
)
def test_an_architecture_without_pretrained_weights_says_so(tmp_path, name, reason):
    with pytest.raises(UserError, match=f"architecture {name} has no pretrained weights.*{reason}"):
        fetch_weights(name, tmp_path / "w.pt")
    assert not list(tmp_path.iterdir())


def test_no_way_to_the_weights_is_one_line_and_leaves_no_file(tmp_path, monkeypatch):
    from torchvision.models import WeightsEnum

    def offline(*_args, **_options):
        raise OSError("<urlopen error [Errno -3] Temporary failure in name resolution>\nmore")

    monkeypatch.setattr(WeightsEnum, "get_state_dict", offline)
    with pytest.raises(UserError, match=r"cannot be fetched .*name resolution.*a machine with internet") as caught:
        fetch_weights("resnet18", tmp_path / "w.pt")
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())
