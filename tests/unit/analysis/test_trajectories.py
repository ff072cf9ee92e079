"""Means through training, against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from unit.artefacts.made_runs import Made, made_runs

from datavolume.analysis.intervals import metric_intervals
from datavolume.analysis.select import select
from datavolume.analysis.shown.trajectories import check_alike, extremes, phase_ends, restart, trajectories
from datavolume.errors import UserError


def rows_of(*runs: Made, split: str = "validation") -> pd.DataFrame:
    results = made_runs(*runs)
    rows = select(results.metrics, results.points)
    return rows[rows["split"] == split]


def test_a_line_is_the_mean_of_its_runs_with_students_interval() -> None:
    """Finals of 0.4, 0.6 and 0.8: half way 0.2, 0.3, 0.4, with mean 0.3 and standard deviation 0.1."""
    rows = rows_of(*(Made("a", final=final, seed=seed, evaluations=2) for seed, final in enumerate((0.4, 0.6, 0.8))))
    table = trajectories(rows, ["split"], ["top1"])
    half = stats.t.ppf(0.975, 2) * 0.1 / np.sqrt(3)
    assert table[["update", "epoch", "samples", "seeds"]].iloc[0].tolist() == [50, 2.5, 500, 3]
    assert table[["mean", "lower", "upper"]].iloc[0].tolist() == pytest.approx([0.3, 0.3 - half, 0.3 + half])
    assert table["mean"].tolist() == pytest.approx([0.3, 0.6])
    assert table["upper"].iloc[1] == 1.0  # cut at what an accuracy can be: 0.6 + 0.497


def test_it_is_the_interval_of_every_other_figure() -> None:
    rows = rows_of(*(Made("a", final=0.5 + seed / 20, seed=seed) for seed in range(4)))
    ours = trajectories(rows, ["split"], ["loss"])[["mean", "lower", "upper"]]
    theirs = metric_intervals(rows, ["update"], "loss", column="loss")[["mean", "lower", "upper"]]
    pd.testing.assert_frame_equal(ours, theirs)


def test_every_kth_evaluation_and_the_last() -> None:
    rows = rows_of(Made("a", evaluations=10))
    assert trajectories(rows, ["split"], ["top1"], every=4)["update"].tolist() == [40, 80, 100]
    assert trajectories(rows, ["split"], ["top1"], every=1000)["update"].tolist() == [100]


def test_a_run_in_two_experiments_counts_once() -> None:
    rows = rows_of(Made("a", run="shared"), Made("b", run="shared"), Made("b", seed=1))
    assert set(trajectories(rows, ["split"], ["top1"])["seeds"]) == {2}


def test_what_was_not_measured_is_left_out() -> None:
    rows = rows_of(Made("a"))
    rows = rows.assign(margin_wrong=rows["margin_wrong"].where(rows["update"] != 50))
    assert trajectories(rows, ["split"], ["margin_wrong"])["update"].tolist() == [25, 75, 100]


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        (
            (Made("a"), Made("a", network="vgg")),
            r"differ in architecture \(resnet18, vgg\); .* put architecture in",
        ),
        ((Made("a"), Made("a", n=50, fraction=0.25)), r"differ in fraction \(200 images, 50 images\)"),
        ((Made("a", value="1", stage="s"), Made("a", value="2", stage="s")), r"differ in value \(1, 2\)"),
        ((Made("a"), Made("b")), r"differ in experiment \(a, b\)"),
    ],
)
def test_runs_that_are_no_repetitions_share_no_mean(runs: tuple[Made, ...], message: str) -> None:
    with pytest.raises(UserError, match=message):
        check_alike(rows_of(*runs), ["split"])


def test_seeds_subsets_and_shared_runs_are_repetitions() -> None:
    """Experiment b has all three, a has one of them too."""
    check_alike(rows_of(Made("a", run="x"), Made("b", run="x"), Made("b", subset_seed=1), Made("b", seed=1)), ["split"])
    check_alike(rows_of(Made("a"), Made("b")), ["experiment"])


def test_best_is_the_best_of_all_evaluations_by_what_is_better() -> None:
    rows = rows_of(Made("a", evaluations=3))
    rows = rows.assign(top1=[0.2, 0.9, 0.6], loss=[0.5, 0.1, 0.3])
    table = extremes(rows, ["top1", "loss"], ["best", "last"]).set_index(["metric", "statistic"])["score"]
    assert table.to_dict() == {
        ("top1", "best"): 0.9,
        ("top1", "last"): 0.6,
        ("loss", "best"): 0.1,
        ("loss", "last"): 0.3,
    }


def test_phases_end_where_the_images_say() -> None:
    """2 epochs of 40 images in batches of 10, then 2 of 80 in 20, then 1 of 200 in 10."""
    rows = rows_of(Made("a", phases=((40, 10, 2), (80, 20, 2), (200, 10, 1))))
    ends = phase_ends(rows, ["split"])
    assert ends[["phase", "update", "epoch", "samples"]].to_numpy().tolist() == [[0, 8, 2.0, 80], [1, 16, 4.0, 240]]
    assert phase_ends(rows_of(Made("a")), ["split"]).empty
    assert phase_ends(rows.drop(columns="phase"), ["split"]).empty


def test_a_restarted_run_begins_after_the_last_evaluation_before_it() -> None:
    """Evaluations at 25, 50, 75, 100; the restart at 50 evaluates at 75 first. 10 images of 200 an update."""
    copied = rows_of(Made("a"), Made("again", first_update=50))
    rows = copied.assign(top1=copied["top1"] + 0.01 * (copied["experiment"] == "again"))
    assert restart(copied, "again", "update") == 75, "it evaluates there what the other has: it starts there"
    assert restart(rows, "again", "update") == 50
    assert restart(rows, "again", "epoch") == 2.5
    assert restart(rows[rows["experiment"] == "again"], "again", "update") == 75
    with pytest.raises(UserError, match="no run of experiment 'other' is drawn; drawn are a, again"):
        restart(rows, "other", "update")
