"""The report's section that sets ours beside theirs."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
from unit.artefacts.test_report import main_of, report, words

from datavolume.artefacts.report import Report, render
from datavolume.artefacts.report.beside import Beside, beside

__all__ = ["report"]  # the fixture

ROW = {
    "artefact": "results",
    "item": "ResNet-50, 12.5 %",
    "metric": "top1",
    "published": 66.1,
    "ours": 64.23,
    "lower": 63.5,
    "upper": 64.9,
    "seeds": 5,
    "difference": -1.87,
    "difference_lower": -2.6,
    "difference_upper": -1.1,
    "verdict": "differs",
    "unit": "percent",
    "source": "Table 4",
    "note": "by the schedule of all data",
    "split": "validation",
    "statistic": "last",
    "digits": 1,
}
MISSING = dict.fromkeys(("ours", "lower", "upper", "difference", "difference_lower", "difference_upper"), float("nan"))


def rows(*changes: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame([{**ROW, **change} for change in changes])


COMPARISON = rows(
    {"artefact": "table_9", "verdict": "reproduced within seed noise", "note": None, "item": "<first>"},
    {},
    {"verdict": "not run", **MISSING, "seeds": 0, "note": "the images are gone"},
    {"verdict": "reproduced within seed noise", "note": ""},
    {"verdict": "as printed", "metric": "parameters", "unit": "", "digits": 0},
    {"verdict": "not comparable", "metric": "seconds", "unit": "seconds"},
)
TITLES = {"curves": "Figure 14", "results": "Table 4"}


def compared(frame: pd.DataFrame = COMPARISON, *, comparable: bool = True) -> Beside:
    found = beside(frame, TITLES, comparable=comparable)
    assert found
    return found


def test_the_summary_counts_the_verdicts() -> None:
    assert compared().summary == (
        "2 of 6 printed numbers reproduced within seed noise, 1 as printed, 1 differ, 1 not run, 1 not comparable."
    )
    assert compared(rows({})).summary == "0 of 1 printed number reproduced within seed noise, 1 differ."


def test_groups_stand_in_the_order_of_the_report() -> None:
    assert [(group.name, group.title, group.drawn) for group in compared().groups] == [
        ("results", "Table 4", True),
        ("table_9", "Table 9", False),
    ]


def test_a_row_is_in_words() -> None:
    first, missing = compared().groups[0].rows[:2]
    assert (first.item, first.published, first.seeds) == ("ResNet-50, 12.5 %", "66.1", "5")
    assert first.ours.startswith("64.2 (63.5")
    assert first.difference == "−1.9 (−2.6 to −1.1)"
    assert (first.verdict, first.kind, first.source) == ("differs", "other", "Table 4")
    assert (missing.ours, missing.difference, missing.seeds, missing.kind) == ("–", "–", "–", "absent")


def test_each_verdict_has_its_colour() -> None:
    kinds = {row.verdict: row.kind for group in compared().groups for row in group.rows}
    assert kinds == {
        "reproduced within seed noise": "same",
        "as printed": "same",
        "differs": "other",
        "not run": "absent",
        "not comparable": "unlike",
    }


def test_nothing_printed_is_no_section(report: Report) -> None:
    assert beside(pd.DataFrame(), TITLES, comparable=True) is None
    assert "Ours beside theirs" not in words(render(report))


def test_the_section_says_what_differs_and_why(report: Report) -> None:
    html = main_of(render(replace(report, comparison=COMPARISON)))
    text = words(html).replace("\N{NO-BREAK SPACE}", " ")
    assert text.count("2 of 6 printed numbers reproduced within seed noise") == 2  # below the answer too
    assert "What differs, and why Table 4, ResNet-50, 12.5 %, top-1 accuracy (%): printed 66.1, ours 64.2" in text
    assert "by the schedule of all data" in text
    assert "the images are gone" in text
    assert html.count('<span class="verdict same">') == 3
    assert "&lt;first&gt;" in html


def test_an_artefact_links_to_its_printed_numbers(report: Report) -> None:
    html = render(replace(report, comparison=COMPARISON))
    figure = html[html.index('<figure id="results">') :].partition("</figure>")[0]
    assert 'href="#printed-results">1 of 5 printed numbers' in figure
    assert re.search(r'<tbody id="printed-results">\s*<tr class="group">.*href="#results"', html)


def test_a_difference_without_a_known_reason_says_so(report: Report) -> None:
    html = render(replace(report, comparison=rows({"note": None})))
    assert "No reason is noted." in html


def test_smoke_scale_shows_the_numbers_and_says_that_they_are_not_comparable(report: Report) -> None:
    frame = COMPARISON.assign(verdict="not comparable")
    text = words(main_of(render(replace(report, comparison=frame, scale="smoke"))))
    assert "At smoke scale the numbers are not comparable: 6 printed numbers" in text
    assert "5 printed numbers beside ours." in text
    assert "What differs, and why" not in text
    assert "66.1" in text
