"""Needed, forecast, next step, seeds: frames of a whole study, from curves whose truth is known."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from unit.analysis.test_answer import answer_of, plan_for, summary_of

from datavolume.analysis.answering.analyse import analyse
from datavolume.analysis.outlook.ahead import FORECAST, forecasts
from datavolume.analysis.outlook.enough import enough
from datavolume.analysis.outlook.spread import VARIANCE, seeds_needed, variance
from datavolume.analysis.outlook.steps import next_steps
from datavolume.analysis.replicates import measured
from datavolume.analysis.tables import ENOUGH, NEXT_STEPS, SEEDS, VOLUME
from datavolume.analysis.testing.requirement import within
from datavolume.statistics.variance import power_of_seeds, width_of_seeds

pytestmark = pytest.mark.filterwarnings("error")

FULL = 6400
FRACTIONS = (1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1)


def power_law(ceiling: float, drop: float = 1.0, rate: float = 0.5) -> dict[float, float]:
    """accuracy = ceiling - drop n^-rate: at all 6400 images 0.0125 below the ceiling."""
    return {fraction: ceiling - drop * (FULL * fraction) ** -rate for fraction in FRACTIONS}


def study(seeds: int = 5, **curves: dict[float, float]) -> pd.DataFrame:
    summary = summary_of(curves, seeds=seeds, full=FULL).assign(n_validation=2000)
    noise = np.random.default_rng(7).normal(0, 0.0015, len(summary))
    return summary.assign(last_top1=summary["last_top1"] + noise)


def test_the_forecast_holds_the_curve_that_made_it() -> None:
    found = forecasts(study(cnn=power_law(0.95)), ["2x", "10x", 20000])
    table = found.table
    assert list(table.columns) == FORECAST
    asked = table[table["asked"]]
    assert asked["n"].tolist() == [12800, 20000, 64000]
    assert asked["multiple"].tolist() == [2, 3.125, 10]
    truth = 0.95 - asked["n"] ** -0.5
    assert ((asked["lower"] < truth) & (truth < asked["upper"])).all()
    assert (table["lower"] <= table["median"]).all()
    past = table[table["origin"] < FULL]
    assert len(past)
    assert past["actual"].notna().all()
    assert (past["n"] > past["origin"]).all()


def test_families_are_weighed_and_ranked() -> None:
    found = forecasts(study(cnn=power_law(0.95)), ["2x"]).families
    assert found["weight"].sum() == pytest.approx(1)
    held_out = found["held_out"].dropna().tolist()
    assert held_out == sorted(held_out)
    assert found["formula"].str.startswith("y").any()


def test_enough_three_ways() -> None:
    """Within 0.0125 of all data: n^-0.5 = 2 x 0.0125, n = 1600. A doubling brings 0.0125 less than
    (1 - 2^-0.5) n^-0.5 from n = 549 on. 0.9 is reached where n^-0.5 = 0.05, n = 400."""
    summary = study(cnn=power_law(0.95))
    table = enough(forecasts(summary, ["2x"]), within(summary, margin=0.0125), margin=0.0125, target=0.9)
    assert list(table.columns) == list(ENOUGH)
    rows = table.set_index("question")
    for question, truth in {"margin": 1600, "saturation": 549, "target": 400}.items():
        assert rows.loc[question, "lower"] <= truth <= rows.loc[question, "upper"], question
        assert rows.loc[question, "n"] == pytest.approx(truth, rel=0.25), question
    assert rows.loc["margin", "required"] in (1600, 3200)


def test_the_next_step_of_a_network_that_lags_is_another_network() -> None:
    """At 6400 images 1 000 more bring 0.0009; the other network 0.03."""
    summary = study(slow=power_law(0.92), good=power_law(0.95))
    made = forecasts(summary, ["2x"]).of
    table = next_steps(summary, plan_for(summary, gpus=2), made, more=1000, price_per_label=0.1, price_per_gpu_hour=3)
    assert list(table.columns) == list(NEXT_STEPS)
    assert table["from_architecture"].unique().tolist() == ["good", "slow"]
    slow = table[table["from_architecture"] == "slow"].set_index("option")
    assert slow.loc["other network", "gain"] == pytest.approx(0.03, abs=0.003)
    assert slow.loc["more images", "gain"] == pytest.approx(0.0009, abs=0.002)
    assert slow.index[slow["advised"]].tolist() == ["other network"]
    # 36 s on 2 GPUs are 0.02 GPU hours
    assert slow.loc["other network", "price"] == pytest.approx(3 * 0.02)
    assert slow.loc["more images", "price"] == pytest.approx(100 + 3 * 0.02)


def test_variance_of_seeds_at_each_volume_and_pooled() -> None:
    summary = summary_of({"cnn": {0.5: 0.8, 1.0: 0.9}})
    table = variance(summary).set_index("n")
    assert list(table.reset_index().columns.sort_values()) == sorted(VARIANCE)
    expected = np.var([-0.002, -0.001, 0, 0.001, 0.002], ddof=1)
    assert table["variance"].to_numpy() == pytest.approx(expected)
    assert table["df"].to_dict() == {0: 8, 500: 4, 1000: 4}
    assert table["source"].unique().tolist() == ["seed"]
    assert (table["lower"] < expected).all()
    assert (table["upper"] > expected).all()


def test_seed_and_subset_are_split_where_they_are_crossed() -> None:
    """Subsets shift by 0.01, seeds by 0.001: nearly all variance is the subsets'."""
    seeds = summary_of({"cnn": {0.5: 0.8, 1.0: 0.9}}, seeds=5)
    crossed = pd.concat(
        [seeds.assign(subset_seed=draw, last_top1=seeds["last_top1"] + 0.01 * draw) for draw in range(4)]
    )
    pooled = variance(crossed).query("n == 0").set_index("source")
    assert pooled.loc["subset", "variance"] == pytest.approx(0.01**2 * np.var(range(4), ddof=1), rel=0.05)
    assert pooled.loc["subset", "share"] > 0.9 > 0.1 > pooled.loc["seed", "share"]


