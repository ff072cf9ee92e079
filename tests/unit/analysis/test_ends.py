"""Ends and histories of runs, seed means and their lines over log10(n), series, and which value was chosen."""

from __future__ import annotations

import json
import math

import pandas as pd
import pytest

from datavolume.analysis.last_batch import KNOWN, TWINS, twin
from datavolume.analysis.shown.chosen import chosen_values
from datavolume.analysis.shown.ends import histories, last_values, seed_mean_history
from datavolume.analysis.shown.series import with_series
from datavolume.analysis.shown.size_lines import ALL, WITHOUT, line_at, pooled_sd, seed_means, size_lines, wide
from datavolume.analysis.words import factor_words
from datavolume.errors import UserError
from datavolume.study import Choice


def metrics(rows: list[tuple[str, str, int, float]]) -> pd.DataFrame:
    """run, split, update, top1."""
    frame = pd.DataFrame(rows, columns=["run", "split", "update", "top1"])
    return frame.assign(loss=math.nan, n=100, samples=frame["update"] * 10, epoch=frame["update"] / 10)


TWO_RUNS = metrics(
    [
        ("a", "train", 10, 0.3),
        ("a", "validation", 10, 0.2),
        ("a", "validation", 20, 0.4),
        ("b", "validation", 20, 0.5),
        ("b", "validation", 10, 0.1),
        ("b", "validation", 30, 0.6),
    ]
)


def test_a_runs_last_value_is_that_of_its_largest_update() -> None:
    last = last_values(TWO_RUNS, "top1", "validation")
    assert last[["run", "update", "measured"]].to_dict("list") == {
        "run": ["a", "b"],
        "update": [20, 30],
        "measured": [0.4, 0.6],
    }
    assert not {"top1", "loss"} & set(last)


def test_evaluations_are_counted_in_the_order_of_updates() -> None:
    rows = histories(TWO_RUNS, "top1", "validation").set_index(["run", "update"])["evaluation"]
    assert rows.to_dict() == {("a", 10): 1, ("a", 20): 2, ("b", 10): 1, ("b", 20): 2, ("b", 30): 3}


def test_seed_means_of_a_history_are_of_the_runs_that_came_so_far() -> None:
    rows = histories(TWO_RUNS, "top1", "validation").assign(series="net")
    means = seed_mean_history(rows)
    assert means["mean"].tolist() == pytest.approx([(0.2 + 0.1) / 2, (0.4 + 0.5) / 2, 0.6])
    assert means["count"].tolist() == [2, 2, 1]
    assert means["update"].tolist() == [10, 20, 30]


def test_what_nobody_evaluated_or_logged_is_one_line() -> None:
    with pytest.raises(UserError, match="split: nothing was evaluated on tuning; there is train, validation"):
        last_values(TWO_RUNS, "top1", "tuning")
    with pytest.raises(UserError, match="metric: no run logged loss on train"):
        last_values(TWO_RUNS, "loss", "train")
    with pytest.raises(UserError, match="metric: no run logged last_batch_top1"):
        last_values(TWO_RUNS, "last_batch_top1", "validation")


def test_the_last_batch_has_the_unit_of_the_whole_set() -> None:
    assert TWINS == ("top1", "loss")
    assert KNOWN[twin("top1")].axis == "top-1 accuracy of the last batch (%)"
    assert KNOWN[twin("loss")].scale == 1


def values(by_size: dict[int, list[float]], series: str = "net") -> pd.DataFrame:
    rows = [(series, n, measured) for n, several in by_size.items() for measured in several]
    return pd.DataFrame(rows, columns=["series", "n", "measured"])


def test_the_line_of_seed_means_by_hand() -> None:
    """x = 1, 2, 3 and means 0, 1, 1: slope 1/2, intercept -1/3, R2 = 0.5 / (2/3)."""
    means = seed_means(values({1000: [0.5, 1.5], 10: [0.0, 0.0], 100: [1.0, 1.0]}))
    assert means[["n", "mean"]].to_numpy().tolist() == [[10, 0], [100, 1], [1000, 1]]
    whole, without = size_lines(means).itertuples()
    assert (whole.over, whole.slope, whole.intercept, whole.r2) == (
        ALL,
        pytest.approx(0.5),
        pytest.approx(-1 / 3),
        pytest.approx(0.75),
    )
    assert (without.over, without.sizes) == (WITHOUT, 2)
    assert (without.slope, without.intercept) == (pytest.approx(1.0), pytest.approx(-1.0))
    assert line_at(whole.slope, whole.intercept, 100) == pytest.approx(2 / 3)


def test_two_sizes_are_not_thinned_and_one_has_no_line() -> None:
    assert size_lines(seed_means(values({10: [0.0], 100: [1.0]})))["over"].tolist() == [ALL]
    (line,) = size_lines(seed_means(values({10: [0.0, 0.2]}))).itertuples()
    assert math.isnan(line.slope)
    assert "one size" in line.note


