"""From a study's file to what is said of it."""

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from unit.estimate.made_up import study_of, write_tables

from datavolume.errors import UserError
from datavolume.estimate import Estimate, Limit, describe
from datavolume.estimate.show import COLUMNS, show, write_estimate
from datavolume.study import Paths, Study, designs, plan_of

ROOT = Path(__file__).parents[3]

SHARED = """
seeds_per_job: 2
dataset: {name: digits}
recipe: {budget: {epochs: 20}}
experiments:
  volume: {architectures: [small_cnn], fractions: [0.5, 1], seeds: 5}
  all: {architectures: [small_cnn], fractions: [1], seeds: 3}
"""
GPU = """
dataset: {name: CIFAR10, tuning: 0.2}
recipe: {tier: fast, batch_size: 100, budget: {epochs: 450}, network: {input_size: 224}, evaluations: 1}
resources: {gpus: 1, runtime: 60}
"""
LONG = GPU + "experiments: {volume: {architectures: [resnet50], fractions: [1], seeds: 1}}"
TUNED = (
    GPU
    + """
experiments:
  tuned:
    architectures: [resnet50]
    fractions: [1]
    seeds: 2
    design: one_after_another
    vary: {recipe.learning_rate: [0.1, 0.2, 0.3], recipe.batch_size: [100, 200]}
  last: {best_of: [tuned], fractions: [1], seeds: 2}
"""
)


def estimate_of(study: Study, folder: Path, **options: object) -> Estimate:
    laid_out = list(designs(study))
    tables = write_tables(folder / "config")
    options = {"device": "quick", **options}
    return describe(study, plan_of(study, laid_out), laid_out, tables=tables, **options)  # type: ignore[arg-type]


def test_runs_that_experiments_share_are_counted_as_saved(tmp_path: Path) -> None:
    """13 places, of which three are the same runs; five seeds in blocks of two are three jobs."""
    found = estimate_of(study_of(tmp_path, SHARED), tmp_path)
    assert (found.points, found.runs, found.saved, found.jobs) == (13, 10, 3, 6)
    assert found.summary()[0] == (
        "Plan: 10 runs of 2 configurations in 6 jobs; 3 runs saved by sharing (13 places in the designs)"
    )


def test_core_hours_by_hand(tmp_path: Path) -> None:
    """Each run trains 28 768 images at 2000/s, and evaluates 10 x (719 or 1438, and 359) + 359 at 6000/s; 5 s a job."""
    found = estimate_of(study_of(tmp_path, SHARED), tmp_path)
    evaluated = [10 * (n + 359) + 359 for n in (719, 1438)]
    seconds = sum(5 * (28_768 / 2000 + images / 6000) for images in evaluated) + 6 * 5
    assert found.device_hours(gpu=False) == pytest.approx(seconds / 3600)
    assert found.device_hours(gpu=True) == 0
    assert found.summary()[1] == "0.055 core hours (images/s: 2 configurations stated in config/throughput.csv)"


def test_the_longest_job_against_its_limits(tmp_path: Path) -> None:
    """450 epochs of 40 000 images at 1000/s are five hours, and some evaluation; a start trains for 58.5 minutes."""
    study = study_of(tmp_path, LONG)
    line = estimate_of(study, tmp_path).summary()[2]
    assert line.startswith("Longest job: 5.0 h, resnet50-f1-bs100-")
    assert line.endswith("; past resources.runtime 60 min: 5 requeues from its checkpoint")
    allowed = estimate_of(study, tmp_path, limit=Limit("gpu", 2880)).summary()[2]
    assert allowed.endswith("checkpoint (partition gpu allows 2880 min)")
    refused = estimate_of(study, tmp_path, limit=Limit("short", 30)).summary()[2]
    assert refused.endswith("MORE THAN partition short allows (30 min): lower it, or name another partition")
    assert (
        estimate_of(study, tmp_path, limit=Limit("long", None)).summary()[2].endswith("(partition long has no limit)")
    )


def test_a_job_that_would_be_requeued_too_often(tmp_path: Path) -> None:
    study = study_of(tmp_path, LONG.replace("runtime: 60", "runtime: 20"))
    assert "16 requeues from its checkpoint, more than the 10" in estimate_of(study, tmp_path).summary()[2]


def test_what_is_still_to_be_decided(tmp_path: Path) -> None:
    """Two batch sizes x two seeds follow the learning rate, two runs the last; each as dear as the six known ones."""
    found = estimate_of(study_of(tmp_path, TUNED), tmp_path)
    assert found.runs == 6
    assert [(one.experiment, one.stage, one.runs) for one in found.undecided] == [
        ("tuned", "recipe.learning_rate", 4),
        ("last", "base", 2),
    ]
    each = found.device_hours(gpu=True) / 6
    assert [one.device_hours for one in found.undecided] == pytest.approx([4 * each, 2 * each])
    assert found.summary()[1] == (
        "Still to be decided: tuned (recipe.learning_rate), last (base); then at most 6 runs, about 30 GPU hours on top"
    )