def test_seeds_needed() -> None:
    row = seeds_needed(summary_of({"cnn": {0.5: 0.8, 1.0: 0.9}}), margin=0.005).iloc[0]
    sd = float(np.std([-0.002, -0.001, 0, 0.001, 0.002], ddof=1))
    assert (row["n"], row["seeds"], row["df"]) == (1000, 5, 4)
    assert row["sd"] == pytest.approx(sd)
    assert row["width"] == pytest.approx(width_of_seeds(sd, 5))
    enough_seeds = int(row["seeds_for_width"])
    assert width_of_seeds(sd, enough_seeds) <= 0.005 < width_of_seeds(sd, enough_seeds - 1)
    assert power_of_seeds(0.005, sd, int(row["seeds_for_power"])) >= 0.8


@pytest.mark.parametrize("seeds", [1, 2])
@pytest.mark.parametrize("fractions", [(1.0,), (0.5, 1.0), (0.25, 0.5, 1.0)])
def test_small_studies_have_frames_with_all_columns(seeds: int, fractions: tuple[float, ...]) -> None:
    summary = summary_of({"cnn": {fraction: 0.5 + fraction / 3 for fraction in fractions}}, seeds=seeds)
    frames = analyse(summary, plan_for(summary), margin=0.01).frames()
    assert list(frames) == list(VOLUME)
    assert list(frames["seeds"].columns) == list(SEEDS)
    assert len(frames["enough"]) == (2 if len(fractions) > 1 else 0)


def test_nothing_trained_is_empty_frames() -> None:
    nothing = summary_of({"cnn": {1.0: 0.9}}).iloc[:0]
    assert all(frame.empty for frame in analyse(nothing, plan_for(nothing), margin=0.01).frames().values())


def test_the_answer_has_an_outlook() -> None:
    found = answer_of(study(cnn=power_law(0.95)), margin=0.0125, target=0.99)
    assert found["outlook"].startswith("Accuracy comes within 1.25 percentage points of that with 6,400 images at some")
    assert "With twice the data (12,800 images) a forecast gives 9" in found["outlook"]
    entry = found["architectures"]["cnn"]
    assert entry["needed"]["lower"] < 1600 < entry["needed"]["upper"]
    assert entry["target"]["upper"] is None  # 0.99 lies above the ceiling
    assert [row["multiple"] for row in entry["forecast"]] == [2, 4, 10]
    text = "\n".join(found["findings"])
    assert "; 99 % is " in text
    assert "cnn: the next step from 6,400 images: " in text
    json.dumps(found, allow_nan=False)


def test_one_volume_has_no_outlook() -> None:
    found = answer_of(summary_of({"cnn": {1.0: 0.95}}))
    assert found["outlook"] == ""
    assert found["architectures"]["cnn"]["needed"] is None
    assert found["architectures"]["cnn"]["forecast"] == []


def test_a_replicate_is_a_seed_on_a_draw_of_the_subset() -> None:
    runs = summary_of({"cnn": {1.0: 0.9}}, seeds=2)
    both = pd.concat([runs, runs.assign(subset_seed=1)])
    assert measured(both, "top1")["seed"].tolist() == ["0/0", "1/0", "0/1", "1/1"]
    assert measured(runs, "top1")["seed"].tolist() == ["0", "1"]
    runs.loc[0, "last_top1"] = math.nan
    assert len(measured(runs, "top1")) == 1
