"""Figures of calibration, margins and votes: what is drawn, and what is refused."""

from __future__ import annotations

from typing import Any

import matplotlib.style
import numpy as np
import pandas as pd
import pytest

from datavolume.analysis.shown.confidence import margin_shares, pooled_bins, spread_out
from datavolume.artefacts.drawing import draw
from datavolume.artefacts.results import Results
from datavolume.artefacts.style import STYLE
from datavolume.errors import UserError

pytestmark = pytest.mark.filterwarnings("error")

SIZES = (100, 200, 400, 800, 1600, 3200, 6400)
KINDS = ("reliability", "calibration_by_volume", "margin_distributions", "voting_by_volume")


def results_of(
    *, networks: tuple[str, ...] = ("cnn", "mlp"), sizes: tuple[int, ...] = SIZES, seeds: int = 3
) -> Results:
    runs = pd.DataFrame(
        [
            {"run": f"{network}-{n}-{seed}", "network": network, "architecture": network, "n": n, "seed": seed,
             "fraction": np.nan, "size": n, "place": place}
            for network in networks for place, n in enumerate(sizes) for seed in range(seeds)
        ]
    )  # fmt: skip
    points = runs[["run"]].assign(experiment="volume", title="volume", stage="", value="", position=0, values="{}")
    frames = {"calibration": _calibration(runs), "reliability": _bins(runs), "margins": _margins(runs)}
    return Results(runs, runs, points=points, ensembles=_votes(runs), **frames)


def _calibration(runs: pd.DataFrame) -> pd.DataFrame:
    error = 0.1 - 0.01 * runs["place"] + 0.001 * runs["seed"]
    measures = {"ece": error, "ece_scaled": error / 2, "ece_chance": 0.02, "nll": 9 * error, "nll_scaled": 8 * error}
    return runs.assign(**measures, temperature=1 + 5 * error, margin_correct=0.95, margin_wrong=0.6 - error)


def _bins(runs: pd.DataFrame) -> pd.DataFrame:
    """Three bins: 4, 0 and 36 images, right at half of their confidence and at all of it."""
    bins = pd.DataFrame({"bin": [0, 1, 2], "images": [4, 0, 36], "confidence": [0.2, np.nan, 0.9]})
    bins["accuracy"] = [0.1, np.nan, 0.9]
    kinds = pd.DataFrame([(by, scaled) for by in ("width", "mass") for scaled in (False, True)])
    return runs.merge(bins.merge(kinds.set_axis(["bins", "scaled"], axis=1), how="cross"), how="cross")


def _margins(runs: pd.DataFrame) -> pd.DataFrame:
    counts = [("correct", 0.9, 3), ("correct", 1.0, 6), ("wrong", 0.9, 0), ("wrong", 1.0, 0)]
    table = runs.merge(pd.DataFrame(counts, columns=["predicted", "upper", "images"]), how="cross")
    table.loc[(table["predicted"] == "wrong") & (table["n"] < 3200), "images"] = 1
    return table


def _votes(runs: pd.DataFrame) -> pd.DataFrame:
    groups = runs.drop_duplicates(["architecture", "n"]).drop(columns=["run", "seed"])
    rows = groups.merge(pd.DataFrame({"voting": ["soft", "hard"]}), how="cross")
    gains = {"gain": 0.03, "gain_lower": 0.01, "gain_upper": 0.05}
    return rows.assign(top1=0.9, single=0.87, models=3, **gains)


RESULTS = results_of()
DRAWN: dict[str, tuple[str, Results, dict[str, Any]]] = {
    **{kind: (kind, RESULTS, {}) for kind in KINDS},
    **{f"{kind}, one run": (kind, results_of(networks=("cnn",), sizes=(100,), seeds=1), {}) for kind in KINDS},
    "reliability by volume": ("reliability", RESULTS, {"panels": "volume", "bins": "mass", "scaled": True}),
    "reliability of four": ("reliability", results_of(networks=("a", "b", "c", "d")), {}),
}


@pytest.mark.parametrize("name", DRAWN)
def test_nothing_is_cut_or_covered(name: str) -> None:
    kind, results, options = DRAWN[name]
    with matplotlib.style.context(STYLE):
        figure = draw(kind, results, options).figure
        figure.draw_without_rendering()
    shown = figure.get_tightbbox()
    assert shown.x0 >= -0.01
    assert shown.y0 >= -0.01
    assert shown.x1 <= figure.get_figwidth() + 0.01
    assert shown.y1 <= figure.get_figheight() + 0.01
    (legend,) = figure.legends
    assert not any(legend.get_window_extent().overlaps(axes.get_window_extent()) for axes in figure.axes)


