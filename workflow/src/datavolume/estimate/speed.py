"""Images/s of a network on a device: measured by a timing run, stated in config/throughput.csv, or scaled from there.

    speeds = read_speeds(Path("config"), paths.root / "timing")            datavolume.estimate.tables
    speed = speeds.find(key, batch_size=128, tier="fast", device="h200")
    speed.training, speed.evaluation, speed.basis, speed.source

Of one GPU, or of one CPU core. Scaled: in inverse proportion to the multiply-adds, from the network of the same device
that is nearest in them; where a device is stated for one tier only, by the ratio of the tiers on others of its kind.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from datavolume.errors import UserError
from datavolume.estimate.facts import Key, Networks
from datavolume.study.validate import nearest

__all__ = ["Measured", "Speed", "Speeds", "Stated", "least_update_seconds"]

# Forward alone is a third of forward and backward; NVIDIA's ResNet-50 on a V100: 3.3 times in float32, 2.7 in mixed.
_EVALUATION = 3.0
# Where images/s are not measured, what an update takes however few its images. On a GPU the kernels' launches: NVIDIA's
# ResNet-50 takes 10.4 ms for one image forward on a V100, 0.1 ms for each of its 107 layers; assumed: twice that with
# the gradient and the step, and 1 ms of our own. On a CPU also the passes over the weights: ResNet-18, ResNet-50 and
# MobileNetV3-small on images of 8 x 8 pixels, timed on a busy machine, are within a factor of two of these.
_SECONDS = {"gpu": 0.001, "cpu": 0.0005}
_SECONDS_A_LAYER = {"gpu": 0.0002, "cpu": 0.0003}
_SECONDS_A_PARAMETER = {"gpu": 0.0, "cpu": 7e-9}


@dataclass(frozen=True)
class Stated:
    """A line of the table."""

    key: Key
    tier: str
    device: str
    rate: float
    source: str


@dataclass(frozen=True)
class Measured:
    """A timing run; `evaluation` is the whole network's, also where a frozen one's updates are those of its head."""

    key: Key
    batch_size: int
    tier: str
    device: str
    frozen: bool
    training: float
    evaluation: float
    date: str


@dataclass(frozen=True)
class Speed:
    """Images/s; `basis` is measured, stated or scaled, `source` says from where."""

    training: float
    evaluation: float
    basis: str
    source: str


@dataclass(frozen=True)
class Speeds:
    """`decoding`: images/s that one CPU core decodes, by the store."""

    stated: tuple[Stated, ...]
    networks: Networks
    measured: tuple[Measured, ...] = ()
    decoding: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def devices(self) -> tuple[str, ...]:
        """Those that anything is known of."""
        return tuple(dict.fromkeys([*(row.device for row in self.stated), *(row.device for row in self.measured)]))

    def check(self, device: str) -> None:
        """Raises UserError for a device that nothing is known of."""
        if device not in self.devices:
            raise UserError(
                f"device '{device}' is unknown{nearest(device, self.devices)}; give config key `device` one of these, "
                "add a line to config/throughput.csv, or measure: snakemake timing"
            )

    def find(self, key: Key, *, batch_size: int, tier: str, device: str, frozen: bool = False) -> Speed | None:
        """None where nothing is known of the network, or of the device."""
        return (
            self._measured(key, batch_size, tier, device, frozen)
            or self._stated(key, tier, device)
            or self._scaled_network(key, tier, device)
        )

    def _measured(self, key: Key, batch_size: int, tier: str, device: str, frozen: bool) -> Speed | None:
        """At the nearest batch size that was timed."""
        wanted = (key, tier, device, frozen)
        found = [row for row in self.measured if (row.key, row.tier, row.device, row.frozen) == wanted]
        if not found:
            return None
        row = min(found, key=lambda row: abs(math.log(row.batch_size / batch_size)))
        at = "" if row.batch_size == batch_size else f" at batch {row.batch_size}"
        return Speed(row.training, row.evaluation, "measured", f"measured on {row.date}{at}")

    def _stated(self, key: Key, tier: str, device: str) -> Speed | None:
        for row in self._of(device):
            if (row.key, row.tier) == (key, tier):
                return Speed(row.rate, _EVALUATION * row.rate, "stated", row.source)
        return None

    def _scaled_network(self, key: Key, tier: str, device: str) -> Speed | None:
        facts = self.networks.find(key)
        return self.scaled(facts.multiply_adds, tier, device) if facts else None

    def scaled(self, multiply_adds: int, tier: str, device: str) -> Speed | None:
        """Of anything that has so many multiply-adds an image."""
        rows = self._of(device)
        same = [row for row in rows if row.tier == tier]
        weighed = [(row, facts.multiply_adds) for row in same or rows if (facts := self.networks.find(row.key))]
        if not weighed:
            return None
        wanted = max(multiply_adds, 1)
        row, weight = min(weighed, key=lambda pair: abs(math.log(pair[1] / wanted)))
        rate = row.rate * weight / wanted
        source = f"scaled by multiply-adds from {row.key.network} at {row.key.side} px"
        if not same:
            ratio = self._ratio(tier, row.tier, device)
            rate *= ratio
            source += f" in the {row.tier} tier, times {ratio:.2g} for the {tier} tier"
        return Speed(rate, _EVALUATION * rate, "scaled", source)

    def _of(self, device: str) -> Sequence[Stated]:
        """What is stated of a device; of one that only timing runs know, what they found."""
        stated = [row for row in self.stated if row.device == device]
        timed = [row for row in self.measured if row.device == device and not row.frozen]
        return stated or [
            Stated(row.key, row.tier, device, row.training, f"measured on {row.date}, at batch {row.batch_size}")
            for row in timed
        ]

    def _ratio(self, tier: str, other: str, device: str) -> float:
        """How fast a tier is against another, where a device of the same kind is stated for both; 1 where none is."""
        rates = {(row.key, row.device, row.tier): row.rate for row in self.stated}
        pairs = [
            rates[key, on, tier] / rate
            for (key, on, of), rate in rates.items()
            if of == other and (key, on, tier) in rates and (on == "cpu") == (device == "cpu")
        ]
        return sum(pairs) / len(pairs) if pairs else 1.0


def least_update_seconds(device: str, layers: int, parameters: int) -> float:
    """Below this no update of one shard ends."""
    kind = "cpu" if device == "cpu" else "gpu"
    return _SECONDS[kind] + layers * _SECONDS_A_LAYER[kind] + parameters * _SECONDS_A_PARAMETER[kind]