def test_early_stopping_says_at_most(tmp_path: Path) -> None:
    study = study_of(tmp_path, LONG.replace("evaluations: 1", "evaluations: 1, early_stopping: {patience: 3}"))
    found = estimate_of(study, tmp_path)
    assert found.summary()[1].startswith("At most 5 GPU hours on quick")
    assert found.notes()[-1] == "Early stopping is counted as if it never came."


def test_data_that_nobody_has_counted(tmp_path: Path) -> None:
    """A user's own: unknown, then counted where that is asked for."""
    file = tmp_path / "mine.npz"
    np.savez(file, images=np.zeros((100, 8, 8), np.uint8), labels=np.arange(100) % 2)
    study = study_of(tmp_path, SHARED.replace("name: digits", f"name: npz, path: {file}"))
    unknown = estimate_of(study, tmp_path, count=False)
    assert unknown.summary()[1:] == [f"Not in these numbers: 10 runs, {file}: unknown until the data are indexed"]
    assert {row.cost.work.n for row in estimate_of(study, tmp_path).rows if row.cost} == {40, 80}


def test_a_network_of_no_table_is_built_for_the_plan_alone(tmp_path: Path) -> None:
    """vgg3 on 8 x 8 pixels: parameters as torch counts them."""
    study = study_of(tmp_path, SHARED.replace("small_cnn", "vgg3"))
    told = estimate_of(study, tmp_path).summary()[-1]
    assert told == "Not in these numbers: 10 runs, vgg3 is not in config/networks.csv: `snakemake plan` builds it"
    found = estimate_of(study, tmp_path, build=True)
    assert {row.cost.parameters for row in found.rows if row.cost} == {286_432 + 129 * 10}


def test_a_timing_run_of_the_study_is_used(tmp_path: Path) -> None:
    paths, header = (
        Paths(tmp_path / "results/made_up"),
        "network,stem,image_size,channels,batch_size,tier,device,frozen",
    )
    (paths.root / "timing").mkdir(parents=True)
    (paths.root / "timing/one.csv").write_text(
        f"{header},images_per_second,evaluation_images_per_second,date\n"
        "resnet50,as_built,224,3,100,fast,novel,no,100,500,2026-11-21\n"
    )
    found = estimate_of(study_of(tmp_path, LONG), tmp_path, paths=paths, device=None)
    assert found.summary()[1].startswith("50 GPU hours on novel (images/s: 1 configuration measured by")
    assert estimate_of(study_of(tmp_path, LONG), tmp_path, paths=paths).summary()[1].startswith("5 GPU hours on quick")


def test_the_usual_gpu_is_one_of_the_projects_table(tmp_path: Path) -> None:
    study = study_of(tmp_path, LONG)
    laid_out = list(designs(study))
    found = describe(study, plan_of(study, laid_out), laid_out, tables=ROOT / "config")
    assert {row.device for row in found.rows} == {"a100"}


def test_an_unknown_device_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="device 'abacus' is unknown"):
        estimate_of(study_of(tmp_path, LONG), tmp_path, device="abacus")


def test_the_file_has_a_row_a_configuration(tmp_path: Path) -> None:
    found = estimate_of(study_of(tmp_path, LONG), tmp_path)
    write_estimate(found, tmp_path / "estimate.csv")
    with (tmp_path / "estimate.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(COLUMNS)
    assert [(row["network"], row["n"], row["updates"], row["basis"]) for row in rows] == [
        ("resnet50", "40000", "180000", "stated")
    ]
    assert float(rows[0]["hours_each"]) == pytest.approx(18_000_000 / 1000 / 3600 + 70_000 / 3000 / 3600, rel=1e-4)


def test_the_terminal_shows_every_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show(estimate_of(study_of(tmp_path, SHARED), tmp_path))
    told = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("small_cnn") for line in told) == 2
    assert told[-1] == "images/s of small_cnn on cpu: by hand"


def test_lines_need_no_terminal(tmp_path: Path) -> None:
    lines = estimate_of(study_of(tmp_path, LONG), tmp_path).lines()
    assert any(
        line.endswith("180000 updates and 18000000 images each, 5.0 h each, 5 GPU hours in all") for line in lines
    )


def test_a_dry_run_imports_nothing_heavy() -> None:
    code = (
        "import sys; from pathlib import Path; from datavolume.estimate import describe;"
        "from datavolume.study import designs, find_study, load_study, plan_of;"
        "study = load_study(find_study('digits', Path('config/studies'))); laid = list(designs(study));"
        "describe(study, plan_of(study, laid), laid, count=False).summary();"
        "print({'torch', 'torchvision', 'timm', 'pandas', 'pyarrow', 'rich', 'sklearn'} & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"


def test_other_jobs_past_their_limits_are_told_too(tmp_path: Path) -> None:
    """The large one fits its 600 minutes; the half of it, 2.5 hours, is two hours past its own 30."""
    study = study_of(
        tmp_path,
        GPU
        + """
experiments:
  large: {architectures: [resnet50], fractions: [1], seeds: 1, resources: {runtime: 600}}
  small: {architectures: [resnet18], fractions: [1], seeds: 1, resources: {runtime: 30}}
""",
    )
    line = estimate_of(study, tmp_path).summary()[2]
    assert line.endswith("fits resources.runtime 600 min; 1 other configuration past theirs, up to 5 requeues each")
