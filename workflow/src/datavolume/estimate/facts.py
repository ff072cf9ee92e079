"""What a network weighs: its parameters and multiply-adds, from config/networks.csv, so that nothing need be built.

    networks = read_networks(Path("config/networks.csv"))             datavolume.estimate.tables
    facts = networks.find(Key("resnet50", "as_built", 224, 3))
    facts.parameters(classes=1000), facts.multiply_adds

`python -m datavolume.estimate.networks` writes the table, for the networks that our studies name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from datavolume.data.sizes import Sizes
from datavolume.study.model import Network, Recipe

__all__ = ["Facts", "Key", "Networks", "key_of"]


class Key(NamedTuple):
    """What a network's weight depends on: `side` is that of the images which it sees, in pixels."""

    network: str
    stem: str
    side: int
    channels: int


@dataclass(frozen=True)
class Facts:
    """`body` parameters below the last layer, which takes `features` values; multiply-adds of one image forward.

    `layers`: those with parameters of their own, each of which is launched by itself.
    """

    body: int
    features: int
    multiply_adds: int
    layers: int

    def head(self, classes: int, network: Network = Network()) -> int:  # noqa: B008 (frozen)
        """Parameters of what stands on the body: the dense layers that the recipe asks for, and the last."""
        widths = [self.features, *network.hidden, classes]
        return sum((inputs + 1) * outputs for inputs, outputs in pairwise(widths))

    def parameters(self, classes: int, network: Network = Network()) -> int:  # noqa: B008 (frozen)
        return self.body + self.head(classes, network)


def key_of(architecture: str, recipe: Recipe, sizes: Sizes) -> Key:
    """Pretrained networks see colour, whatever the images are."""
    network = recipe.network
    channels = 3 if network.pretrained else sizes.channels
    return Key(architecture, network.stem, network.input_size or sizes.side, channels)


@dataclass(frozen=True)
class Networks:
    known: Mapping[Key, Facts]

    def find(self, key: Key) -> Facts | None:
        """Its own, or those at another size with the multiply-adds scaled by the pixels; None: not in the table."""
        if key in self.known:
            return self.known[key]
        others = [other for other in self.known if (other.network, other.stem) == (key.network, key.stem)]
        if not others:
            return None
        near = min(others, key=lambda other: (other.channels != key.channels, abs(other.side - key.side)))
        facts = self.known[near]
        return replace(facts, multiply_adds=round(facts.multiply_adds * (key.side / near.side) ** 2))

    def with_more(self, more: Mapping[Key, Facts]) -> Networks:
        return Networks({**self.known, **more})
