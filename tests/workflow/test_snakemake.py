"""The workflow as a user runs it: dry run, run, second run, report; and what it says to mistakes."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from projects import REPOSITORY, run_snakemake

TRAINED = "results/tiny/collected/metrics.parquet"
Finished = tuple[Path, "subprocess.CompletedProcess[str]"]


def test_a_dry_run_counts_the_jobs_and_writes_nothing(project: Path) -> None:
    told = run_snakemake(project, "--dry-run")
    assert told.returncode == 0, told.stderr
    assert re.search(r"^train +6$", told.stdout + told.stderr, re.MULTILINE)
    assert not (project / "results").exists()


@pytest.mark.parametrize("option", ["--rulegraph", "--summary", "--list-rules"])
def test_snakemakes_views_work(project: Path, option: str) -> None:
    told = run_snakemake(project, option)
    assert told.returncode == 0, told.stderr
    assert "train" in told.stdout + told.stderr or option == "--summary"


def test_the_plan_needs_no_data(project: Path) -> None:
    told = run_snakemake(project, "plan")
    assert told.returncode == 0, told.stderr
    with (project / "results/tiny/plan.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 2 * 3 * 2
    assert not (project / "results/tiny/data").exists()


def test_a_run_ends_with_the_answer_and_where_it_is(finished: Finished) -> None:
    folder, told = finished
    answer = json.loads((folder / "results/tiny/analysis/answer.json").read_text())
    assert answer["answer"] in told.stdout
    assert "Report: results/tiny/report.html" in told.stdout
    assert "Traceback" not in told.stderr


def test_the_answer_can_be_read_again(finished: Finished) -> None:
    folder, first = finished
    command = [sys.executable, "-m", "datavolume", "results/tiny"]
    told = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    assert told in first.stdout
    no_study = subprocess.run([*command[:-1], "results/none"], cwd=folder, capture_output=True, text=True, check=False)
    assert no_study.returncode == 2
    assert no_study.stderr == "Error: results/none: there is no report yet; run the study first\n"


def test_a_run_says_how_far_it_is(finished: Finished) -> None:
    _, told = finished
    assert "6 train" in told.stderr
    assert "left" in told.stderr


def test_every_run_has_its_metrics(finished: Finished) -> None:
    folder, _ = finished
    files = sorted((folder / "results/tiny/runs").glob("*/seeds~0-1/metrics.csv"))
    assert len(files) == 6
    rows = [row for file in files for row in csv.DictReader(file.open())]
    assert len(rows) == 12 * 3 * 2  # runs, evaluations, splits
    assert all(0 <= float(row["top1"]) <= 1 for row in rows)


def test_no_temporary_file_is_left(finished: Finished) -> None:
    folder, _ = finished
    assert not list((folder / "results").rglob("*.tmp*"))


def test_a_second_run_does_nothing(finished: Finished) -> None:
    folder, _ = finished
    before = {path: path.stat().st_mtime_ns for path in (folder / "results").rglob("*")}
    told = run_snakemake(folder, "--dry-run")
    assert "Nothing to be done" in told.stdout + told.stderr
    again = run_snakemake(folder)
    assert again.returncode == 0
    assert "Nothing to be done" in again.stderr
    assert {path: path.stat().st_mtime_ns for path in (folder / "results").rglob("*")} == before


def test_snakemakes_own_report(finished: Finished, tmp_path: Path) -> None:
    folder, _ = finished
    told = run_snakemake(folder, "--report", str(tmp_path / "report.html"))
    assert told.returncode == 0, told.stderr
    assert (tmp_path / "report.html").stat().st_size > 100_000


def test_the_report_loads_nothing_from_outside(finished: Finished) -> None:
    text = (finished[0] / "results/tiny/report.html").read_text()
    for loads in ('src="http', "src='http", '<link rel="stylesheet"', "@import", "url(http"):
        assert loads not in text


def test_more_seeds_train_only_the_new_ones(project: Path) -> None:
    """The plan changes; what is trained stays."""
    study = project / "config/studies/tiny.yaml"
    study.write_text(study.read_text().replace("[mlp, small_cnn]", "[mlp]").replace("[0.1, 0.5, 1]", "[1]"))
    assert run_snakemake(project, TRAINED).returncode == 0
    study.write_text(study.read_text().replace("seeds: 2", "seeds: 3"))
    told = run_snakemake(project, TRAINED)
    assert told.returncode == 0, told.stderr
    assert ", 1 train" in told.stderr


def test_an_edit_while_jobs_wait_changes_nothing_for_them(project: Path) -> None:
    """A job's own Snakemake reads the plan, not the YAML: here they change as soon as the plan is written."""
    breaking = (
        "while ! [ -f results/tiny/plan.csv ]; do sleep 0.1; done; "
        "echo 'nonsense: [' > config/studies/tiny.yaml; sed -i 's/study: tiny/study: digits/' config/config.yaml"
    )
    with subprocess.Popen(["sh", "-c", breaking], cwd=project):
        told = run_snakemake(project, "--executor", "submitit", "--submitit-cluster", "local", "--jobs", "2", TRAINED)
    assert told.returncode == 0, told.stderr


