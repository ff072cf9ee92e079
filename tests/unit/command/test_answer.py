"""`datavolume answer RESULTS`, and the form without the command's name."""

import json
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from datavolume.__main__ import main


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """As far as a finished study is asked."""
    folder = tmp_path / "results" / "digits"
    (folder / "analysis").mkdir(parents=True)
    (folder / "report.html").write_text("<html>")
    (folder / "analysis/answer.json").write_text(json.dumps({"question": "How many?", "answer": "So many."}))
    return folder


def test_the_answer_is_printed_again(call: Any, results: Path) -> None:
    said = call("answer", results)
    assert said.code == 0
    assert "How many?\nSo many.\n" in said.out
    assert call(results).out == said.out


def test_a_study_that_is_not_finished(call: Any, tmp_path: Path) -> None:
    said = call(tmp_path)
    assert (said.code, said.out) == (2, "")
    assert said.error == f"Error: {tmp_path}: there is no report yet; run the study first\n"


def test_the_entry_point_is_this_function() -> None:
    project = tomllib.loads((Path(__file__).resolve().parents[3] / "pyproject.toml").read_text())["project"]
    assert EntryPoint("datavolume", project["scripts"]["datavolume"], "console_scripts").load() is main