def test_reliability_leaves_out_bins_of_few_images_above_and_shows_them_below() -> None:
    drawn = draw("reliability", RESULTS, {"architectures": ["mlp"], "sizes": [100, 200]})
    above, below = drawn.figure.axes
    _, light, dark = above.lines
    for line in (light, dark):
        np.testing.assert_allclose(line.get_xydata(), [[0.9, 0.9]])
    np.testing.assert_allclose(below.lines[0].get_xydata(), [[0.2, 0.1], [0.9, 0.9]])
    assert drawn.data["images"].to_list() == [12, 108, 12, 108]


def test_six_volumes_are_shown_of_seven() -> None:
    shown = draw("reliability", RESULTS).data["n"].unique()
    assert len(shown) == 6
    assert {100, 6400} <= set(shown)
    assert spread_out([10, 100, 20, 1000, 900], 3) == [10, 100, 1000]
    assert spread_out([3, 1, 3], 6) == [1, 3]


def test_calibration_shows_means_over_seeds() -> None:
    """At 100 images the errors are 0.1, 0.101 and 0.102."""
    drawn = draw("calibration_by_volume", RESULTS)
    data = drawn.data.set_index(["architecture", "n", "measure"]).sort_index().loc[("mlp", 100)]
    assert data.loc["ece", "mean"] == pytest.approx(0.101)
    assert data.loc["ece", "upper"] == pytest.approx(0.101 + 4.302653 * 0.001 / np.sqrt(3))
    assert data.loc["temperature", "mean"] == pytest.approx(1.505)
    line = drawn.figure.axes[0].lines[0]
    assert line.get_ydata()[0] == pytest.approx(10.1)


def test_margins_without_a_wrong_prediction() -> None:
    data = draw("margin_distributions", RESULTS, {"sizes": [100, 6400]}).data
    assert set(data.loc[data["n"] == 6400, "predicted"]) == {"correct"}
    correct = data[(data["n"] == 100) & (data["predicted"] == "correct") & (data["architecture"] == "cnn")]
    assert correct["share"].to_list() == pytest.approx([1 / 3, 1.0])


def test_votes_are_of_the_runs_asked_for() -> None:
    drawn = draw("voting_by_volume", RESULTS, {"architectures": "cnn", "sizes": [100, 800]})
    assert drawn.data[["architecture", "n"]].drop_duplicates().to_numpy().tolist() == [["cnn", 100], ["cnn", 800]]
    gains = drawn.figure.axes[1].lines[1]
    assert gains.get_ydata().tolist() == pytest.approx([3.0, 3.0])


def test_pooled_bins_by_hand() -> None:
    """Run a: 1 of 2 right at 0.6; run b: 6 of 6 at 0.8: together 7 of 8 at 0.75."""
    rows = pd.DataFrame(
        {"n": 10, "bin": 3, "run": ["a", "b"], "images": [2, 6], "confidence": [0.6, 0.8], "accuracy": [0.5, 1.0]}
    )
    (row,) = pooled_bins(rows, ["n"]).to_dict("records")
    assert row == pytest.approx(
        {"n": 10, "bin": 3, "images": 8, "confidence": 0.75, "accuracy": 0.875, "runs": 2, "share": 1.0}
    )


def test_margin_shares_by_hand() -> None:
    rows = pd.DataFrame({"n": 1, "predicted": "correct", "upper": [0.5, 1.0, 0.5, 1.0], "images": [1, 2, 0, 1]})
    table = margin_shares(rows, ["n"])
    assert table[["margin", "images", "share"]].to_numpy().tolist() == [[0.5, 1, 0.25], [1.0, 4, 1.0]]


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("reliability", {"bins": "size"}, "bins: 'size' is not known; it is one of width, mass"),
        ("reliability", {"panels": "seed"}, "panels: 'seed' is not known; it is one of architecture, volume"),
        ("reliability", {"scaled": "no"}, "scaled: 'no' is neither true nor false"),
        ("calibration_by_volume", {"architectures": ["vgg"]}, "no run of .* vgg"),
        ("voting_by_volume", {"experiments": "other"}, "no run of .* other"),
    ],
)
def test_a_wrong_option_is_one_line(kind: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        draw(kind, RESULTS, options)


@pytest.mark.parametrize("kind", KINDS)
def test_without_predictions_the_figure_says_so(kind: str) -> None:
    said = "no volume has two runs" if kind == "voting_by_volume" else "no run left predictions"
    drawn = draw(kind, Results(RESULTS.metrics, RESULTS.summary, points=RESULTS.points))
    (text,) = drawn.figure.texts
    assert said in text.get_text()
    assert not drawn.figure.axes
    assert drawn.data.empty
