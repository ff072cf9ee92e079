"""The gallery's pages, from a study's folder of results."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from unit.analysis.synthetic import ENVIRONMENT, collected_of, make_plan

from datavolume.errors import UserError
from datavolume.study import Paths

SCRIPT = runpy.run_path(str(Path(__file__).parents[3] / "docs/make_gallery.py"))
gallery: Callable[..., None] = SCRIPT["gallery"]
STUDY = """\
title: Made up
question: How many?
margin: 0.01
dataset: {name: digits}
recipe: {budget: {epochs: 1}}
experiments: {volume: {architectures: [mlp], fractions: [1], seeds: [0]}}
artefacts:
  figure_14: {draw: learning_curves, title: Figure 14, caption: How it learns., section: Data volume}
  table_4: {draw: results, title: Table 4, caption: What it reaches., section: Data volume}
"""


def finished(root: Path, *, rows: int = 2, width: int = 2400) -> Path:
    """What the page is made of, in a folder of results."""
    paths = Paths(root / "made_up-smoke")
    environment = {**ENVIRONMENT, "finished": "2026-11-05T10:00:00+00:00", "commit": "0123abcdef"}
    texts: dict[Path, str] = {
        paths.study: STUDY,
        paths.report: "<html>",
        paths.analysis("answer.json"): json.dumps({"question": "How many?", "answer": "Ten are enough."}),
        paths.run_file("c", "0", "environment.json"): json.dumps(environment),
        paths.table("table_4", "html"): f"<table>\n<thead><tr></tr></thead>\n{'<tr><td>97.1</td></tr>' * rows}</table>",
    }
    for file, text in texts.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    paths.collected("summary").parent.mkdir()
    collected_of(make_plan(seeds=3)).summary.to_parquet(paths.collected("summary"))
    paths.figure("figure_14", "png").parent.mkdir()
    Image.new("RGB", (width, width // 2), "white").save(paths.figure("figure_14", "png"))
    return paths.root


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "gallery.md").write_text("before\n<!-- studies -->\nold\n<!-- /studies -->\nafter\n", encoding="utf-8")
    return folder


def page_of(docs: Path) -> str:
    return (docs / "gallery/made_up.md").read_text(encoding="utf-8")


def test_a_page_has_every_artefact_with_caption_and_where_it_comes_from(tmp_path: Path, docs: Path) -> None:
    gallery([finished(tmp_path)], docs)
    text = page_of(docs)
    parts = [
        "# Made up",
        "How many?",
        "Smoke scale",
        "Ten are enough.",
        "36 runs, 3 seeds, on cpu; made on 5 November 2026 at commit 0123abc",
        "`snakemake --cores 2 --config study=made_up scale=smoke`",
        "## Data volume",
        "### Figure 14",
        "![Figure 14](../images/gallery/made_up/figure_14.png)",
        "How it learns.",
        "### Table 4",
        "<td>97.1</td>",
    ]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert text.count("## Data volume") == 1


def test_the_list_names_every_page_between_its_marks(tmp_path: Path, docs: Path) -> None:
    folder = finished(tmp_path)
    for _ in range(2):
        gallery([folder], docs)
        assert (docs / "gallery.md").read_text(encoding="utf-8") == (
            "before\n<!-- studies -->\n- [Made up](gallery/made_up.md): How many? 1 figure, 1 table.\n"
            "<!-- /studies -->\nafter\n"
        )


@pytest.mark.parametrize(("width", "shown"), [(2400, (1000, 500)), (600, (600, 300))])
def test_pictures_are_as_wide_as_a_page(tmp_path: Path, docs: Path, width: int, shown: tuple[int, int]) -> None:
    gallery([finished(tmp_path, width=width)], docs)
    with Image.open(docs / "images/gallery/made_up/figure_14.png") as picture:
        assert picture.size == shown
        assert picture.mode == "P"


def test_long_tables_are_folded(tmp_path: Path, docs: Path) -> None:
    gallery([finished(tmp_path, rows=40)], docs)
    assert "<details><summary>40 rows</summary>" in page_of(docs)


def test_pictures_of_artefacts_that_are_gone_go_too(tmp_path: Path, docs: Path) -> None:
    old = docs / "images/gallery/made_up/figure_1.png"
    old.parent.mkdir(parents=True)
    Image.new("RGB", (2, 2)).save(old)
    gallery([finished(tmp_path)], docs)
    assert [file.name for file in old.parent.iterdir()] == ["figure_14.png"]


def test_a_folder_without_a_report_is_refused(tmp_path: Path, docs: Path) -> None:
    with pytest.raises(UserError, match="no finished study"):
        gallery([tmp_path], docs)


def test_a_list_without_marks_is_refused(tmp_path: Path, docs: Path) -> None:
    (docs / "gallery.md").write_text("no marks", encoding="utf-8")
    with pytest.raises(UserError, match="studies"):
        gallery([finished(tmp_path)], docs)


def test_too_many_bytes_are_refused(tmp_path: Path, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(gallery.__globals__, "MOST", 10)
    with pytest.raises(UserError, match="MB of pictures"):
        gallery([finished(tmp_path)], docs)
