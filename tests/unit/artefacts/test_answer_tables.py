"""Tables of forecasts, of what is enough, of the next step, of seeds and of analyses of variance."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from unit.artefacts.answers import digits, synthetic

from datavolume.artefacts.results import Results
from datavolume.artefacts.setting import Table, make, to_html, to_latex
from datavolume.errors import UserError

pytestmark = pytest.mark.filterwarnings("error")

KINDS = ("enough_table", "forecast_table", "next_steps_table", "seeds_table", "anova_table")
NEEDS = ("enough", "forecast", "next_steps", "seeds", "variance", "anova")
SHAPES: dict[str, dict[str, Any]] = {
    "one volume": {"fractions": (1.0,), "seeds": 2},
    "one seed": {"seeds": 1, "architectures": ("mlp",)},
    "two volumes": {"fractions": (0.5, 1.0), "seeds": 3},
    "subsets": {"fractions": (0.25, 0.5, 1.0), "seeds": 3, "subset_seeds": (0, 1), "architectures": ("mlp",)},
}


@pytest.fixture(scope="module")
def sixty() -> Results:
    return digits(target=0.99, price_per_label=0.05, price_per_gpu_hour=2.0)


@pytest.fixture(scope="module", params=SHAPES)
def shaped(request: pytest.FixtureRequest) -> Results:
    return synthetic(**SHAPES[request.param])


def rows_of(table: Table) -> list[dict[str, str]]:
    return [dict(zip(table.head, row, strict=True)) for group in table.groups for row in group]


@pytest.mark.parametrize("kind", KINDS)
def test_tables_of_every_shape_can_be_set(kind: str, shaped: Results) -> None:
    table = make(kind, shaped)
    assert rows_of(table)
    assert "nan" not in to_html(table)
    assert "nan" not in to_latex(table)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_analysed_is_said(kind: str, sixty: Results) -> None:
    for empty in (lambda frame: frame.iloc[:0], lambda _: pd.DataFrame()):
        table = make(kind, replace(sixty, **{name: empty(getattr(sixty, name)) for name in NEEDS}))
        assert any(word in to_html(table) for word in ("it takes two volumes", "no run has a finite accuracy"))
        assert table.data.empty


def test_what_is_enough_is_the_file(sixty: Results) -> None:
    table = make("enough_table", sixty)
    assert [row["Question"] for row in rows_of(table)] == [
        "within 1 point of all data",
        "a doubling brings less than 1 point",
        "99 % top-1 accuracy",
    ] * 2
    assert [row["Shown to be enough"] for row in rows_of(table)] == ["1,438", "–", "–", "719", "–", "–"]
    pd.testing.assert_frame_equal(table.data, sixty.enough, check_dtype=False)


def test_questions_and_odd_numbers(sixty: Results) -> None:
    rows = [
        {"question": "margin", "threshold": 0.005, "n": 441.6, "lower": 0.0, "upper": 559.7, "required": 719.0},
        {"question": "saturation", "threshold": 0.005, "n": 3000.4, "lower": 500.0, "upper": math.inf},
        {"question": "target", "threshold": 0.975, "n": math.inf, "lower": math.inf, "upper": math.inf, "note": "far"},
        {"question": "target", "threshold": 0.5, "n": math.nan, "lower": math.nan, "upper": math.nan},
    ]
    table = pd.DataFrame(rows).assign(architecture="mlp", level=0.9, largest=1438.0)
    shown = make("enough_table", replace(sixty, enough=table), {"architectures": ["mlp"]}).groups[0]
    assert [row[1:] for row in shown] == [
        ["within 0.5 points of all data", "442", "up to 560 (90 %)", "719", ""],
        [
            "a doubling brings less than 0.5 points",
            "3,000",
            "500 or more (90 %)",
            "–",
            "beyond the 1,438 trained: a forecast",
        ],
        ["97.5 % top-1 accuracy", "out of reach", "–", "–", "far"],
        ["50 % top-1 accuracy", "unknown", "–", "–", ""],
    ]


def test_forecasts_are_those_asked_for_with_their_doubts(sixty: Results) -> None:
    table = make("forecast_table", sixty)
    asked = sixty.forecast.query("asked and origin == 1438")
    assert table.data["median"].tolist() == asked["median"].tolist()
    rows = rows_of(table)
    assert [row["Images"] for row in rows[:3]] == ["2,876", "5,752", "14,380"]
    assert [row["Times the largest"] for row in rows[:3]] == ["2×", "4×", "10×"]
    first = asked.iloc[0]
    bounds = "–".join(f"{100 * first[end]:.1f}" for end in ("lower", "upper"))
    assert rows[0]["Top-1 accuracy (%): median (90 % interval)"] == f"{100 * first['median']:.1f} ({bounds})"
    assert rows[0]["Remarks"].startswith("few points: 6 sizes")
    assert rows[1]["Remarks"] == ""


def test_long_remarks_are_broken_into_lines(sixty: Results) -> None:
    table = make("forecast_table", sixty)
    assert '<td class="words long">few points' in to_html(table)
    assert '<th scope="col" class="words">Remarks</th>' in to_html(table)
    assert r"\begin{tabular}{lrrrp{5cm}}" in to_latex(table)


def test_a_table_without_remarks_has_no_column_for_them(sixty: Results) -> None:
    quiet = replace(sixty, forecast=sixty.forecast.assign(note=math.nan))
    assert "Remarks" not in make("forecast_table", quiet).head


def test_next_steps_that_gain_most_come_first(sixty: Results) -> None:
    table = make("next_steps_table", sixty)
    first = rows_of(table)[0]
    gain = sixty.next_steps["gain"].max()
    assert first["Option"] == "small_cnn, 1,000 more images"
    assert first["From"] == "mlp, 1,438"
    assert first["Gain in points (90 % interval)"].startswith(f"{100 * gain:.2f} (")
    assert first["Probability of a gain"] == "> 0.99"
    assert first["Labels"] == "1,000"
    assert sum(row["Advised"] == "yes" for row in rows_of(table)) == sixty.next_steps["advised"].sum()
    assert "Images passed" not in table.head
    free = replace(sixty, next_steps=sixty.next_steps.assign(price=math.nan, gain_per_price=math.nan))
    assert {"Images passed", "One training"} <= {*make("next_steps_table", free).head}
    assert "Price" not in make("next_steps_table", free).head


def test_seeds_in_points(sixty: Results) -> None:
    """`small_cnn` scatters by 0.46 points: six seeds make the interval a point wide (docs/statistics.md)."""
    row = rows_of(make("seeds_table", sixty))[1]
    assert row == {
        "Architecture": "small_cnn",
        "Images": "1,438",
        "Seeds": "5",
        "SD (points)": "0.46",
        "95 % interval (points)": "1.14",
        "Seeds for an interval of 1 point": "6",
        "Power to see 1 point": "0.86",
        "Seeds for a power of 0.8": "5",
    }


def test_parts_of_the_variance_where_subsets_differ(sixty: Results) -> None:
    parts = [("seed", 0.6), ("subset", 0.3), ("combination", 0.1)]
    rows = [{"architecture": "mlp", "n": 0, "source": source, "share": share} for source, share in parts]
    told = rows_of(make("seeds_table", replace(sixty, variance=pd.DataFrame(rows))))
    assert [row["Parts of the variance"] for row in told] == ["seed 60 %, subset 30 %, both together 10 %", "–"]


def test_advised_rows_of_the_analysis_of_variance(sixty: Results) -> None:
    """The numbers of docs/statistics.md."""
    rows = rows_of(make("anova_table", sixty, {"architectures": "all"}))
    assert [row["Depends on"] for row in rows] == ["volume", "architecture", "volume × architecture"]
    assert rows[0]["Method"] == "repeated measures"
    assert [row["F"] for row in rows] == ["F(5, 20) = 524.8", "F(1, 4) = 80.1", "F(5, 20) = 5.0"]
    assert rows[2]["Share of variance (95 % interval)"] == "0.25 (0.05–0.46)"
    both = make("anova_table", sixty, {"metrics": ["top1", "loss"]})
    assert {row["Metric"] for row in rows_of(both)} == {"Top-1 accuracy", "Cross-entropy loss"}
    assert both.data["advised"].all()


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("anova_table", {"metrics": ["top2"]}, "metrics 'top2' is not allowed"),
        ("anova_table", {"metrics": ["ece"]}, "metrics: nothing was compared of ece; there is top1, macro_f1, loss"),
        ("anova_table", {"architectures": ["vgg"]}, "architectures 'vgg' is not allowed"),
        ("enough_table", {"architectures": ["vgg"]}, "architectures: 'vgg' is unknown"),
    ],
)
def test_a_wrong_option_is_one_line(kind: str, options: dict[str, Any], said: str, sixty: Results) -> None:
    with pytest.raises(UserError, match=said):
        make(kind, sixty, options)
