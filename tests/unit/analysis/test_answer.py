"""The words: each verdict, and that they say what the numbers say."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest
from unit.analysis.synthetic import collected_of, make_plan

from datavolume.analysis.answering.analyse import Statistics, analyse
from datavolume.analysis.answering.answer import answer
from datavolume.analysis.metrics import METRICS
from datavolume.study import Answer

pytestmark = pytest.mark.filterwarnings("error")

SPREAD = [-0.002, -0.001, 0.0, 0.001, 0.002]


def summary_of(curves: dict[str, dict[float, float]], *, seeds: int = 5, full: int = 1000) -> pd.DataFrame:
    """architecture -> fraction -> mean top-1; seeds scatter by SPREAD, all in step."""
    rows: list[dict[str, Any]] = []
    for architecture, curve in curves.items():
        for fraction, mean in curve.items():
            for seed in range(seeds):
                top1 = mean + (SPREAD[seed] if seeds > 1 else 0)
                values = {metric.last: top1 for metric in METRICS.values()}
                key = {"architecture": architecture, "fraction": fraction, "n": round(full * fraction), "seed": seed}
                own = {"run": f"{architecture}-{fraction}-{seed}", "subset_seed": 0, "samples": 100, "seconds": 36.0}
                rows.append({**key, **own, **values, METRICS["loss"].last: 1 - top1})
    return pd.DataFrame(rows)


def plan_for(summary: pd.DataFrame, gpus: int = 0) -> pd.DataFrame:
    return pd.DataFrame({"run": summary["run"], "gpus": gpus})


def answer_of(summary: pd.DataFrame, margin: float = 0.01, **wanted: Any) -> dict[str, Any]:
    asked = Answer(**wanted)
    found = answer("How many?", analyse(summary, plan_for(summary), margin=margin, asked=asked))
    json.dumps(found, allow_nan=False)
    return found


ENOUGH = {"cnn": {0.1: 0.8, 0.5: 0.945, 1.0: 0.95}, "mlp": {0.1: 0.7, 0.5: 0.8, 1.0: 0.9}}


def test_enough() -> None:
    found = answer_of(summary_of(ENOUGH))
    assert found["question"] == "How many?"
    assert found["answer"] == (
        "500 images (50 % of the data) are enough: with cnn, the better of two architectures, accuracy stays within "
        "1 percentage point of that with all 1,000 training images. It is 94.5 % (95 % interval 94.3 to 94.7 %) there, "
        "against 95.0 % (94.8 to 95.2 %) with all of them."
    )
    assert found["architectures"]["cnn"]["best"]
    assert found["architectures"]["cnn"]["n"] == 500
    assert found["architectures"]["cnn"]["top1"]["mean"] == pytest.approx(0.945)
    assert found["architectures"]["mlp"]["verdict"] == "more"


def test_more_data_still_helps() -> None:
    found = answer_of(summary_of({"mlp": ENOUGH["mlp"]}), margin=0.015)
    assert found["answer"] == (
        "More data still helps: with mlp no smaller volume comes within 1.5 percentage points of the accuracy with "
        "all 1,000 training images. That is 90.0 % (95 % interval 89.8 to 90.2 %), against 80.0 % (79.8 to 80.2 %) "
        "with 500 images (50 % of the data)."
    )


def test_more_data_helps_though_the_mean_is_within_the_margin() -> None:
    """A loss of 0.3 to 1.3 points, 0.8 on average: real, and not shown to be within 1 point."""
    summary = summary_of({"cnn": {0.5: 0.942, 1.0: 0.95}})
    summary.loc[summary["n"] == 500, "last_top1"] += [0.005, -0.005, 0.005, -0.005, 0.0]
    found = answer_of(summary)
    assert found["architectures"]["cnn"]["verdict"] == "more"
    assert found["answer"].startswith(
        "More data still helps: with cnn no smaller volume can be shown to come within 1 percentage point of"
    )


def test_undecided() -> None:
    summary = summary_of({"cnn": {0.5: 0.94, 1.0: 0.945}})
    half = summary["n"] == 500
    summary.loc[half, "last_top1"] += [0.03, -0.03, 0.03, -0.03, 0.0]
    found = answer_of(summary)
    assert found["architectures"]["cnn"]["verdict"] == "undecided"
    assert "cannot be ruled out" in found["answer"]
    assert found["answer"].startswith("These runs do not settle it")


def test_one_seed() -> None:
    found = answer_of(summary_of(ENOUGH, seeds=1))
    assert found["answer"] == (
        "Judged by one training each, 500 images (50 % of the data) are enough: with cnn, the better of two "
        "architectures, accuracy stays within 1 percentage point of that with all 1,000 training images. It is 94.5 % "
        "there, against 95.0 % with all of them; one seed gives no interval, so another seed may say otherwise."
    )
    assert found["findings"][0].startswith("With mlp, by one training each, more data still helps")
    assert found["architectures"]["cnn"]["top1"] == {"mean": 0.945, "lower": None, "upper": None}
    assert any("not possible (one seed" in text for text in found["findings"])
    assert found["findings"][-1].startswith("Every value stands on one training")


def test_one_volume() -> None:
    found = answer_of(summary_of({"cnn": {1.0: 0.95}}))
    assert found["answer"].startswith("One data volume alone cannot say how much is enough.")
    assert found["architectures"]["cnn"]["gain_per_doubling"] == {"mean": None, "lower": None, "upper": None}


def test_the_largest_volume_is_not_called_all_data_where_it_is_not() -> None:
    found = answer_of(summary_of({"cnn": {0.1: 0.7, 0.2: 0.8}}))
    assert "the largest volume, 200 images (20 % of the data)" in found["answer"]
    assert "all" not in found["answer"].replace("smaller", "")


def test_sizes_have_no_share() -> None:
    summary = summary_of({"cnn": {0.1: 0.7, 0.2: 0.8}}).assign(fraction=float("nan"))
    assert "%" not in answer_of(summary)["answer"].split(".")[0]


def test_three_architectures() -> None:
    curves = {name: {0.5: 0.5 + i / 10, 1.0: 0.6 + i / 10} for i, name in enumerate("abc")}
    assert "c, the best of 3 architectures," in answer_of(summary_of(curves))["answer"]


def statistics_text(statistics: Statistics) -> str:
    return "\n".join(answer("?", statistics)["findings"])


def test_findings_say_what_the_tables_say() -> None:
    summary = collected_of(make_plan()).summary
    statistics = analyse(summary, plan_for(summary), margin=0.01)
    text = statistics_text(statistics)
    effect = "architecture == 'all' and metric == 'top1' and term == 'volume' and method == 'repeated measures'"
    volume = statistics.anova.query(effect).iloc[0]
    assert f"the number of images changes it (F(5, 20) = {volume['F']:.1f}, p < 0.001" in text
    slopes = statistics.log_linear.query("metric == 'top1' and over == 'runs'").set_index("architecture")
    for architecture, line in slopes.iterrows():
        gain = 100 * line["slope"] * 0.30103
        assert f"{architecture}: each doubling of the data adds {gain:.1f} percentage points" in text
    assert text.count("The means bend away from that line") == 2  # the made-up curves saturate


def test_findings_on_where_the_gain_stops_follow_tukey() -> None:
    text = "\n".join(answer_of(summary_of({"cnn": {0.1: 0.8, 0.25: 0.9, 0.5: 0.949, 1.0: 0.95}}))["findings"])
    assert "cnn: from 500 images on, no difference to 1,000 can be shown" in text
    text = "\n".join(answer_of(summary_of({"cnn": {0.1: 0.8, 0.5: 0.90, 1.0: 0.95}}))["findings"])
    assert "cnn: even 500 images differ from 1,000" in text


def test_a_falling_curve_is_said_to_fall() -> None:
    text = "\n".join(answer_of(summary_of({"cnn": {0.1: 0.9, 1.0: 0.8, 0.5: 0.83}}))["findings"])
    assert "each doubling of the data takes" in text
    assert "The loss rises by" in text


@pytest.mark.parametrize("seeds", [1, 2])
@pytest.mark.parametrize("fractions", [(1.0,), (0.5, 1.0), (0.1, 0.5, 1.0)])
@pytest.mark.parametrize("architectures", [("mlp",), ("mlp", "small_cnn")])
def test_small_studies_get_an_answer_of_two_sentences(
    seeds: int, fractions: tuple[float, ...], architectures: tuple[str, ...]
) -> None:
    plan = make_plan(architectures=architectures, fractions=fractions, seeds=seeds)
    found = answer_of(collected_of(plan).summary)
    assert len(found["answer"].split(". ")) == 2
    assert "nan" not in (found["answer"] + " ".join(found["findings"])).lower().replace("explain", "")


def test_two_seeds_cannot_tell_whether_all_volumes_scatter_alike() -> None:
    """F is large, but the worst case of sphericity leaves it one and one degree of freedom."""
    summary = summary_of({"cnn": {0.1: 0.80, 0.2: 0.85, 0.5: 0.90, 1.0: 0.95}}, seeds=2)
    summary["last_top1"] += [0, 0.03, 0, -0.02, 0, 0.01, 0, -0.01]
    text = "\n".join(answer_of(summary)["findings"])
    assert (
        "the number of images changes it, if seeds scatter alike everywhere, which so few do not tell (F(3, 3)" in text
    )
