"""Timing runs on the CPU: a moment each, so only what must hold of any speed is asked."""

from pathlib import Path

import pytest
import torch
from unit.estimate.made_up import study_of, write_tables

from datavolume.estimate.cases import cases
from datavolume.estimate.facts import Key
from datavolume.estimate.tables import read_speeds
from datavolume.estimate.timing import device_name, main
from datavolume.study import Paths, designs, plan_of, write_plan

TWO = """
dataset: {name: digits}
recipe: {tier: fast, batch_size: 16, budget: {epochs: 2}, evaluations: 2}
experiments:
  volume: {architectures: [mlp, small_cnn], fractions: [0.5, 1], seeds: 3}
  phases:
    architectures: [small_cnn]
    fractions: [1]
    seeds: 1
    recipe:
      phases:
        - {fraction: 0.5, batch_size: 16, budget: {epochs: 1}}
        - {fraction: 1, batch_size: 32, budget: {epochs: 1}}
"""
# Everything that a learner does beside the forward pass.
FITTED = """
dataset: {name: digits}
recipe:
  batch_size: 16
  shards: 2
  warmup: 1
  ema_decay: 0.9
  budget: {epochs: 2}
  augmentation: {shift: 0.2, appended: 0.5}
  network: {hidden: [16], input_size: 16}
resources: {gpus: 2, processes: 2}
experiments:
  drawn: {architectures: [small_cnn], fractions: [1], seeds: 1}
  frozen:
    architectures: [resnet18]
    fractions: [1]
    seeds: 1
    recipe: {augmentation: {shift: 0, appended: 0}, network: {frozen: true, pretrained: true}}
"""


@pytest.fixture(autouse=True)
def as_it_was() -> object:
    """A timing run sets kernels and threads for its whole process."""
    threads, mode = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    yield
    torch.set_num_threads(threads)
    torch.set_deterministic_debug_mode(mode)


def planned(folder: Path, text: str) -> tuple[Paths, list[str]]:
    study, paths = study_of(folder, text), Paths(folder / "results/made_up")
    plan = plan_of(study, list(designs(study)))
    write_plan(plan, paths.plan)
    return paths, list(cases(plan, paths))


def test_a_case_for_each_network_size_batch_and_tier(tmp_path: Path) -> None:
    names = planned(tmp_path, TWO)[1]
    assert [name.rpartition("-")[0] for name in names] == [
        "mlp-8px-bs16-fast",
        "small_cnn-8px-bs16-fast",
        "small_cnn-8px-bs32-fast",
    ]


def test_what_was_timed_takes_the_place_of_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths, names = planned(tmp_path, TWO)
    file = paths.root / "timing" / f"{names[1]}.csv"
    options = ["--results", str(paths.root), "--case", names[1], "--output", str(file), "--seconds", "0.05"]
    assert main(options) is None
    assert f"{names[1]} on cpu: " in capsys.readouterr().out
    speeds = read_speeds(write_tables(tmp_path / "config"), paths.root / "timing")
    key = Key("small_cnn", "as_built", 8, 1)
    speed = speeds.find(key, batch_size=16, tier="fast", device="cpu")
    assert speed is not None
    assert speed.basis == "measured"
    assert speed.training > 0
    assert speed.evaluation > 0
    assert speeds.measured[0].key == key


def test_shards_averages_copies_and_frozen_backbones_can_be_timed(tmp_path: Path) -> None:
    """Batches of 16 on two GPUs: one is timed, here on the CPU, with 8 images in one shard."""
    paths, names = planned(tmp_path, FITTED)
    assert len(names) == 2
    for name in names:
        file = paths.root / "timing" / f"{name}.csv"
        assert main(["--results", str(paths.root), "--case", name, "--output", str(file), "--seconds", "0.05"]) is None
        assert ",8," in file.read_text().splitlines()[1]
    measured = {
        row.frozen: row for row in read_speeds(write_tables(tmp_path / "config"), paths.root / "timing").measured
    }
    assert set(measured) == {True, False}
    assert measured[True].key == Key("resnet18", "as_built", 16, 3)
    assert measured[True].training > measured[True].evaluation  # the head alone against the whole network


def test_a_case_that_is_not_planned_is_one_line(tmp_path: Path) -> None:
    paths, names = planned(tmp_path, TWO)
    told = main(["--results", str(paths.root), "--case", "mlp", "--output", str(tmp_path / "x.csv")])
    assert told == f"Error: the plan has nothing to be timed as mlp; it has {', '.join(names)}"
    assert not (tmp_path / "x.csv").exists()


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("NVIDIA H200", "h200"),
        ("NVIDIA A100-SXM4-80GB", "a100"),
        ("Tesla T4", "t4"),
        ("NVIDIA TITAN RTX", "titan_rtx"),
        ("NVIDIA GeForce RTX 3070 Ti", "geforce_rtx_3070_ti"),
        ("cpu", "cpu"),
    ],
)
def test_gpus_are_called_as_in_the_table(told: str, name: str) -> None:
    assert device_name(told, ("h200", "a100", "t4", "titan_rtx", "cpu")) == name
