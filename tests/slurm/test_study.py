"""The digits study, at smoke scale, with `--profile profiles/slurm`, to the report; beside it, a local training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from projects import make_project, run_snakemake

pytestmark = pytest.mark.slurm
DIGITS = ("--config", "study=digits", "scale=smoke", "--")
TRAINED = "results/digits-smoke/collected/metrics.parquet"


def with_two_processes(project: Path) -> Path:
    """The digits study, its small_cnn trained by two processes under torchrun."""
    file = project / "config/studies/digits.yaml"
    study = yaml.safe_load(file.read_text())
    smoke = study["smoke"]["experiments"]["volume"]
    study["experiments"]["volume"]["architectures"] = ["mlp"]
    study["experiments"]["processes"] = study["experiments"]["volume"] | smoke
    study["experiments"]["processes"] |= {
        "architectures": ["small_cnn"],
        "recipe": {"shards": 2},
        "resources": {"processes": 2},
    }
    file.write_text(yaml.safe_dump(study))
    return project


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, slurm: Any) -> tuple[Path, Path]:
    """The results of the local run, trained and collected, and of the run on Slurm, to its report."""
    local = with_two_processes(make_project(tmp_path_factory.mktemp("local")))
    remote = with_two_processes(make_project(tmp_path_factory.mktemp("slurm")))
    for folder, profile, targets in ((local, "local", (TRAINED,)), (remote, "slurm", ())):
        told = run_snakemake(folder, *DIGITS, *targets, profile=profile, environment=slurm.environment)
        assert told.returncode == 0, told.stderr
    return local / "results/digits-smoke", remote / "results/digits-smoke"


def test_every_metric_equals_that_of_the_local_run(both: tuple[Path, Path]) -> None:
    local, remote = both
    names = sorted(path.relative_to(local) for path in (local / "runs").rglob("*") if path.is_file())
    assert len(names) == 6 * 5  # configurations, files
    for name in names:
        if name.name in ("metrics.csv", "summary.csv", "predictions.npz"):
            assert (remote / name).read_bytes() == (local / name).read_bytes(), name


def test_the_jobs_ran_in_slurm(both: tuple[Path, Path], slurm: Any) -> None:
    environments = list((both[1] / "runs").rglob("environment.json"))
    assert environments
    assert all('"slurm_job_id": "' in path.read_text() for path in environments)
    accounted = slurm.run("sacct", "-X", "-n", "-P", "-o", "JobName,State").stdout
    assert "train" in accounted


def test_two_processes_trained_where_the_study_asks_for_them(both: tuple[Path, Path]) -> None:
    texts = [path.read_text() for path in (both[1] / "runs").glob("small_cnn*/*/environment.json")]
    assert texts
    assert all('"processes": 2' in text for text in texts)


def test_the_report_is_written_on_slurm_too(both: tuple[Path, Path]) -> None:
    assert (both[1] / "report.html").stat().st_size > 100_000
