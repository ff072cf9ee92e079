"""Expectations are worked out by hand from the runs of small_study."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest
from scipy import stats
from unit.analysis.small_study import STEPS, Trained, collected

from datavolume.analysis.published.comparison import COMPARED, Ours, compare, needed
from datavolume.analysis.published.noise import of_images, pooled

pytestmark = pytest.mark.filterwarnings("error")


def printed(**cells: Any) -> pd.DataFrame:
    """One printed number, as read_published gives it."""
    texts = ("artefact", "item", "experiment", "stage", "value", "network", "source", "note")
    row: dict[str, Any] = {**dict.fromkeys(texts, ""), "fraction": math.nan, "size": pd.NA, "phase": pd.NA}
    row |= {"metric": "top1", "split": "validation", "statistic": "last", "published": 80.0, "unit": "percent"}
    return pd.DataFrame([{**row, "runs": 1, "digits": 1, **cells}])


def compared(trained: list[Trained], /, *, comparable: bool = True, **cells: Any) -> pd.Series[Any]:
    table = compare(printed(**cells), Ours(**collected(*trained)), comparable=comparable)
    assert list(table.columns) == list(COMPARED)
    return table.iloc[0]


SEEDS = [Trained(f"r{seed}", seed=seed, accuracies=(0.5, top1)) for seed, top1 in enumerate((0.78, 0.80, 0.82))]


def test_several_seeds_are_judged_by_their_own_spread() -> None:
    """sd of 78, 80, 82 is 2; t(2) = 4.303: our mean 80 +- 4.303 * 2 / sqrt 3, the difference sqrt(1/3 + 1) times."""
    row = compared(SEEDS, published=84.0)
    t = stats.t.ppf(0.975, 2)
    assert row["ours"] == pytest.approx(80)
    assert row["seeds"] == 3
    assert row["lower"] == pytest.approx(80 - t * 2 / math.sqrt(3))
    assert row["difference"] == pytest.approx(-4)
    assert row["difference_upper"] == pytest.approx(-4 + t * 2 * math.sqrt(4 / 3))
    assert row["verdict"] == "reproduced within seed noise"
    assert compared(SEEDS, published=90.1)["verdict"] == "differs"  # 80 + 9.94 + rounding 0.05 is 89.99


def test_a_printed_mean_is_less_noisy_than_a_printed_run() -> None:
    half = stats.t.ppf(0.975, 2) * 2 * math.sqrt(1 / 3 + 1 / 3)
    assert compared(SEEDS, runs=3)["difference_upper"] == pytest.approx(half)


def test_the_printed_rounding_counts() -> None:
    same = [Trained(f"r{seed}", seed=seed, accuracies=(0.8,)) for seed in range(2)]
    t = stats.t.ppf(0.975, 1) * 100 / 100 * math.sqrt(1.5)  # seeds that agree: one of 100 validation images at least
    assert compared(same, published=80 + t + 0.04)["verdict"] == "reproduced within seed noise"
    assert compared(same, published=80 + t + 0.06)["verdict"] == "differs"


def test_one_run_takes_the_noise_of_replicates_elsewhere() -> None:
    """Two other points with sd 0.02 and 0.01 over 3 and 2 runs: sqrt((2*4 + 1*0.5) / 3) in percent, 3 df."""
    others = [Trained(f"a{i}", seed=i, experiment="a", accuracies=(x,)) for i, x in enumerate((0.58, 0.60, 0.62))]
    others += [Trained(f"b{i}", seed=i, experiment="b", accuracies=(x,)) for i, x in enumerate((0.70, 0.71))]
    row = compared([Trained("single", experiment="one"), *others], experiment="one")
    sd = max(math.sqrt((2 * 4 + 1 * 0.5) / 3), 1.0)
    assert row["seeds"] == 1
    assert row["difference_upper"] == pytest.approx(stats.t.ppf(0.975, 3) * sd * math.sqrt(2))


def test_replicates_of_another_network_count_only_where_its_own_has_none() -> None:
    own = [Trained(f"a{i}", seed=i, experiment="a", accuracies=(x,)) for i, x in enumerate((0.58, 0.60, 0.62))]
    other = [
        Trained(f"b{i}", seed=i, experiment="b", network="cnn", accuracies=(x,)) for i, x in enumerate((0.2, 0.5, 0.8))
    ]
    single = Trained("single", experiment="one")
    assert compared([single, *own, *other], experiment="one")["difference_upper"] == pytest.approx(
        stats.t.ppf(0.975, 2) * 2 * math.sqrt(2)
    )
    assert compared([single, *other], experiment="one")["difference_upper"] == pytest.approx(
        stats.t.ppf(0.975, 2) * 30 * math.sqrt(2)
    )


def test_one_run_alone_has_the_noise_of_the_validation_images() -> None:
    """80 of 100 right: (82/104)(22/104)/104, and a difference of two such runs."""
    row = compared([Trained("single")], published=70.0)
    sd = 100 * math.sqrt((82 / 104) * (22 / 104) / 104)
    assert row["difference_upper"] == pytest.approx(10 + 1.959964 * sd * math.sqrt(2))
    assert row["verdict"] == "reproduced within seed noise"
    assert compared([Trained("single")], published=65.0)["verdict"] == "differs"


def test_one_loss_alone_allows_no_verdict() -> None:
    row = compared([Trained("single")], metric="loss", unit="nats", published=0.3)
    assert row["ours"] == pytest.approx(0.2)
    assert math.isnan(row["difference_lower"])
    assert row["verdict"] == "not comparable"


@pytest.mark.parametrize(
    "cells",
    [{"experiment": "other"}, {"fraction": 0.5}, {"size": 750}, {"network": "cnn"}, {"phase": 3}, {"value": "8"}],
)
def test_what_no_run_is_about_is_not_run(cells: dict[str, Any]) -> None:
    row = compared(SEEDS, **cells)
    assert row["verdict"] == "not run"
    assert math.isnan(row["ours"])
    assert row["seeds"] == 0


@pytest.mark.parametrize("metric", ["overlap", "soft_vote", "decay_epochs", "last_batch_top1", "slope:top1"])
def test_what_a_thinned_study_cannot_say_is_not_run(metric: str) -> None:
    frames = {**collected(*SEEDS), "plan": pd.DataFrame()}
    unit = "percent" if metric in ("overlap", "soft_vote", "last_batch_top1") else "share" if ":" in metric else ""
    table = compare(
        printed(metric=metric, unit=unit, value="1-2" if metric == "overlap" else ""), Ours(**frames), comparable=True
    )
    assert table["verdict"].tolist() == ["not run"]


def test_another_scale_shows_numbers_and_no_verdict() -> None:
    row = compared(SEEDS, comparable=False, published=99.0)
    assert row["verdict"] == "not comparable"
    assert row["ours"] == pytest.approx(80)
    assert compared(SEEDS, comparable=False, network="cnn")["verdict"] == "not run"


def test_best_first_and_at_an_epoch() -> None:
    run = [Trained("r", accuracies=(0.5, 0.9, 0.8))]  # epochs 2, 4, 6
    found = {name: compared(run, statistic=name)["ours"] for name in ("last", "best", "first", "epoch:4")}
    assert found == pytest.approx({"last": 80.0, "best": 90.0, "first": 50.0, "epoch:4": 90.0})
    assert compared(run, metric="best_epoch", unit="", published=4)["ours"] == 4
    assert compared(run, statistic="epoch:5.2")["verdict"] == "not run"
    assert compared(run, metric="loss", unit="nats", statistic="best")["ours"] == pytest.approx(0.1)
    assert compared(run, split="train", statistic="best")["ours"] == pytest.approx(100)


def test_phases_and_what_they_took() -> None:
    """Two phases of 2 and 1 evaluations; each is 200 images, 10 updates, 4 s after the one before."""
    run = [Trained("r", accuracies=(0.3, 0.4, 0.7), phases=(2, 1))]
    assert compared(run, phase=0)["ours"] == pytest.approx(40)
    assert compared(run)["ours"] == pytest.approx(70)
    passed = {"metric": "images_passed", "unit": "images"}
    assert compared(run, phase=0, **passed)["ours"] == 400
    assert compared(run, phase=1, **passed)["ours"] == 200
    assert compared(run, **passed)["ours"] == 600
    assert compared(run, metric="images_passed", unit="M")["ours"] == 6  # of 100 training images
    assert compared(run, phase=1, metric="seconds", unit="seconds")["ours"] == pytest.approx(4)
    assert compared(run, phase=1, metric="epochs", unit="")["ours"] == pytest.approx(2)


def test_counts_are_as_printed_or_differ() -> None:
    """250 000 float32 parameters are 1 MB."""
    run = [Trained("r")]
    assert compared(run, metric="parameter_mb", unit="MB", published=1, digits=0)["verdict"] == "as printed"
    assert compared(run, metric="parameters", unit="millions", published=0.25, digits=2)["verdict"] == "as printed"
    row = compared(run, metric="n", unit="images", published=101, digits=0)
    assert row["verdict"] == "differs"
    assert row["lower"] == row["upper"] == 100


def test_the_schedule_that_was_planned() -> None:
    frames = collected(Trained("r", accuracies=(0.3, 0.4, 0.7), phases=(2, 1), recipe=STEPS))
    cells = {"metric": "evaluated_every", "unit": "", "published": 0.4, "phase": 0}
    table = compare(printed(**cells), Ours(**frames), comparable=True)
    assert table["ours"].iloc[0] == pytest.approx(4 / 10)  # 4 epochs in the recipe's 10 evaluations
    assert table["verdict"].iloc[0] == "as printed"


def test_times_tell_of_the_hardware() -> None:
    row = compared(SEEDS, metric="seconds", unit="minutes", statistic="total", published=1)
    assert row["ours"] == pytest.approx(3 * 8 / 60)
    assert row["verdict"] == "not comparable"
    assert compared(SEEDS, metric="seconds_per_epoch", unit="seconds")["ours"] == pytest.approx(2)


def test_the_best_of_all_runs() -> None:
    assert compared(SEEDS, statistic="best_run")["ours"] == pytest.approx(82)


def test_a_run_of_one_subset() -> None:
    subsets = [Trained(f"r{i}", subset_seed=i, accuracies=(x,)) for i, x in enumerate((0.6, 0.7))]
    assert compared(subsets, stage="subset_seed", value="1")["ours"] == pytest.approx(70)
    assert compared(subsets)["seeds"] == 2


def by_size(drawn: dict[int, tuple[float, ...]]) -> list[Trained]:
    return [
        Trained(f"n{n}s{seed}", seed=seed, n=n, fraction=None, accuracies=(top1,))
        for n, values in drawn.items()
        for seed, top1 in enumerate(values)
    ]


LINE = by_size({10: (0.20, 0.22), 100: (0.30, 0.32), 1000: (0.40, 0.42), 10000: (0.50, 0.50)})


def test_lines_over_the_sizes() -> None:
    """Means 21, 31, 41, 50: without the last a straight line of 0.1 per factor 10, from 0.11 at 1."""
    cells = {"metric": "slope_without_largest:top1", "unit": "share", "published": 0.12}
    row = compared(LINE, **cells)
    assert row["ours"] == pytest.approx(0.1)
    assert row["seeds"] == 2
    assert compared(LINE, metric="intercept_without_largest:top1", unit="share")["ours"] == pytest.approx(0.11)
    assert compared(LINE, metric="r2_without_largest:top1", unit="")["ours"] == pytest.approx(1)
    assert compared(LINE, metric="slope:top1", unit="share")["ours"] == pytest.approx(0.097)  # (3*29 + 10)/10 /100


def test_a_line_is_judged_by_leaving_out_seeds() -> None:
    """Slopes of the two seeds alone: 0.1 and 0.094, so a jackknife sd of 0.003, and t(1) = 12.706."""
    row = compared(LINE, metric="slope:top1", unit="percent", published=9.8, runs=2)
    assert row["lower"] == pytest.approx(9.7 - stats.t.ppf(0.975, 1) * 0.3)
    assert row["difference_upper"] == pytest.approx(-0.1 + stats.t.ppf(0.975, 1) * 0.3 * math.sqrt(2))
    assert row["verdict"] == "reproduced within seed noise"


def test_a_bound_on_p() -> None:
    row = compared(LINE, metric="p:top1", unit="", statistic="below", published=0.0001, digits=4)
    groups = [(0.20, 0.22), (0.30, 0.32), (0.40, 0.42), (0.50, 0.50)]
    assert row["ours"] == pytest.approx(stats.f_oneway(*groups).pvalue)
    assert row["verdict"] == "reproduced within seed noise"
    assert compared(LINE, metric="p:top1", unit="", statistic="below", published=1e-9, digits=9)["verdict"] == "differs"


def test_a_saturation_point_is_the_smallest_share_within_a_point() -> None:
    runs = [
        Trained(f"n{n}", n=n, fraction=n / 100, accuracies=(top1,)) for n, top1 in ((25, 0.6), (50, 0.795), (100, 0.8))
    ]
    row = compared(runs, metric="saturation:top1", published=75, digits=0)
    assert row["ours"] == pytest.approx(50)
    assert row["verdict"] == "differs"


def test_overlaps_and_votes() -> None:
    """Two subsets of 100 images that share 20 %: sd sqrt(0.2 * 0.8**2 / 100) = 3.58 points."""
    pair = {"first": "s0", "second": "s1", "first_images": 100, "second_images": 100, "overlap": 0.2}
    vote = {"share": 0.1, "models": 5, "voting": "soft", "top1": 0.9, "lower": 0.88, "upper": 0.92}
    ours = Ours(**collected(*SEEDS), overlap=pd.DataFrame([pair]), votes=pd.DataFrame([vote]))
    rows = pd.concat(
        [
            printed(metric="overlap", value="1-2", published=25.0),
            printed(metric="overlap", value="1-3", published=25.0),
            printed(metric="soft_vote", fraction=0.1, published=93.0),
            printed(metric="hard_vote", fraction=0.1, published=93.0),
        ]
    )
    assert needed(rows) == {"overlap", "votes"}
    table = compare(rows, ours, comparable=True)
    assert table["difference_lower"].iloc[0] == pytest.approx(-5 - 1.959964 * 100 * math.sqrt(2 * 0.2 * 0.64 / 100))
    assert table["difference_upper"].iloc[2] == pytest.approx(-3 + 2 * math.sqrt(2))
    assert table["verdict"].tolist() == ["reproduced within seed noise", "not run", "differs", "not run"]


def test_too_few_replicates_say_nothing() -> None:
    assert math.isnan(pooled([[0.5], [0.6, 0.7]]).sd)
    assert of_images(1.0, 100).sd > 0
