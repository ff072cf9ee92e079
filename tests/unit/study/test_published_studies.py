"""The studies of three papers: how many runs they plan, what sharing saves, values that follow from their tables."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from datavolume.artefacts.registry import DEFAULTS, KINDS, chosen
from datavolume.data.datasets import dataset_names
from datavolume.study import Study, expand, load_study
from datavolume.study.designs import designs
from datavolume.study.identity import run_id
from datavolume.training.timeline import Stretch, stretches

FOLDER = Path("config/studies")
STUDIES = ("data_volume_thesis", "emnist_letters", "imagenette")
IMAGENET = 1_281_167  # training images, as torchvision and the thesis' 64 062 images of 5 % have it

# Every row of the papers that is to be regenerated, by the papers' own numbers.
ARTEFACTS = {
    "data_volume_thesis": [*(f"table_{i}" for i in range(1, 7)), *(f"figure_{i}" for i in range(8, 22)), "conclusions"],
    "emnist_letters": [
        *("table_1", "analysis", "previous_work"),
        *(f"graph_{i}" for i in range(1, 5)),
        *(f"appendix_{i}" for i in range(1, 13)),
    ],
    "imagenette": [*(f"figure_{i}" for i in range(1, 5)), *(f"table_{i}" for i in range(1, 4))],
}


def study(name: str, scale: str = "full") -> Study:
    return load_study(FOLDER / f"{name}.yaml", scale)


def counted(name: str, scale: str = "full") -> tuple[int, int]:
    """Runs, and how many more there would be if experiments and factors shared none."""
    points = [point for one in designs(study(name, scale)) for point in one.points]
    return len(expand(study(name, scale)).runs), len(points) - len({run_id(point.run) for point in points})


def stretch(name: str, experiment: str, size: int, full: int, fraction: float | None = None) -> Stretch:
    """The first run of an experiment (at a fraction), with so many images."""
    points = next(one.points for one in designs(study(name)) if one.experiment.name == experiment)
    run = next(p.run for p in points if fraction is None or p.run.volume.fraction == fraction)
    return stretches(run, [size], full)[0]


@pytest.mark.parametrize(
    ("name", "runs", "saved"),
    [
        ("emnist_letters", 110, 0),  # 11 sizes x 10 seeds
        ("data_volume_thesis", 20, 1),  # the first subset of 5 % is that of the fractions
        ("imagenette", 14, 2),  # the baseline stands in three tables
    ],
)
def test_the_full_plans(name: str, runs: int, saved: int) -> None:
    assert counted(name) == (runs, saved)


def test_the_runs_of_the_thesis() -> None:
    runs = [run.unpack() for run in expand(study("data_volume_thesis")).runs]
    assert Counter(run.architecture for run in runs) == {"mobilenet_v2": 9, "resnet50": 11}
    at_full = Counter((run.architecture, run.recipe.budget.epochs) for run in runs if run.volume.fraction == 1)
    assert at_full == {
        ("mobilenet_v2", 90): 1,
        ("mobilenet_v2", 300): 1,
        ("resnet50", 60): 1,
        ("resnet50", 150): 1,
        ("resnet50", 40): 3,
    }
    assert sorted(run.volume.seed for run in runs if run.volume.fraction == 0.05) == [0, 0, 1, 2]
    assert {run.recipe.batch_size // run.recipe.shards for run in runs} == {32, 128}  # of one of 4 GPUs


@pytest.mark.parametrize("name", STUDIES)
def test_more_seeds_are_one_number(name: str, tmp_path: Path) -> None:
    text = (FOLDER / f"{name}.yaml").read_text()
    more = (
        text.replace("seeds: 1 ", "seeds: 2 ")
        .replace("seeds: 1\n", "seeds: 2\n")
        .replace("808, 909]", "808, 909, 1010]")
    )
    (tmp_path / f"{name}.yaml").write_text(more)
    runs = len(expand(load_study(tmp_path / f"{name}.yaml")).runs)
    assert runs == {"data_volume_thesis": 2 * 17 + 3, "emnist_letters": 121, "imagenette": 28}[name]


@pytest.mark.parametrize(
    ("fraction", "epochs", "decay_every"),
    [(0.05, 1800, 20), (0.125, 720, 8), (0.25, 360, 4), (0.5, 180, 2), (0.75, 120, 4 / 3), (1, 90, 1)],
)
def test_mobilenet_makes_the_epochs_of_table_6(fraction: float, epochs: int, decay_every: float) -> None:
    """The same updates for all; the thesis takes 1 for a decay every 1.33 epochs."""
    size = round(IMAGENET * fraction)
    run = stretch("data_volume_thesis", "mobilenet_volume", size, IMAGENET, fraction)
    assert run.updates == 900_821  # 90 x 1 281 167 / 128
    assert run.epochs_at(run.end) == pytest.approx(epochs, rel=1e-4)
    end_of_stair = round(run.unit)
    assert [run.rate(end_of_stair - 2), run.rate(end_of_stair + 2)] == pytest.approx([0.045, 0.045 * 0.98])
    assert run.unit * run.recipe.batch_size / size == pytest.approx(decay_every, rel=1e-4)
    assert len(run.points) == 90


@pytest.mark.parametrize(("experiment", "warm_up_epochs"), [("resnet_volume", 40), ("resnet_unscaled", 5)])
def test_resnet_at_an_eighth_warms_up_as_planned_and_as_the_thesis_trained(
    experiment: str, warm_up_epochs: int
) -> None:
    size = round(IMAGENET * 0.125)
    run = stretch("data_volume_thesis", experiment, size, IMAGENET, 0.125)
    assert run.epochs_at(run.end) == pytest.approx(480, rel=1e-4)
    top = max(range(0, run.end, 8), key=run.rate)
    assert run.epochs_at(top) == pytest.approx(warm_up_epochs, abs=0.1)
    assert run.rate(top) == pytest.approx(0.5, rel=1e-3)
    assert run.rate(0) == pytest.approx(0.005)


def test_the_third_run_starts_halfway_of_the_first() -> None:
    plan = expand(study("data_volume_thesis"))
    first, _ = (run for run in plan.runs if run.experiments == "resnet_twice")
    (third,) = (run for run in plan.runs if run.experiments == "resnet_restarted")
    start = third.unpack().start
    assert start is not None
    assert (start.run, start.at, start.carry) == (first.run, 0.5, "state")
    assert first.kept == "0.5"
    assert first.unpack().recipe == third.unpack().recipe
    assert first.seed != third.seed


@pytest.mark.parametrize(
    ("size", "epochs", "base_epochs"),
    [
        *[(12000, 12, 1), (6000, 24, 2), (4000, 36, 3), (3000, 48, 4), (2400, 60, 5), (2000, 72, 6)],
        *[(1500, 96, 8), (1200, 120, 10), (1000, 144, 12), (800, 180, 15), (750, 192, 16)],
    ],
)
def test_emnist_sizes_make_the_epochs_of_table_1(size: int, epochs: int, base_epochs: int) -> None:
    run = stretch("emnist_letters", "sizes", size, 124_800)
    assert run.samples_at(run.end) == 144_000
    assert run.epochs_at(run.end) == epochs
    points = [run.epochs_at(point) for point in sorted(run.points)]
    assert points == pytest.approx([base_epochs * i for i in range(1, 13)], abs=72 / size)


def test_emnist_seeds_and_sizes() -> None:
    (experiment,) = study("emnist_letters").experiments
    assert list(experiment.seeds) == [100 * i + i for i in range(10)]
    assert sorted(volume.size or 0 for volume in experiment.volumes)[::10] == [750, 12000]


def test_imagenette_varies_one_factor_at_a_time() -> None:
    (laid_out,) = designs(study("imagenette"))
    baseline = [point.run for point in laid_out.points if point.values == (("recipe.batch_size", "32"),)]
    by_stage = Counter(point.stage for point in laid_out.points)
    assert by_stage == {"architecture": 5, "recipe.batch_size": 5, "recipe.weight_decay": 6}
    assert sum(point.run == baseline[0] for point in laid_out.points) == 3
    run = stretch("imagenette", "ablation", 9469, 9469)
    rates = [run.rate(round(epoch * run.unit) + shift) for epoch in (150, 250) for shift in (-2, 2)]
    assert rates == pytest.approx([0.1, 0.01, 0.01, 0.001])  # section 2.1


@pytest.mark.parametrize("scale", ["full", "smoke"])
@pytest.mark.parametrize("name", STUDIES)
def test_every_row_of_the_papers_is_an_artefact_that_can_be_drawn(name: str, scale: str) -> None:
    shown = chosen(study(name, scale).artefacts)
    assert set(ARTEFACTS[name]) <= {artefact.name for artefact in shown}
    assert all(artefact.title and artefact.caption and artefact.section for artefact in shown)


@pytest.mark.parametrize("name", STUDIES)
def test_printed_numbers_belong_to_artefacts_and_to_experiments(name: str) -> None:
    one = study(name)
    with (FOLDER / one.published).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["artefact"] for row in rows} <= {artefact.name for artefact in one.artefacts}
    assert {row["experiment"] for row in rows} <= {experiment.name for experiment in one.experiments}
    wanted = {a.options[key] for a in one.artefacts for key in ("published", "artefacts") if key in a.options}
    assert wanted <= {row["artefact"] for row in rows}


@pytest.mark.parametrize("name", STUDIES)
def test_smoke_needs_neither_download_nor_gpu(name: str) -> None:
    for experiment in study(name, "smoke").experiments:
        assert experiment.dataset.name == "digits"
        assert (experiment.resources.gpus, experiment.resources.processes) == (0, 1)
    assert {e.name for e in study(name, "smoke").experiments} == {e.name for e in study(name).experiments}


@pytest.mark.parametrize(("name", "runs"), [("emnist_letters", 44), ("data_volume_thesis", 18), ("imagenette", 12)])
def test_the_smoke_plans(name: str, runs: int) -> None:
    assert len(expand(study(name, "smoke")).runs) == runs


@pytest.mark.parametrize(("extras", "full", "smoke"), [(False, 4 * 3, 2 * 2), (True, 4 * 3 * 3, 2 * 2 * 3)])
def test_the_template_can_be_planned(extras: bool, full: int, smoke: int, tmp_path: Path) -> None:
    """As it is, and with its extras: lines that begin with `#`, where a comment has a blank behind it."""
    text = (FOLDER / "template.yaml").read_text()
    (tmp_path / "mine.yaml").write_text(re.sub(r"^#(?! \S)", "", text, flags=re.MULTILINE) if extras else text)
    for scale, runs in {"full": full, "smoke": smoke}.items():
        one = load_study(tmp_path / "mine.yaml", scale)
        assert sum("volume" in run.experiments.split() for run in expand(one).runs) == runs
        assert len(chosen(one.artefacts)) == (4 if extras else len(DEFAULTS))
        assert one.answer.more == 1000
        assert len(one.experiments) == (2 if extras else 1)


def test_the_guide_names_every_figure_and_table_with_its_options_and_every_data_set() -> None:
    guide = Path("docs/studies.md").read_text(encoding="utf-8")
    rows = {row.split("`")[1]: row for row in guide.splitlines() if row.startswith("| `")}
    common = {"experiments", "architectures", "networks", "values", "fractions", "sizes", "stage"}
    for kind in KINDS.values():
        missing = [option for option in kind.options if option not in common and f"`{option}`" not in rows[kind.name]]
        assert not missing, f"{kind.name}: {missing}"
    assert all(f"`{name}`" in guide for name in dataset_names())
