"""config/networks.csv: in step with the studies, and with what libraries say of their networks."""

from pathlib import Path

import pytest

from datavolume.errors import UserError
from datavolume.estimate.facts import Facts, Key
from datavolume.estimate.networks import REFERENCES, build_facts, needed
from datavolume.estimate.tables import read_networks
from datavolume.study import Network

CONFIG = Path(__file__).parents[3] / "config"


def test_every_network_that_a_study_names_is_in_the_table() -> None:
    """Otherwise: python -m datavolume.estimate.networks"""
    missing = {*needed(CONFIG / "studies"), *REFERENCES} - set(read_networks(CONFIG / "networks.csv").known)
    assert not missing


def test_the_table_is_what_would_be_built() -> None:
    known = read_networks(CONFIG / "networks.csv").known
    for key in (Key("small_cnn", "as_built", 8, 1), Key("mobilenet_v2", "as_built", 224, 3)):
        assert known[key] == build_facts(key)


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "resnet152", "mobilenet_v2"])
def test_torchvision_says_the_same(name: str) -> None:
    """Its documentation has the parameters, and the multiply-adds in thousands of millions."""
    from torchvision.models import get_model_weights

    said = get_model_weights(name)["IMAGENET1K_V1"].meta
    facts = read_networks(CONFIG / "networks.csv").find(Key(name, "as_built", 224, 3))
    assert facts is not None
    assert facts.parameters(classes=1000) == said["num_params"]
    assert facts.multiply_adds / 1e9 == pytest.approx(said["_ops"], rel=0.01)


def test_parameters_of_a_head() -> None:
    """4 -> 3 -> 2, each layer with its biases, on a body of 10."""
    facts = Facts(body=10, features=4, multiply_adds=1, layers=1)
    assert facts.parameters(2) == 10 + 5 * 2
    assert facts.parameters(2, Network(hidden=(3,))) == 10 + 5 * 3 + 4 * 2


def test_images_that_are_too_small_are_one_line() -> None:
    with pytest.raises(UserError, match="inception_v3 cannot take images of 8 x 8 pixels"):
        build_facts(Key("inception_v3", "as_built", 8, 3))