def complaint(project: Path, *options: str) -> str:
    """The one line that a mistake gets before any job starts."""
    told = run_snakemake(project, *options)
    assert told.returncode == 1
    assert "Traceback" not in told.stderr
    lines = [line for line in told.stderr.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1, told.stderr
    assert not (project / "results").exists()
    return lines[0]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("recipe:", "recipee:", "unknown key 'recipee'; did you mean 'recipe'?"),
        ("[0.1, 0.5, 1]", "[0, 0.5]", "fractions[0] is 0; allowed: above 0 and at most 1"),
        ("seeds: 2", "seeds: [1, 1]", "seeds has 1 twice"),
        ("[mlp, small_cnn]", "[mlpp]", "architecture 'mlpp' is unknown"),
        ("name: digits", "name: digit", "dataset 'digit' is unknown; did you mean 'digits'?"),
    ],
)
def test_a_mistake_in_the_study_is_one_line(project: Path, old: str, new: str, said: str) -> None:
    study = project / "config/studies/tiny.yaml"
    assert old in study.read_text()
    study.write_text(study.read_text().replace(old, new))
    line = complaint(project, "--dry-run")
    assert "config/studies/tiny.yaml" in line
    assert said in line


@pytest.mark.parametrize(
    ("folder", "said"), [("nowhere", "nowhere: there is no such folder"), ("config", "class 'studies' has no image")]
)
def test_images_that_are_missing_stop_a_run_and_are_told_of_in_a_plan(project: Path, folder: str, said: str) -> None:
    study = project / "config/studies/tiny.yaml"
    study.write_text(study.read_text().replace("name: digits", f"name: folder, path: {folder}, image_size: 8"))
    told = run_snakemake(project, "--dry-run")
    assert told.returncode == 0, told.stderr
    assert "Needed before training, experiment volume: " in told.stderr
    assert said in told.stderr
    line = complaint(project)
    assert "config/studies/tiny.yaml" in line
    assert said in line


def test_a_study_that_does_not_exist(project: Path) -> None:
    line = complaint(project, "--config", "study=tinny")
    names = ", ".join(sorted(file.stem for file in (project / "config/studies").glob("*.yaml")))
    assert line == f"Error: study 'tinny' does not exist; did you mean 'tiny'? (allowed: {names})"


def test_a_mistake_in_the_configuration(project: Path) -> None:
    line = complaint(project, "--config", "scale=huge")
    assert line == "Error: config/config.yaml: scale is 'huge'; allowed: full, smoke"


def test_a_class_left_with_no_image_is_said_by_the_job(project: Path) -> None:
    study = project / "config/studies/tiny.yaml"
    study.write_text(study.read_text().replace("[0.1, 0.5, 1]", "[0.001, 1]"))
    told = run_snakemake(project)
    assert told.returncode == 1
    assert "with no image; the smallest fraction that works is" in told.stderr
    assert "Traceback" not in told.stderr
    assert not list((project / "results/tiny/subsets").rglob("f0.001*"))


def test_the_workflow_is_lint_clean_and_short() -> None:
    lines = (REPOSITORY / "workflow/Snakefile").read_text().splitlines()
    assert len(lines) < 40
