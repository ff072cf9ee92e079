from __future__ import annotations

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from unit.analysis.synthetic import ENVIRONMENT

from datavolume.analysis.analyse import analyse
from datavolume.analysis.answer import answer
from datavolume.analysis.efficiency import read_jobs
from datavolume.artefacts.provenance import duration, facts
from datavolume.artefacts.registry import Results
from datavolume.artefacts.report import Report, render
from datavolume.artefacts.statistics_tables import statistics_table

TABLES = ("requirement", "log_linear", "anova_two_way", "anova_one_way", "tukey")
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><title>a figure</title></svg>'


@pytest.fixture(scope="module")
def report(results: Results) -> Report:
    statistics = analyse(results.summary, margin=0.01)
    return Report(
        title="Made up",
        question="How many & which <images>?",
        scale="full",
        answer=answer("How many & which <images>?", statistics),
        summary=results.summary,
        analysis={name: getattr(statistics, name) for name in TABLES},
        figures={"accuracy_by_volume": SVG, "learning_curves": SVG},
        tables={"results": "<table><tr><td>97.1</td></tr></table>"},
        environments=[ENVIRONMENT, {**ENVIRONMENT, "hostname": "node2", "finished": "2026-11-21T01:02:00+00:00"}],
        study="title: Made up # <b>",
        jobs=read_jobs(Path("no such file")),
        timing=pd.DataFrame({"configuration": ["c"], "peak_memory_mb": [2048.0]}),
        commit="0123abc",
        command="snakemake --profile profiles/slurm",
    )


class Reader(HTMLParser):
    """Text in reading order, the tags with their attributes, and whether each tag is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    assert not reader.open
    return reader


def words(html: str) -> str:
    return " ".join("".join(read(html).text).split())


def test_question_and_answer_come_first_then_figure_statistics_provenance(report: Report) -> None:
    text = words(render(report))
    parts = [
        "How many & which <images>?",
        report.answer["answer"],
        "Accuracy against data volume.",
        "What the statistics say",
        report.answer["findings"][0],
        "Log-linear regressions",
        "Learning curves.",
        "97.1",
        "not run through the submitit executor",
        "Where this comes from",
        "snakemake --profile profiles/slurm",
        "title: Made up # <b>",
    ]
    places = [text.index(part, len(parts[0])) if i else text.index(part) for i, part in enumerate(parts)]
    assert places == sorted(places)


def test_nothing_is_loaded_from_anywhere(report: Report) -> None:
    html = render(report)
    for tag, attributes in read(html).attributes:
        assert tag not in ("link", "iframe", "object", "embed")
        source = attributes.get("src") or attributes.get("href") or "data:"
        assert source.startswith("data:")
    assert not re.search(r"@import|url\(|https?:|fetch\(", html)


def test_figures_stand_in_the_file_and_can_be_enlarged(report: Report) -> None:
    images = [attributes for tag, attributes in read(render(report)).attributes if tag == "img" and "src" in attributes]
    assert [image["alt"] for image in images] == ["Accuracy against data volume", "Learning curves"]
    source = images[0]["src"]
    assert source is not None
    assert base64.b64decode(source.partition("base64,")[2]).decode() == SVG
    html = render(report)
    assert html.count('class="enlarge"') == 2
    assert "showModal" in html


def test_smoke_scale_says_that_its_numbers_are_not_to_be_quoted(report: Report) -> None:
    assert "Do not quote them" not in words(render(report))
    assert "shortened study" in words(render(replace(report, scale="smoke")))


def test_findings_have_their_architecture_in_bold(report: Report) -> None:
    assert "<b>small_cnn:</b> each doubling" in render(report)


def test_tables_are_folded_and_have_every_row(report: Report) -> None:
    html = render(report)
    assert html.count("<details>") == len(TABLES) + 2  # one on efficiency, and the study
    tukey = html[html.index("Pairs of volumes") :]
    tukey = tukey[: tukey.index("</details>")]
    assert tukey.count('<th scope="row">') == len(report.analysis["tukey"])


def test_numbers_stay_with_their_signs(report: Report) -> None:
    answer_text = re.search(r'<p class="answer">(.*?)</p>', render(report))
    assert answer_text
    assert " %" not in answer_text.group(1)
    assert "\N{NO-BREAK SPACE}%" in answer_text.group(1)


def test_a_frame_read_back_from_csv_is_shown_alike(report: Report, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("csv") / "tukey.csv"
    report.analysis["tukey"].to_csv(file, index=False)
    assert statistics_table("tukey", pd.read_csv(file)) == statistics_table("tukey", report.analysis["tukey"])


def test_requirement_is_shown_in_percent() -> None:
    row = {"architecture": "cnn", "n": 500, "share": 0.5, "mean": 0.945, "lower": 0.943, "upper": 0.947}
    row |= {"shortfall": 0.005, "shortfall_lower": -0.001, "shortfall_upper": 0.0112, "enough": False, "note": ""}
    table = statistics_table("requirement", pd.DataFrame([row]))
    assert table.rows == [["cnn", "500", "50 %", "94.5 (94.3 to 94.7)", "0.50 (−0.10 to 1.12)", "no"]]
    assert "Note" not in table.head


def test_small_p_values_and_missing_values() -> None:
    row = {"architecture": "cnn", "metric": "top1", "df_between": 5, "df_within": 24, "F": 1234.56, "p": 1e-9}
    row |= {"eta2": 0.5, "omega2": float("nan"), "note": "why"}
    table = statistics_table("anova_one_way", pd.DataFrame([row]))
    assert table.rows == [["cnn", "top-1 accuracy", "5", "24", "1,234.6", "< 0.001", "0.500", "", "why"]]


def test_provenance_has_runs_time_seeds_versions_hardware_command_commit(summary: pd.DataFrame) -> None:
    versions = {"torch": "2.15.0", "python": "3.11.2"}
    environments = [
        {**ENVIRONMENT, "versions": versions},
        {**ENVIRONMENT, "versions": {**versions, "torch": "2.8.0"}, "hostname": "node2"},
    ]
    found = dict(facts(summary.assign(seconds=3.5), environments, command="make demo"))
    assert found["Runs"] == ["60 runs in 2 training jobs: 2 architectures × 6 data volumes"]
    assert found["Training time"][0] == "3 min 30 s in all, without evaluation"
    assert found["Training time"][1] == "from 2026-11-21 01:00 to 2026-11-21 01:00 UTC"
    assert found["Seeds"] == ["0 to 4"]
    assert found["Versions"][:2] == ["torch 2.15.0 and 2.8.0", "python 3.11.2"]
    assert found["Hardware"] == ["cpu, 1 process of 1 thread a job"]
    assert found["Machines"] == ["node1, node2"]
    assert found["Commit"] == ["0123abc"]
    assert found["Command"] == ["make demo"]
    assert found["A training job"] == [ENVIRONMENT["command"]]


def test_provenance_says_what_it_knows_where_little_is_known(summary: pd.DataFrame) -> None:
    found = dict(facts(summary, []))
    assert "Commit" not in found
    assert found["Runs"] == ["60 runs in 0 training jobs: 2 architectures × 6 data volumes"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(7.31, "7.3 s"), (75, "1 min 15 s"), (3725, "1 h 2 min"), (4_000_000, "1,111 h 6 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
