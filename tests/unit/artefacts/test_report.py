from __future__ import annotations

import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pytest
from unit.analysis.synthetic import ENVIRONMENT
from unit.artefacts.answers import statistics_of

from datavolume.analysis.answering.answer import answer
from datavolume.analysis.efficiency import read_jobs
from datavolume.artefacts.report import Report, Shown, render
from datavolume.artefacts.report.captions import DESCRIBED
from datavolume.artefacts.report.glance import glance
from datavolume.artefacts.report.provenance import duration, facts
from datavolume.artefacts.report.remarks import Remarks, remarks
from datavolume.artefacts.report.statistics import statistics_table, statistics_tables
from datavolume.artefacts.results import Results

SVG = '<svg xmlns="http://www.w3.org/2000/svg" id="#1"><title>a "figure" &amp; 100 %</title></svg>'
LEAD = Shown(name="by_volume", title="Accuracy against data volume", caption="By volume.", form="figure", content=SVG)
CURVES = Shown(name="curves", title="Figure 14", caption="Curves.", form="figure", content=SVG, section="Data volume")
GAP = Shown(name="gap", title="Figure 20", caption="Gap.", form="figure", content=SVG, section="Confidence")
TABLE = Shown(
    name="results",
    title="Table 4",
    caption="All results.",
    form="table",
    content="<table><tr><td>97.1357</td></tr></table>",
    section="Data volume",
)