def test_lines_beside_each_other() -> None:
    first = values({10: [0.0], 100: [1.0], 1000: [2.0]}, "first")
    second = values({10: [1.0], 100: [2.0]}, "second")
    table = wide(size_lines(seed_means(pd.concat([second, first])))).set_index("series")
    assert table.loc["first", "slope"] == pytest.approx(1.0)
    assert table.loc["first", "slope_without_largest"] == pytest.approx(1.0)
    assert math.isnan(table.loc["second", "slope_without_largest"])


def test_series_keep_their_order() -> None:
    both = pd.concat([values({100: [1.0], 10: [0.0]}, "z"), values({10: [1.0]}, "a")])
    means = seed_means(both)
    assert list(zip(means["series"], means["n"], strict=True)) == [("z", 10), ("z", 100), ("a", 10)]


def test_pooled_sd_weighs_sizes_by_their_degrees_of_freedom() -> None:
    means = pd.DataFrame({"count": [3, 2, 1], "sd": [0.1, 0.2, math.nan]})
    assert pooled_sd(means) == pytest.approx(math.sqrt((2 * 0.01 + 1 * 0.04) / 3))
    assert math.isnan(pooled_sd(pd.DataFrame({"count": [1], "sd": [math.nan]})))


def places(*rows: tuple[str, str, str, str, int]) -> pd.DataFrame:
    """experiment, stage, value, network, n; the title is the experiment in capitals."""
    frame = pd.DataFrame(rows, columns=["experiment", "stage", "value", "network", "n"])
    return frame.assign(title=frame["experiment"].str.upper())


def test_a_series_is_called_by_what_tells_it_apart() -> None:
    networks = places(("e", "", "", "cnn", 10), ("e", "", "", "mlp", 10), ("e", "", "", "mlp", 20))
    assert with_series(networks, apart=["n"])["series"].tolist() == ["cnn", "mlp", "mlp"]
    assert with_series(networks)["series"].tolist() == ["cnn, 10 images", "mlp, 10 images", "mlp, 20 images"]
    one = places(("e", "", "", "cnn", 10))
    assert with_series(one)["series"].tolist() == ["cnn"]
    tuned = places(("a", "recipe.dropout", "0", "cnn", 10), ("b", "recipe.dropout", "0", "mlp", 10))
    assert with_series(tuned, apart=["value"])["series"].tolist() == ["A", "B"]
    depth = places(("e", "architecture", "r18", "r18", 10), ("e", "architecture", "r34", "r34", 10))
    assert with_series(depth)["series"].tolist() == ["r18", "r34"]
    assert with_series(depth, apart=["value"])["series"].tolist() == ["E", "E"]
    stages = places(("e", "recipe.batch_size", "8", "cnn", 10), ("e", "recipe.weight_decay", "0", "cnn", 10))
    assert with_series(stages)["series"].tolist() == ["batch size 8", "weight decay 0"]


def test_factors_in_words() -> None:
    assert factor_words("recipe.learning_rate") == "learning rate"
    assert factor_words("architecture") == "architecture"


def tuned(**later: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Values 1 and 2 of a stage: on tuning images 1 is better, on validation images 2."""
    ends = {"1": {"tuning": 0.6, "validation": 0.5}, "2": {"tuning": 0.5, "validation": 0.7}}
    logged = metrics([(run, split, 10, top1) for run, by in ends.items() for split, top1 in by.items()])
    points = pd.DataFrame(
        [("e", "rate", value, position, json.dumps({"rate": value}), value) for position, value in enumerate(ends)]
        + [("e", stage, "x", 0, json.dumps({"rate": taken, stage: "x"}), "3") for stage, taken in later.items()],
        columns=["experiment", "stage", "value", "position", "values", "run"],
    )
    return logged, points[points["stage"] == "rate"].assign(series="net"), points


@pytest.mark.parametrize(("split", "value"), [("tuning", "1"), ("validation", "2")])
def test_the_best_value_on_the_choosing_split(split: str, value: str) -> None:
    logged, rows, points = tuned()
    chosen = chosen_values(logged, rows, points, "rate", Choice(metric="top1", split=split))
    assert chosen.to_dict("records") == [{"experiment": "e", "series": "net", "value": value}]


def test_a_later_stage_says_what_was_chosen() -> None:
    logged, rows, points = tuned(batch="2")
    assert chosen_values(logged, rows, points, "rate", Choice())["value"].tolist() == ["2"]


def test_without_a_tuning_split_the_validation_images_tell() -> None:
    logged, rows, points = tuned()
    logged = logged[logged["split"] == "validation"]
    assert chosen_values(logged, rows, points, "rate", Choice(split="tuning"))["value"].tolist() == ["2"]
