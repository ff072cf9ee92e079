"""The five published studies at scale smoke, as a user runs them: real trainings, offline, every artefact drawn.

A class a study, so that two workers share the studies out.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from projects import REPOSITORY, make_project, run_snakemake

from datavolume.artefacts import chosen, find
from datavolume.study import Artefact, Study, load_study
from datavolume.study.paths import FIGURE_FORMATS, TABLE_FORMATS

# Nobody answers there, so a study that wants the network fails.
OFFLINE = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")


class Paper:
    """What holds for each; a study's class names it."""

    study = ""

    @pytest.fixture(scope="class")
    @classmethod
    def finished(cls, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
        folder = make_project(tmp_path_factory.mktemp(cls.study))
        words = ("--cores", "1", "--config", f"study={cls.study}", "scale=smoke")
        told = run_snakemake(folder, *words, environment=OFFLINE)
        assert told.returncode == 0, told.stderr[-4000:]
        return folder / "results" / f"{cls.study}-smoke", told

    @property
    def planned(self) -> Study:
        return load_study(REPOSITORY / f"config/studies/{self.study}.yaml", "smoke")

    def test_every_artefact_is_drawn(self, finished: tuple[Path, object]) -> None:
        results, _ = finished
        for artefact in chosen(self.planned.artefacts):
            missing = [file for file in files_of(results, artefact) if not file.is_file() or not file.stat().st_size]
            assert not missing

    def test_printed_numbers_are_not_called_comparable(self, finished: tuple[Path, object]) -> None:
        results, _ = finished
        comparison = pd.read_csv(results / "analysis/comparison.csv")
        assert len(comparison) == len(pd.read_csv(REPOSITORY / "config/studies" / self.planned.published))
        assert set(comparison["verdict"]) <= {"not comparable", "not run"}

    def test_the_report_shows_all_and_loads_nothing(self, finished: tuple[Path, object]) -> None:
        results, _ = finished
        text = (results / "report.html").read_text(encoding="utf-8")
        assert all(f'id="{artefact.name}"' in text for artefact in chosen(self.planned.artefacts))
        assert not re.search(r"<(?:script|img|link|iframe)[^>]+(?:src|href)=[\"']?https?:", text)

    def test_nothing_is_left_to_do(self, finished: tuple[Path, object]) -> None:
        results, _ = finished
        told = run_snakemake(results.parents[1], "--dry-run", "--config", f"study={self.study}", "scale=smoke")
        assert "Nothing to be done" in told.stdout + told.stderr


def files_of(results: Path, artefact: Artefact) -> list[Path]:
    kind = find(artefact.draw)
    formats = (*FIGURE_FORMATS, "csv") if kind.form == "figure" else TABLE_FORMATS
    interactive = ("html", "json") if kind.interactive else ()
    return [results / f"{kind.form}s" / f"{artefact.name}.{suffix}" for suffix in (*formats, *interactive)]


class TestDataVolumeThesis(Paper):
    study = "data_volume_thesis"


class TestEmnistLetters(Paper):
    study = "emnist_letters"


class TestStepwise(Paper):
    study = "stepwise"


class TestImagenette(Paper):
    study = "imagenette"


class TestCifar10Tuning(Paper):
    study = "cifar10_tuning"