@pytest.fixture(scope="module")
def report(results: Results) -> Report:
    statistics = statistics_of(results)
    return Report(
        title="Made up",
        question="How many & which <images>?",
        scale="full",
        answer=answer("How many & which <images>?", statistics),
        summary=results.summary,
        analysis=statistics.frames(),
        artefacts=[LEAD, CURVES, GAP, TABLE],
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
        if tag not in ("meta", "img", "link", "br", "input"):
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


def main_of(html: str) -> str:
    """Without the contents."""
    return html.partition("<main>")[2].partition("</main>")[0]


def test_question_and_answer_come_first_then_figure_statistics_artefacts_provenance(report: Report) -> None:
    text = words(main_of(render(report)))
    parts = [
        "How many & which <images>?",
        report.answer["answer"],
        "Accuracy against data volume.",
        "What the statistics say",
        report.answer["findings"][0],
        "Log-linear regressions",
        "Figure 14. Curves.",
        "Table 4. All results.",
        "97.1357",
        "Figure 20. Gap.",
        "All runs",
        "not run through the submitit executor",
        "Where this comes from",
        "snakemake --profile profiles/slurm",
        "title: Made up # <b>",
    ]
    places = [text.index(part, len(parts[0])) if i else text.index(part) for i, part in enumerate(parts)]
    assert places == sorted(places)


def test_the_outlook_stands_below_the_answer_where_there_is_one(report: Report) -> None:
    assert report.answer["outlook"]
    text = words(main_of(render(report))).replace("\N{NO-BREAK SPACE}", " ")
    assert f"{report.answer['answer']} {report.answer['outlook']}" in text
    without = {key: value for key, value in report.answer.items() if key != "outlook"}
    assert 'class="outlook"' not in render(replace(report, answer=without))


def test_nothing_is_loaded_from_anywhere(report: Report) -> None:
    html = render(report)
    for tag, attributes in read(html).attributes:
        assert tag not in ("link", "iframe", "object", "embed")
        source = attributes.get("src") or attributes.get("href") or "data:"
        assert source.startswith(("data:", "#"))
    assert not re.search(r"@import|url\(|https?:|fetch\(", html)


def test_every_link_leads_to_a_place_in_the_page(report: Report) -> None:
    attributes = [attributes for _, attributes in read(render(report)).attributes]
    anchors = [item["id"] for item in attributes if "id" in item]
    links = [(item["href"] or "").removeprefix("#") for item in attributes if "href" in item]
    assert len(anchors) == len(set(anchors))
    assert set(links) <= set(anchors)
    assert {"by_volume", "curves", "gap", "results", "all-runs"} <= set(links)


def test_figures_stand_in_the_file_and_can_be_enlarged(report: Report) -> None:
    html = render(report)
    images = [attributes for tag, attributes in read(html).attributes if tag == "img" and "src" in attributes]
    assert [image["alt"] for image in images] == ["Accuracy against data volume", "Figure 14", "Figure 20"]
    head, _, source = (images[0]["src"] or "").partition(",")
    assert head == "data:image/svg+xml"
    assert unquote(source) == SVG
    assert html.count('class="enlarge"') == 3
    assert "showModal" in html


def test_artefacts_are_grouped_by_section_in_the_order_of_the_study(report: Report) -> None:
    html = main_of(render(report))
    assert re.findall(r"<h2>(Data volume|Confidence|Figures and tables)</h2>", html) == ["Data volume", "Confidence"]
    without = replace(report, artefacts=[replace(item, section="") for item in report.artefacts])
    assert "<h2>Figures and tables</h2>" in render(without)


def test_a_study_whose_first_artefact_has_a_section_leads_with_none(report: Report) -> None:
    html = main_of(render(replace(report, artefacts=[CURVES])))
    assert html.index("What the statistics say") < html.index('id="curves"')


def test_plotly_is_there_only_where_a_figure_is_interactive(report: Report) -> None:
    assert "plotly-packed" not in render(report).partition("<script>")[0]
    moving = replace(CURVES, interactive='{"data":[{"name":"</script>"}],"layout":{}}')
    html = render(replace(report, artefacts=[LEAD, moving]))
    assert html.count('id="plotly-packed"') == 1
    assert 'id="data-of-curves">{"data":[{"name":"\\u003c/script>"}],"layout":{}}</script>' in html
    assert html.count('class="interact"') == 1


def test_smoke_scale_says_that_its_numbers_are_not_to_be_quoted(report: Report) -> None:
    assert "Do not quote them" not in words(render(report))
    assert "shortened study" in words(render(replace(report, scale="smoke")))


def test_findings_about_a_curve_are_folded_and_those_about_the_best_are_open(report: Report) -> None:
    html = render(report)
    best = html[html.index("<details open>\n<summary>small_cnn, in words") :]
    assert "<li>Each doubling of the data adds" in best[: best.index("</details>")]
    assert "<details>\n<summary>mlp, in words" in html
    assert "<li>With mlp, " in html


def test_tables_are_folded_and_have_every_row(report: Report) -> None:
    html = render(report)
    tables = statistics_tables(report.analysis)
    # The contents, one on efficiency, the study, and mlp in words; other metrics than top-1 are folded again
    assert html.count("<details>") == len(tables) + sum(bool(table.rest) for table in tables) + 4
    pairs = html[html.index("<summary>Pairs of volumes") : html.index("<summary>Log-linear")]
    assert pairs.count('<th scope="row">') == len(report.analysis["pairs"])


def test_of_a_long_table_top1_comes_first_and_the_rest_is_folded(report: Report) -> None:
    pairs = report.analysis["pairs"]
    table = statistics_table("pairs", pairs)
    assert len(table.rows) == (pairs["metric"] == "top1").sum()
    assert {row[table.head.index("Metric")] for row in table.rest} == {"macro F1", "cross-entropy loss"}
    short = statistics_table("slopes", report.analysis["slopes"].iloc[::-1])
    assert short.rows[0][0] == "top-1 accuracy"
    assert (len(short.rows), short.rest) == (3, [])


def test_every_analysis_file_is_described(report: Report) -> None:
    assert {*report.analysis, "factors", "factor_tests"} == {*DESCRIBED}
    for described in DESCRIBED.values():
        assert described.caption.endswith((".", "”."))
    for name, frame in report.analysis.items():
        assert {*DESCRIBED[name].columns} - {"interval"} <= {*frame.columns}, name
        table = statistics_table(name, frame)
        assert len({len(row) for row in (*table.rows, *table.rest)} | {len(table.head)}) == 1


def test_numbers_stay_with_their_signs(report: Report) -> None:
    answer_text = re.search(r'<p class="answer">(.*?)</p>', render(report))
    assert answer_text
    assert " %" not in answer_text.group(1)
    assert "\N{NO-BREAK SPACE}%" in answer_text.group(1)


def test_a_frame_read_back_from_csv_is_shown_alike(report: Report, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("csv")
    for name, frame in report.analysis.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
        assert statistics_table(name, pd.read_csv(folder / f"{name}.csv")) == statistics_table(name, frame), name


def test_tables_without_rows_are_left_out(report: Report) -> None:
    empty = {name: frame.iloc[:0] if name == "pairs" else frame for name, frame in report.analysis.items()}
    assert len(statistics_tables(empty)) == len(statistics_tables(report.analysis)) - 1
    assert "Pairs of volumes" not in render(replace(report, analysis=empty))


FACTOR = {
    "experiment": "ablation",
    "title": "One at a time",
    "name": "One at a time: resnet18",
    "stage": "recipe.batch_size",
    "factor": "batch size",
    "network": "resnet18",
    "n": 9469,
    "seeds": 3,
    "values": [
        {
            "value": value,
            "top1": {"mean": mean, "lower": mean - 0.01, "upper": mean + 0.01},
            "difference": {"mean": 0.92 - mean, "lower": None, "upper": None},
        }
        for value, mean in (("32", 0.92), ("64", 0.91), ("8", 0.9))
    ],
    "best": "32",
    "runner_up": "64",
    "worst": "8",
    "p": 0.0123,
    "note": "",
}


def test_an_answer_about_factors_has_a_row_a_factor(report: Report) -> None:
    about = {
        "answer": "The batch size matters.",
        "findings": ["One at a time: resnet18, batch size: 32 is best.", "In all: little."],
        "architectures": {},
        "factors": [FACTOR],
    }
    html = main_of(render(replace(report, answer=about)))
    assert "<b>One at a time: resnet18, batch size:</b> 32 is best." in html
    text = words(html).replace("\N{NO-BREAK SPACE}", " ")
    assert "One at a time: resnet18batch size3292.0 % (91.0 to 93.0 %)" in text
    assert "64: 1.0 points" in text
    assert "8: 2.0 points" in text
    assert "0.012" in text


def test_values_of_factors_are_shown_in_percent() -> None:
    row = {"title": "t", "factor": "batch size", "network": "cnn", "n": 500, "value": "8", "seeds": 3, "note": ""}
    row |= {"mean": 0.945, "lower": 0.943, "upper": 0.947, "difference": 0.005, "difference_lower": -0.001}
    row |= {"difference_upper": 0.011, "difference_p": 0.2}
    table = statistics_table("factors", pd.DataFrame([row]))
    shown = ["t", "batch size", "cnn", "500", "8", "3", "94.5 (94.3 to 94.7)", "0.50 (−0.10 to 1.10)", "0.200"]
    assert table.rows == [shown]


def test_requirement_is_shown_in_percent() -> None:
    row = {"architecture": "cnn", "n": 500, "share": 0.5, "mean": 0.945, "lower": 0.943, "upper": 0.947}
    row |= {"shortfall": 0.005, "shortfall_lower": -0.001, "shortfall_upper": 0.0112, "enough": False, "note": ""}
    table = statistics_table("requirement", pd.DataFrame([row]))
    assert table.rows == [["cnn", "500", "50 %", "94.5 (94.3 to 94.7)", "0.50 (−0.10 to 1.12)", "no"]]
    assert "Note" not in table.head


def test_small_p_values_and_missing_values() -> None:
    row = {"architecture": "cnn", "metric": "top1", "term": "volume", "method": "Welch", "advised": True, "df": 5.0}
    row |= {"df2": 18.94, "sum_sq": math.nan, "F": 1234.56, "p": 1e-9, "p_holm": 0.0123, "partial_eta2": math.nan}
    row |= {"partial_omega2": 0.5, "lower": 0.2, "upper": 0.7, "note": "why"}
    (shown,) = statistics_table("anova", pd.DataFrame([row])).rows
    assert shown == [
        *("cnn", "top-1 accuracy", "volume", "Welch", "yes", "5", "18.94"),
        *("1,234.6", "< 0.001", "0.012", "0.500 (0.200 to 0.700)", "why"),
    ]


def test_of_forecasts_those_asked_for_are_shown_in_percent() -> None:
    row = {"architecture": "cnn", "origin": 500.0, "n": 1000.0, "multiple": 2.0, "median": 0.945, "lower": 0.94}
    row |= {"upper": 0.95, "level": 0.9, "actual": math.nan, "asked": True, "note": "few points: 6 | back-test: no"}
    frame = pd.DataFrame([row, {**row, "asked": False}, {**row, "origin": 250.0}])
    table = statistics_table("forecast", frame)
    assert table.rows == [["cnn", "1,000", "2×", "94.5 (94.0 to 95.0)", "90 %", "few points: 6; back-test: no"]]
    assert "Measured (%)" not in table.head


@pytest.mark.parametrize(
    ("bounds", "shown"),
    [
        ((441.6, 301.8, 559.7), ["442", "302 to 560 (95 %)"]),
        ((11427.0, 734.2, math.inf), ["11,427", "734 or more (95 %)"]),
        ((441.6, 0.0, 559.7), ["442", "up to 560 (95 %)"]),
        ((math.inf, 734.2, math.inf), ["out of reach", "734 or more (95 %)"]),
    ],
)
def test_images_that_are_enough(bounds: tuple[float, float, float], shown: list[str]) -> None:
    row = dict(zip(("n", "lower", "upper"), bounds, strict=True))
    row |= {
        "architecture": "cnn",
        "question": "margin",
        "threshold": 0.01,
        "level": 0.95,
        "required": 500.0,
        "note": "",
    }
    table = statistics_table("enough", pd.DataFrame([row]))
    assert table.rows == [["cnn", "within 1 point of all data", *shown, "500"]]


def test_the_glance_tells_of_images_needed_and_the_first_forecast() -> None:
    part = {"mean": 0.95, "lower": 0.94, "upper": 0.96}
    known = {"verdict": "enough", "n": 719, "share": 0.5, "top1": part, "top1_full": part, "gain_per_doubling": part}
    forecast = [{"n": 2876.0, "multiple": 2.0, "median": 0.988, "lower": 0.984, "upper": 0.993, "level": 0.9}]
    told = {
        "cnn": {**known, "needed": {"n": 441.6, "lower": 301.8, "upper": None}, "forecast": forecast},
        "mlp": {**known, "needed": None, "forecast": []},
        "old": known,
    }
    table = glance({"architectures": told, "findings": []})
    assert table
    assert [row[1] for row in table["rows"]] == [
        "719 images (50 %); needed: 442 (302 or more)",
        *["719 images (50 %)"] * 2,
    ]
    assert table["head"][-1] == "Forecast for 2× the data (90 % interval)"
    assert [row[-1] for row in table["rows"]] == ["98.8 % (98.4 to 99.3 %)", "–", "–"]
    assert len(glance({"architectures": {"old": known}, "findings": []})["head"]) == 5  # type: ignore[index]


COMMENT = """\
# S. Author: "<Title>", 2021.
# On two lines.
#
# What differs:
# - The rate is
#   not said.
# - Nor the seed.

# Of the next key.
title: Made up
"""


def test_the_comment_at_the_top_of_a_study_is_shown(report: Report) -> None:
    assert remarks(COMMENT) == [
        Remarks('S. Author: "<Title>", 2021. On two lines.'),
        Remarks("What differs:", ["The rate is not said.", "Nor the seed."]),
    ]
    assert remarks("title: Made up\n# later\n") == []
    assert "About the study" not in render(report)
    html = main_of(render(replace(report, source=COMMENT)))
    assert "<li>The rate is not said.</li>" in html
    assert "&lt;Title&gt;" in html
    assert "Of the next key" not in html


def test_provenance_has_runs_time_seeds_versions_hardware_command_commit(summary: pd.DataFrame) -> None:
    versions = {"torch": "2.15.0", "python": "3.11.2"}
    environments = [
        {**ENVIRONMENT, "versions": versions},
        {**ENVIRONMENT, "versions": {**versions, "torch": "2.8.0"}, "hostname": "node2"},
    ]
    found = dict(facts(summary.assign(seconds=3.5), environments, command="make demo"))
    assert found["Runs"] == ["60 runs in 2 training jobs: 2 architectures and 6 data volumes"]
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
    assert found["Runs"] == ["60 runs in 0 training jobs: 2 architectures and 6 data volumes"]
    one = dict(facts(summary.iloc[:1].assign(network="cnn"), [ENVIRONMENT]))
    assert one["Runs"] == ["1 run in 1 training job: 1 architecture and 1 data volume"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(7.31, "7.3 s"), (75, "1 min 15 s"), (3725, "1 h 2 min"), (4_000_000, "1,111 h 6 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
