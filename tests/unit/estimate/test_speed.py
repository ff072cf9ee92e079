"""Images/s: measured before stated before scaled."""

from dataclasses import replace
from pathlib import Path

import pytest
from unit.estimate.made_up import NETWORKS, THROUGHPUT, write_tables

from datavolume.errors import UserError
from datavolume.estimate.facts import Key
from datavolume.estimate.speed import Measured, Speed, Speeds
from datavolume.estimate.tables import read_speeds

RESNET50, RESNET18 = (Key(name, "as_built", 224, 3) for name in ("resnet50", "resnet18"))


@pytest.fixture
def speeds(tmp_path: Path) -> Speeds:
    return read_speeds(write_tables(tmp_path))


def found(speeds: Speeds, key: Key, tier: str = "fast", device: str = "quick", batch_size: int = 64) -> Speed:
    speed = speeds.find(key, batch_size=batch_size, tier=tier, device=device)
    assert speed is not None
    return speed


def test_what_is_stated(speeds: Speeds) -> None:
    assert found(speeds, RESNET50) == Speed(1000, 3000, "stated", "a line")


def test_half_the_multiply_adds_are_twice_the_images(speeds: Speeds) -> None:
    speed = found(speeds, RESNET18)
    assert (speed.training, speed.basis) == (2000, "scaled")
    assert speed.source == "scaled by multiply-adds from resnet50 at 224 px"


def test_another_size_is_scaled_by_its_pixels(speeds: Speeds) -> None:
    """112 pixels a side: a quarter of the multiply-adds."""
    assert found(speeds, RESNET50._replace(side=112)).training == 4000


def test_another_tier_has_the_ratio_of_a_device_of_its_kind(speeds: Speeds) -> None:
    speed = found(speeds, RESNET50, "exact")
    assert (speed.training, speed.basis) == (500, "scaled")
    assert speed.source.endswith("in the fast tier, times 0.5 for the exact tier")


def test_an_unknown_network_is_not_guessed(speeds: Speeds) -> None:
    assert speeds.find(RESNET50._replace(network="novel"), batch_size=1, tier="fast", device="quick") is None


def test_a_timing_run_counts_more_than_the_table(speeds: Speeds) -> None:
    at_64 = Measured(RESNET50, 64, "fast", "quick", False, 700, 1500, "2026-11-21")
    timed = replace(speeds, measured=(at_64, replace(at_64, batch_size=8, training=90)))
    assert found(timed, RESNET50) == Speed(700, 1500, "measured", "measured on 2026-11-21")
    assert found(timed, RESNET50, batch_size=16).source == "measured on 2026-11-21 at batch 8"
    assert found(timed, RESNET50, device="slow").basis == "stated"
    assert found(timed, RESNET50, "exact").basis == "scaled"


def test_a_device_that_was_only_timed_scales_from_there(speeds: Speeds) -> None:
    timed = replace(speeds, measured=(Measured(RESNET50, 64, "fast", "novel", False, 700, 1500, "2026-11-21"),))
    timed.check("novel")
    assert found(timed, RESNET18, device="novel").training == 1400


def test_an_unknown_device_gets_the_known_ones(speeds: Speeds) -> None:
    with pytest.raises(UserError, match=r"device 'quik' is unknown; did you mean 'quick'.*config/throughput.csv"):
        speeds.check("quik")


@pytest.mark.parametrize(
    ("throughput", "networks", "told"),
    [
        (
            THROUGHPUT.replace(",1000,", ",many,"),
            NETWORKS,
            "images_per_second of resnet50 is 'many'; it needs a number",
        ),
        (THROUGHPUT.replace("images_per_second", "speed"), NETWORKS, "column images_per_second is missing"),
        (THROUGHPUT.replace("a line", ""), NETWORKS, "source of resnet50 is ''; it needs a text"),
        (THROUGHPUT, NETWORKS.replace("layers", "depth"), "networks.csv: column layers is missing"),
    ],
)
def test_a_damaged_table_is_one_line(tmp_path: Path, throughput: str, networks: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        read_speeds(write_tables(tmp_path, throughput, networks))


def test_a_missing_table_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"throughput\.csv: the table cannot be read"):
        read_speeds(tmp_path)


def test_the_tables_of_this_project_can_be_read() -> None:
    """The thesis' 52 minutes on four T4: 1 281 167 / (52 x 60) / 4 = 102.7 images/s."""
    speeds = read_speeds(Path(__file__).parents[3] / "config")
    assert {"h200", "a100", "t4", "titan_rtx", "cpu"} <= set(speeds.devices)
    assert found(speeds, RESNET50, "exact", "t4").training == pytest.approx(1_281_167 / (52 * 60) / 4, rel=0.01)
    mobilenet = Key("mobilenet_v2", "as_built", 224, 3)
    assert found(speeds, mobilenet, "exact", "t4").training == pytest.approx(1_281_167 / (18 * 60) / 4, rel=0.01)
    assert found(speeds, RESNET18, "exact", "titan_rtx").training == pytest.approx(350 * 9469 / 19_800 / 4, rel=0.01)
    assert found(speeds, RESNET50, "fast", "h200").training == 5600
