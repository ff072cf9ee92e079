from __future__ import annotations

import math

import pytest
from unit.analysis.small_study import STEPS, Trained, collected

from datavolume.analysis.select import select
from datavolume.analysis.shown.cost import cost
from datavolume.analysis.shown.lengths import lengths
from datavolume.analysis.shown.tabulated import by_phase, by_value
from datavolume.errors import UserError

pytestmark = pytest.mark.filterwarnings("error")

BATCH = {"experiment": "ablation", "stage": "recipe.batch_size"}
DECAY = {"experiment": "ablation", "stage": "recipe.weight_decay"}
RUNS = [
    Trained("small0", seed=0, value="8", position=0, accuracies=(0.9, 0.6), **BATCH),
    Trained("small1", seed=1, value="8", position=0, accuracies=(0.8, 0.8), **BATCH),
    Trained("base", value="32", position=1, accuracies=(0.5, 0.7), **BATCH),
    Trained("none", value="0", position=0, accuracies=(0.4,), **DECAY),
    Trained("base", value="5e-4", position=1, accuracies=(0.5, 0.7), **DECAY),
]


def test_values_in_the_studys_order_with_intervals_over_seeds() -> None:
    """0.6 and 0.8: mean 0.7, t(1) half width 1.27, cut at what is possible; the baseline stands in both stages."""
    frames = collected(*RUNS)
    runs = select(frames["summary"], frames["points"], experiments="ablation")
    table = by_value(runs, frames["metrics"], ["top1"])
    assert table[["stage", "value", "runs"]].to_numpy().tolist() == [
        ["recipe.batch_size", "8", 2],
        ["recipe.batch_size", "32", 1],
        ["recipe.weight_decay", "0", 1],
        ["recipe.weight_decay", "5e-4", 1],
    ]
    assert table["top1_mean"].tolist() == pytest.approx([0.7, 0.7, 0.4, 0.7])
    assert (table["top1_lower"].iloc[0], table["top1_upper"].iloc[0]) == (0, 1)
    assert math.isnan(table["top1_lower"].iloc[1])
    assert table["seconds"].tolist() == [8, 8, 4, 8]


def test_the_best_evaluation_of_each_run() -> None:
    frames = collected(*RUNS)
    runs = select(frames["summary"], frames["points"], stage="recipe.batch_size")
    table = by_value(runs, frames["metrics"], ["top1", "loss"], statistic="best")
    assert table["top1_mean"].tolist() == pytest.approx([0.85, 0.7])
    assert table["loss_mean"].tolist() == pytest.approx([0.15, 0.3])


def test_a_row_a_phase() -> None:
    frames = collected(
        Trained("plain", experiment="networks", stage="recipe", value="set O", accuracies=(0.5,)),
        Trained(
            "steps",
            experiment="networks",
            stage="recipe",
            value="A-O",
            position=1,
            accuracies=(0.3, 0.4, 0.7),
            phases=(2, 1),
            recipe=STEPS,
        ),
    )
    runs = select(frames["summary"], frames["points"])
    table = by_phase(
        runs, frames["metrics"], ["top1"], lengths(frames["plan"], runs, frames["metrics"], frames["timing"])
    )
    assert table[["value", "phase", "phases"]].to_numpy().tolist() == [["set O", 0, 1], ["A-O", 0, 2], ["A-O", 1, 2]]
    assert table["top1_mean"].tolist() == pytest.approx([0.5, 0.4, 0.7])
    assert table["samples"].tolist() == [200, 400, 200]
    assert table["seconds"].tolist() == pytest.approx([4, 8, 4])


def test_cost_beside_a_baseline() -> None:
    """Two evaluations cost twice one: 400 images and 8 seconds against 200 and 4."""
    frames = collected(
        Trained("long", experiment="e", value="set O", accuracies=(0.5, 0.6)),
        Trained("short", experiment="e", value="steps", position=1, accuracies=(0.5,)),
        Trained("other", experiment="e", value="steps", position=1, network="cnn"),
    )
    runs = select(frames["summary"], frames["points"])
    table = cost(runs, baseline="set O").set_index(["network", "value"])
    assert table.loc[("mlp", "steps"), ["samples", "passes", "samples_share", "seconds_share"]].tolist() == [
        200,
        2,
        0.5,
        0.5,
    ]
    assert math.isnan(table.loc[("cnn", "steps"), "samples_share"])
    assert cost(runs)["samples_share"].tolist() == [1, 0.5, 1]
    with pytest.raises(UserError, match=r"baseline 'set 0' is not allowed; did you mean 'set O'\?"):
        cost(runs, baseline="set 0")
