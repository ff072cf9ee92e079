from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from unit.artefacts.answers import synthetic

from datavolume.artefacts.results import Results
from datavolume.artefacts.setting import Table, make, to_html, to_latex, write
from datavolume.errors import UserError

pytestmark = pytest.mark.filterwarnings("error")


def test_results_table_says_mean_and_interval(results: Results) -> None:
    table = make("results", results)
    assert [len(group) for group in table.groups] == [6, 6]
    row, data = table.groups[1][5], table.data.iloc[11]
    assert row[:4] == ["small_cnn", "1,437", "100 %", "5"]
    mean, lower, upper = (100 * data[f"top1_{part}"] for part in ("mean", "lower", "upper"))
    assert row[4] == f"{mean:.1f} ({lower:.1f}–{upper:.1f})"
    assert table.head[4] == "Top-1 accuracy (%)"
    assert table.head[6] == "Cross-entropy loss (nats)"
    assert data["seconds_mean"] == pytest.approx(1350 * 0.004)
    assert row[-1] == "5.4"


def test_one_run_has_no_interval() -> None:
    table = make("results", synthetic(fractions=(1.0,), seeds=1))
    assert "(" not in table.groups[0][0][4]
    assert table.data["top1_lower"].isna().all()


def test_sizes_have_no_share() -> None:
    assert "Share" not in make("results", synthetic(fractions=(), sizes=(50, 100), seeds=2)).head


def test_csv_holds_the_numbers_to_the_last_bit(results: Results, tmp_path: Path) -> None:
    table = make("results", results)
    write(table, {suffix: tmp_path / f"results.{suffix}" for suffix in ("csv", "tex", "html")})
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "results.csv"), table.data, check_exact=True, check_dtype=False
    )


ODD = Table(pd.DataFrame(), ["A & B", "50 %"], [[["x_1", "1–2"], ["<b>", "−3"]], [["y", "$ # ~ ^ { }"]]])


def test_latex_is_escaped_and_set_with_booktabs() -> None:
    assert to_latex(ODD) == (
        "% needs \\usepackage{booktabs}\n"
        "\\begin{tabular}{lr}\n"
        "\\toprule\n"
        "A \\& B & 50 \\% \\\\\n"
        "\\midrule\n"
        "x\\_1 & 1--2 \\\\\n"
        "<b> & $-$3 \\\\\n"
        "\\midrule\n"
        "y & \\$ \\# \\textasciitilde{} \\textasciicircum{} \\{ \\} \\\\\n"
        "\\bottomrule\n"
        "\\end{tabular}\n"
    )


class Cells(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.cells += [data] if data.strip() else []


def test_html_is_escaped_and_plain_ascii() -> None:
    text = to_html(ODD)
    assert text.isascii()
    read = Cells()
    read.feed(text)
    assert read.cells == ["A & B", "50 %", "x_1", "1–2", "<b>", "−3", "y", "$ # ~ ^ { }"]
    assert read.tags.count("tbody") == 2
    assert read.tags.count("tr") == 4


def test_an_unknown_table(results: Results) -> None:
    with pytest.raises(UserError, match=r"'result'.*did you mean 'results'"):
        make("result", results)


def test_latex_has_signs_that_every_engine_can_set() -> None:
    text = to_latex(Table(pd.DataFrame(), ["A → B", "λ × 2", "R² ≥ 0.9"], [[["a", "…", "5\N{NO-BREAK SPACE}%"]]]))
    assert text.isascii()
    assert r"A $\rightarrow$ B & $\lambda$ $\times$ 2 & R$^2$ $\geq$ 0.9 \\" in text
    assert r"a & \dots{} & 5~\% \\" in text
