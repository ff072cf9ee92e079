"""Curves through training, and best and last evaluations: what is drawn, against values worked out by hand."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from unit.artefacts.made_runs import Made, made_runs

from datavolume.artefacts.drawing import draw
from datavolume.artefacts.results import Results

pytestmark = pytest.mark.filterwarnings("error")

FRACTIONS = {0.05: 50, 0.5: 500, 1.0: 1000}
STEPS = ((200, 10, 2), (400, 20, 2), (1000, 10, 2))

VOLUME = made_runs(
    *(
        Made("volume", n=n, fraction=fraction, network=network, seed=seed, final=0.4 + 0.4 * fraction + seed / 50)
        for network in ("mobilenet_v2", "resnet50")
        for fraction, n in FRACTIONS.items()
        for seed in (0, 1)
    )
)
ABLATION = made_runs(
    *(Made("ablation", stage="recipe.batch_size", value=v, position=i, final=0.9 - i / 10, title="Factors")
      for i, v in enumerate(("8", "32"))),
    *(Made("ablation", stage="recipe.weight_decay", value=v, position=i, final=0.6 - i / 10, title="Factors")
      for i, v in enumerate(("0", "0.01"))),
)  # fmt: skip
STEPWISE = made_runs(
    Made("baseline", title="all the data", n=1000, phases=((1000, 10, 6),), evaluations=6),
    Made("steps", title="three steps", n=1000, phases=STEPS, evaluations=2),
)
RESTARTED = made_runs(
    Made("twice", title="Twice", seed=0),
    Made("twice", title="Twice", seed=1),
    Made("half", title="Half", first_update=50),
)
SUBSETS = made_runs(*(Made("five", n=50, fraction=0.05, subset_seed=s, evaluations=40, final=0.4) for s in (0, 3, 7)))


def labels(figure: Figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def drawn(axes: Axes) -> dict[str, tuple[list[float], list[float]]]:
    """x and y of each line that shows runs."""
    shown = [line for line in axes.lines if not line.get_label().startswith("_")]
    return {str(line.get_label()): (list(line.get_xdata()), list(line.get_ydata())) for line in shown}


def test_volumes_are_lines_of_means_in_percent_by_updates() -> None:
    """Half of the data: finals 0.60 and 0.62, so 15.25 % after a quarter of the updates."""
    figure = draw("curves", VOLUME, {"architectures": "resnet50", "metrics": ["top5", "top1"]}).figure
    top5, top1 = figure.axes
    assert (top5.get_ylabel(), top1.get_ylabel()) == ("validation top-5 accuracy (%)", "validation top-1 accuracy (%)")
    assert labels(figure) == [
        *("50 images (5 %)", "500 images (50 %)", "1,000 images (100 %)"),
        "95 % confidence interval of the mean",
    ]
    x, y = drawn(top1)["500 images (50 %)"]
    assert x == [25, 50, 75, 100]
    assert y == pytest.approx([15.25, 30.5, 45.75, 61.0])
    assert drawn(top5)["500 images (50 %)"][1] == pytest.approx([57.625, 65.25, 72.875, 80.5])
    assert {axes.get_xlabel() for axes in figure.axes} == {"updates"}


def test_the_frame_behind_has_stored_units_and_counts_seeds() -> None:
    data = draw("curves", VOLUME, {"architectures": "resnet50"}).data
    row = data[(data["n"] == 500) & (data["update"] == 100)].iloc[0]
    assert (row["metric"], row["split"], row["seeds"]) == ("top1", "validation", 2)
    assert row["mean"] == pytest.approx(0.61)
    assert row["upper"] - row["mean"] == pytest.approx(12.706 * 0.01, rel=1e-4)  # t(0.975, 1) x sd / sqrt 2
    assert len(data) == 3 * 4


def test_a_panel_a_fraction_shows_metrics_and_splits() -> None:
    options = {"architectures": "resnet50", "metrics": ["top1", "top5"], "splits": ["train", "validation"],
               "lines": ["metric", "split"], "panels": "fraction", "x": "epochs"}  # fmt: skip
    figure = draw("curves", VOLUME, options).figure
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "50 images (5 %)", "500 images (50 %)", "1,000 images (100 %)"]  # fmt: skip
    assert [axes.get_ylabel() for axes in figure.axes] == ["accuracy (%)", "", ""]
    lines = drawn(figure.axes[1])
    assert list(lines) == [f"{m} accuracy, {s} images" for m in ("top-1", "top-5") for s in ("training", "validation")]
    assert lines["top-1 accuracy, training images"][1][-1] == pytest.approx(71.0)
    assert lines["top-1 accuracy, training images"][0] == [0.5, 1.0, 1.5, 2.0]  # 25 updates of 10 in 500 images
    assert figure.axes[0].get_xlim()[1] > 20 > figure.axes[2].get_xlim()[1]  # 20 epochs of 50 images are 1 of 1,000
    assert labels(figure)[:4] == ["top-1 accuracy", "top-5 accuracy", "training images", "validation images"]


def test_margins_stand_apart_by_style_and_splits_by_panel() -> None:
    options = {"architectures": "resnet50", "metrics": ["margin_correct", "margin_wrong"],
               "splits": ["train", "validation"], "lines": ["fraction", "metric"], "panels": "split"}  # fmt: skip
    figure = draw("curves", VOLUME, options).figure
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["training images", "validation images"]
    assert figure.axes[0].get_ylabel() == "normalised confidence margin\n(C1 − C2) / C1"
    by_words = {str(line.get_label()): line for line in figure.axes[1].lines}
    correct = by_words["500 images (50 %), confidence margin, correct predictions"]
    wrong = by_words["500 images (50 %), confidence margin, wrong predictions"]
    assert correct.get_color() == wrong.get_color()
    assert correct.get_linestyle() != wrong.get_linestyle()
    assert (correct.get_markerfacecolor(), wrong.get_markerfacecolor()) == (correct.get_color(), "white")
    assert correct.get_ydata()[-1] == pytest.approx(0.5 + 0.61 / 2)
    assert wrong.get_ydata()[-1] == pytest.approx(0.61 / 2)


def test_values_are_named_by_their_factor_in_the_studys_order() -> None:
    drawing = draw("curves", ABLATION, {"stage": "recipe.batch_size", "lines": "value", "x": "epochs"})
    assert labels(drawing.figure) == ["batch size 8", "batch size 32"]
    assert drawn(drawing.figure.axes[0])["32"][1][-1] == pytest.approx(80.0)
    both = draw("curves", ABLATION, {"lines": "value"}).figure
    assert labels(both) == ["batch size 8", "batch size 32", "weight decay 0", "weight decay 0.01"]


def test_an_optional_experiment_may_be_left_out() -> None:
    figure = draw("curves", STEPWISE, {"experiments": ["baseline", "not_there"], "lines": "experiment"}).figure
    assert labels(figure) == ["all the data"]


def test_numbers_of_a_yaml_file_name_values() -> None:
    figure = draw("curves", ABLATION, {"stage": "recipe.weight_decay", "values": [0, 0.01], "lines": "value"}).figure
    assert labels(figure) == ["weight decay 0", "weight decay 0.01"]


def test_a_factor_is_a_dimension() -> None:
    runs = [Made("grid", value=f"{b}, {w}", values={"recipe.batch_size": b, "recipe": w}, position=i)
            for i, (b, w) in enumerate(itertools.product("84", ("fresh", "carried")))]  # fmt: skip
    figure = draw("curves", made_runs(*runs), {"lines": "recipe", "panels": "recipe.batch_size"}).figure
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["8", "4"]
    assert labels(figure) == ["fresh", "carried"]


def test_training_in_phases_beside_the_baseline() -> None:
    """Three steps of 2 epochs on 200, 400 and 1,000 images: 400 + 800 + 2,000 images pass, against 6,000."""
    options = {"metrics": ["top1", "top5"], "lines": "experiment", "phases": True}
    epochs = draw("curves", STEPWISE, {**options, "x": "epochs"}).figure
    assert labels(epochs) == ["all the data", "three steps", "end of a phase"]
    assert [x[-1] for x, _ in drawn(epochs.axes[0]).values()] == [6.0, 6.0]
    passed = draw("curves", STEPWISE, {**options, "x": "images"}).figure
    assert [x[-1] for x, _ in drawn(passed.axes[0]).values()] == [6000, 3200]
    for figure, ends in ((epochs, [2.0, 4.0]), (passed, [400, 1200])):
        for axes in figure.axes:
            assert [line.get_xdata()[0] for line in axes.lines if str(line.get_label()).startswith("_")] == ends


def test_ends_of_phases_have_a_colour_where_lines_differ_in_them() -> None:
    """Two steps end after 3 epochs, three steps after 2 and 4."""
    runs = (Made("three", phases=STEPS), Made("two", phases=((200, 10, 3), (1000, 10, 3))))
    (axes,) = draw("curves", made_runs(*runs), {"lines": "experiment", "x": "epochs", "phases": True}).figure.axes
    three, two = (line.get_color() for line in axes.lines if not str(line.get_label()).startswith("_"))
    ends = {line.get_xdata()[0]: line.get_color() for line in axes.lines if str(line.get_label()).startswith("_")}
    assert ends == {2.0: three, 3.0: two, 4.0: three}
    (axes,) = draw("curves", STEPWISE, {"lines": "experiment", "x": "epochs", "phases": True}).figure.axes
    assert axes.lines[-1].get_color() not in {line.get_color() for line in axes.lines[:2]}


def test_a_restarted_run_is_marked_where_it_begins() -> None:
    """Of 4 evaluations of 100 updates, the restarted run has the last two, and at 75 what another has: its begin."""
    options: dict[str, Any] = {"lines": "run", "x": "epochs", "restarted": "half"}
    figure = draw("curves", RESTARTED, options).figure
    assert labels(figure) == ["Twice, seed 0", "Twice, seed 1", "Half, seed 0", "start of: Half"]
    assert drawn(figure.axes[0])["Half, seed 0"][0] == [3.75, 5.0]
    assert figure.axes[0].lines[-1].get_xdata()[0] == 3.75
    assert draw("curves", RESTARTED, {**options, "marker": 2}).figure.axes[0].lines[-1].get_xdata()[0] == 2


def test_subsets_are_lines_with_one_point_every_kth_evaluation() -> None:
    figure = draw("curves", SUBSETS, {"lines": "subset", "x": "epochs", "every": 20}).figure
    assert labels(figure) == ["subset 1", "subset 2", "subset 3"]
    assert drawn(figure.axes[0])["subset 3"] == ([10.0, 20.0], pytest.approx([20.0, 40.0]))


def test_a_published_value_is_a_line_in_the_unit_of_the_axis() -> None:
    options = {"metrics": ["top1", "top5"], "panels": None, "reference": {"top1": 72.154, "top5": 90}}
    figure = draw("curves", made_runs(Made("long")), {**options, "reference_label": "theirs"}).figure
    (axes,) = figure.axes
    assert [line.get_ydata()[0] for line in axes.lines if str(line.get_label()).startswith("_")] == [72.154, 90]
    assert labels(figure)[2:] == ["theirs, top-1 accuracy: 72.154 %", "theirs, top-5 accuracy: 90 %"]
    alone = draw("curves", made_runs(Made("long")), {"reference": 70, "lines": []}).figure
    assert labels(alone) == ["published, top-1 accuracy: 70 %"]


def test_metrics_of_other_units_get_panels() -> None:
    figure = draw("curves", VOLUME, {"architectures": "resnet50", "metrics": ["top1", "loss"]}).figure
    assert [axes.get_ylabel() for axes in figure.axes] == [
        "validation top-1 accuracy (%)", "validation cross-entropy loss (nats)"]  # fmt: skip


def test_long_numbers_of_updates_are_thousands() -> None:
    figure = draw("curves", made_runs(Made("long", updates=450_000)), {}).figure
    figure.canvas.draw()
    assert figure.axes[0].get_xlabel() == "updates (thousands)"
    assert "400" in [label.get_text() for label in figure.axes[0].get_xticklabels()]


def test_best_and_last_by_volume() -> None:
    """The best evaluation of each run is made its second, with 0.7 and 0.9."""
    metrics = VOLUME.metrics.copy()
    second = (metrics["update"] == 50) & (metrics["n"] == 500) & (metrics["split"] == "validation")
    metrics.loc[second, "top1"] = 0.7 + 0.2 * metrics["seed"]
    results = Results(metrics, VOLUME.summary, points=VOLUME.points)
    for scale in ("log", "linear"):
        drawing = draw("best_and_last", results, {"architectures": "resnet50", "metrics": "top1", "scale": scale})
        (axes,) = drawing.figure.axes
        assert axes.get_xscale() == scale
        lines = drawn(axes)
        assert lines["best evaluation"] == ([50, 500, 1000], pytest.approx([43.0, 80.0, 81.0]))
        assert lines["last evaluation"] == ([50, 500, 1000], pytest.approx([43.0, 61.0, 81.0]))
        best = drawing.data[(drawing.data["statistic"] == "best") & (drawing.data["n"] == 500)].iloc[0]
        assert (best["share"], best["seeds"], best["mean"]) == (0.5, 2, pytest.approx(0.8))


def test_linear_volumes_have_round_ticks_in_percent() -> None:
    figure = draw("best_and_last", VOLUME, {"architectures": "resnet50", "scale": "linear"}).figure
    figure.canvas.draw()
    shown = [label.get_text() for label in figure.axes[1].get_xticklabels() if label.get_position()[0] <= 1030]
    assert shown == ["0", "20", "40", "60", "80", "100"]
    assert figure.axes[1].get_xlabel() == "training images (% of all 1,000)"


def test_architectures_are_lines_with_statistics_as_their_style() -> None:
    drawing = draw("best_and_last", VOLUME, {"lines": ["architecture", "statistic"], "metrics": "top1"})
    assert labels(drawing.figure)[:4] == ["mobilenet_v2", "resnet50", "best evaluation", "last evaluation"]
    assert len(drawing.data) == 2 * 2 * 3
