"""Projects whose tiny study has run, or is about to."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from projects import make_project, run_snakemake


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A project whose tiny study has run to its report, and what was told."""
    folder = make_project(tmp_path_factory.mktemp("finished"))
    told = run_snakemake(folder)
    assert told.returncode == 0, told.stderr
    return folder, told
