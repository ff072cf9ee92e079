"""Figures over the training-set size and over values of a factor: what is drawn, and what is refused."""

from __future__ import annotations

import inspect
import itertools
import math
from pathlib import Path

import matplotlib.style
import numpy as np
import pytest
from matplotlib.figure import Figure
from unit.artefacts.made_up import SIZES, MadeUp, by_size, by_value, results_of, run

from datavolume.artefacts.drawing import Drawn, draw, write
from datavolume.artefacts.registry import KINDS
from datavolume.artefacts.results import Results
from datavolume.artefacts.style import STYLE
from datavolume.errors import UserError

pytestmark = pytest.mark.filterwarnings("error")

OWN = ("surface", "boxes_by_size", "size_fits", "metric_scatter", "boxes_by_value", "cost")
BY_SIZE = by_size()
BY_VALUE = by_value()
TWO_NETWORKS = by_size(networks=("emnist_cnn", "mobilenet_v3_small_128_frozen"), seeds=2)
SMOKE = by_size(sizes=(200, 600), seeds=2)
RATE = {"stage": "recipe.learning_rate"}
DRAWN: dict[str, tuple[str, Results, dict[str, object]]] = {
    "surface": ("surface", BY_SIZE, {}),
    "surface of a loss, two networks": ("surface", TWO_NETWORKS, {"metric": "loss", "over": "epoch"}),
    "boxes by size": ("boxes_by_size", BY_SIZE, {"without_largest": True}),
    "boxes by size, two networks": ("boxes_by_size", TWO_NETWORKS, {"without_largest": True, "split": "train"}),
    "boxes by size, smoke": ("boxes_by_size", SMOKE, {"metric": "last_batch_loss"}),
    "fits": ("size_fits", BY_SIZE, {}),
    "fits, two networks": ("size_fits", TWO_NETWORKS, {}),
    "fits, smoke": ("size_fits", SMOKE, {}),
    "scatter": ("metric_scatter", BY_SIZE, {}),
    "scatter, two networks": ("metric_scatter", TWO_NETWORKS, {"metric": "loss"}),
    "boxes by value": ("boxes_by_value", BY_VALUE, RATE),
    "boxes by value, one network": ("boxes_by_value", BY_VALUE, {**RATE, "experiments": "cnn"}),
    "cost": ("cost", BY_VALUE, {}),
    "cost, sizes": ("cost", TWO_NETWORKS, {"cost": "hours"}),
}


@pytest.fixture(scope="module", params=DRAWN)
def figure(request: pytest.FixtureRequest) -> Figure:
    kind, results, options = DRAWN[request.param]
    with matplotlib.style.context(STYLE):
        drawn = draw(kind, results, options).figure
        drawn.draw_without_rendering()
    return drawn


def test_nothing_is_cut(figure: Figure) -> None:
    shown = figure.get_tightbbox()
    assert shown.x0 >= -0.01
    assert shown.y0 >= -0.01
    assert shown.x1 <= figure.get_figwidth() + 0.01
    assert shown.y1 <= figure.get_figheight() + 0.01


def test_no_legend_or_title_is_on_the_data(figure: Figure) -> None:
    panels = [axes.get_window_extent() for axes in figure.axes]
    for legend in figure.legends:
        assert not any(legend.get_window_extent().overlaps(panel) for panel in panels)
    flat = [axes for axes in figure.axes if axes.name != "3d"]
    for axes in flat:
        title = axes.title if axes.get_title() else axes._left_title  # type: ignore[attr-defined]
        assert not title.get_text() or title.get_window_extent().y0 >= axes.get_window_extent().y1
    titles = [axes._left_title.get_window_extent() for axes in flat if axes.get_title(loc="left")]  # type: ignore[attr-defined]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(titles, 2))


def test_tick_labels_do_not_touch(figure: Figure) -> None:
    for axes in figure.axes:
        if axes.name == "3d":
            continue
        labels = [label for label in axes.get_xticklabels() if label.get_text() and label.get_visible()]
        boxes = sorted((label.get_window_extent() for label in labels), key=lambda box: box.x0)
        assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))


def test_axes_say_unit_and_sizes(figure: Figure) -> None:
    labels = {axes.get_zlabel() if axes.name == "3d" else axes.get_ylabel() for axes in figure.axes} - {""}
    assert labels
    assert all("%" in label or "nats" in label for label in labels)
    assert all(label.split()[0] in ("validation", "training") for label in labels)


@pytest.mark.parametrize("name", OWN)
def test_options_are_those_of_the_function(name: str) -> None:
    kind = KINDS[name]
    asked = list(inspect.signature(kind.load()).parameters)
    assert asked == ["results", *asked[1:]]
    assert sorted(asked[1:]) == sorted(kind.options)
    if kind.interactive:
        assert inspect.signature(kind.load_interactive()).parameters.keys() == set(asked)


@pytest.mark.parametrize("name", ["surface", "boxes_by_value", "cost"])
def test_the_same_data_give_the_same_bytes(name: str, tmp_path: Path) -> None:
    kind, results, options = next(each for each in DRAWN.values() if each[0] == name)
    for folder in ("a", "b"):
        files = {suffix: tmp_path / folder / f"{name}.{suffix}" for suffix in ("pdf", "svg", "png", "csv")}
        write(draw(kind, results, options), files)
    for suffix in ("pdf", "svg", "png", "csv"):
        assert (tmp_path / "a" / f"{name}.{suffix}").read_bytes() == (tmp_path / "b" / f"{name}.{suffix}").read_bytes()


def ends(by: dict[int, list[float]], **more: object) -> list[MadeUp]:
    """A run a value, seeds 0, 1, ... at each size."""
    return [run("sizes", n=n, seed=seed, top1=top1, **more) for n, all_ in by.items() for seed, top1 in enumerate(all_)]


def test_a_surface_stands_on_the_seed_means() -> None:
    drawn = draw("surface", results_of(*ends({100: [0.2, 0.4], 1000: [0.6, 0.8]})))
    last = drawn.data[drawn.data["evaluation"] == 4].set_index("n")
    assert last["mean"].to_dict() == {100: pytest.approx(0.3), 1000: pytest.approx(0.7)}
    assert last["epoch"].to_dict() == {100: 1440, 1000: 144}
    assert drawn.data["count"].eq(2).all()
    (axes,) = drawn.figure.axes
    low, high = axes.get_zlim()  # type: ignore[attr-defined]
    assert low < 100 * drawn.data["mean"].min() < 100 * 0.7 < high
    assert [label.get_text() for label in axes.get_yticklabels()] == ["100", "1,000"]


def test_a_run_that_stopped_early_leaves_a_hole_not_a_wall() -> None:
    short = [run("sizes", n=100, seed=0, top1=0.5, evaluations=2), run("sizes", n=1000, seed=0, top1=0.7)]
    data = draw("surface", results_of(*short)).data
    assert data.groupby("n")["evaluation"].max().to_dict() == {100: 2, 1000: 4}


def test_one_size_or_one_evaluation_is_no_surface() -> None:
    with pytest.raises(UserError, match=r"surface: cnn has 1 training-set size\(s\) and 4 evaluation"):
        draw("surface", results_of(run("sizes", n=100)))
    with pytest.raises(UserError, match="over: 'hours' is not known; it is one of evaluation, update, samples, epoch"):
        draw("surface", BY_SIZE, {"over": "hours"})


# log10 n is 1, 2, 3, the means 0.2, 0.3, 0.3: slope 0.05, intercept 1/6, R2 0.75; without 1000: slope and intercept 0.1
LINE = results_of(*ends({10: [0.1, 0.3], 100: [0.2, 0.4], 1000: [0.3, 0.3]}))


def test_boxes_by_size_tell_the_line_of_the_means() -> None:
    drawn = draw("boxes_by_size", LINE, {"without_largest": True})
    assert len(drawn.data) == 6
    first = drawn.data.iloc[0]
    told = ["slope", "intercept", "r2", "slope_without_largest", "intercept_without_largest"]
    assert first[told].tolist() == pytest.approx([0.05, 1 / 6, 0.75, 0.1, 0.1])
    texts = [text.get_text() for text in drawn.figure.legends[0].get_texts()]
    assert texts == [
        "all sizes: 16.67 + 5.00 log₁₀(n), R² = 0.750",
        "without the largest: 10.00 + 10.00 log₁₀(n), through two sizes",
    ]


def test_the_drawn_line_and_boxes_are_in_percent() -> None:
    (axes,) = draw("boxes_by_size", LINE).figure.axes
    (line,) = [line for line in axes.lines if line.get_color() == "#D55E00"]
    assert line.get_ydata() == pytest.approx([100 / 6 + 5, 100 / 6 + 15])
    points = np.concatenate([line.get_ydata() for line in axes.lines if line.get_marker() == "o"])
    assert sorted(points) == pytest.approx([10, 20, 30, 30, 30, 40])
    assert len(axes.patches) == 3
    assert len(draw("boxes_by_size", LINE).figure.legends[0].get_texts()) == 1


def test_neighbouring_boxes_do_not_touch() -> None:
    (axes,) = draw("boxes_by_size", BY_SIZE).figure.axes
    extents = sorted((patch.get_path().get_extents().x0, patch.get_path().get_extents().x1) for patch in axes.patches)
    assert len(extents) == len(SIZES)
    assert all(left[1] < right[0] for left, right in itertools.pairwise(extents))


def test_a_diverged_run_is_left_out_of_its_box_but_stands_in_the_data() -> None:
    lost = [*ends({10: [0.1, 0.3], 100: [0.2]}), run("sizes", n=100, seed=1, top1=math.nan)]
    drawn = draw("boxes_by_size", results_of(*lost))
    assert drawn.data["measured"].isna().sum() == 1
    assert len(drawn.figure.axes[0].patches) == 2


def test_fits_have_a_panel_a_metric_and_the_largest_is_hollow() -> None:
    drawn = draw("size_fits", LINE, {"metrics": ["top1"]})
    (axes,) = drawn.figure.axes
    assert axes.get_title(loc="left") == (
        "top-1 accuracy\nall sizes: 16.67 + 5.00 log₁₀(n), R² = 0.750\n"
        "without the largest: 10.00 + 10.00 log₁₀(n), through two sizes"
    )
    hollow = [line for line in axes.lines if line.get_marker() == "o" and line.get_markerfacecolor() == "white"]
    assert [list(line.get_xdata()) for line in hollow] == [[1000]]
    assert drawn.data["mean"].tolist() == pytest.approx([0.2, 0.3, 0.3])
    assert drawn.data["r2"].tolist() == pytest.approx([0.75] * 3)


@pytest.mark.parametrize("metrics", ["top1", []])
def test_metrics_are_a_list(metrics: object) -> None:
    with pytest.raises(UserError, match=r"metrics: '.*' is not a list; write the metrics as \[top1, macro_f1, loss\]"):
        draw("size_fits", BY_SIZE, {"metrics": metrics})


def test_the_scatter_of_the_last_batch_stands_beside_that_of_all_images() -> None:
    """Seeds differ by 0.02 over all images and by 0.2 in the last batch: standard deviations of 0.02/sqrt 2 and ten
    times that."""
    runs = [
        run("sizes", n=n, seed=seed, ends={"top1": 0.6 + 0.02 * seed, "last_batch_top1": 0.5 + 0.2 * seed})
        for n in (10, 100, 1000)
        for seed in (0, 1)
    ]
    drawn = draw("metric_scatter", results_of(*runs))
    spread = drawn.data.groupby("metric")["pooled_sd"].first()
    assert spread["top1"] == pytest.approx(0.02 / math.sqrt(2))
    assert spread["last_batch_top1"] == pytest.approx(0.2 / math.sqrt(2))
    left, right = drawn.figure.axes
    assert left.get_ylim() == right.get_ylim()
    assert left.get_title(loc="left").startswith("all validation images\nsingle runs: sd 1.41 percentage points")
    assert right.get_title(loc="left").startswith("last batch alone\nsingle runs: sd 14.14 percentage points")


def test_only_metrics_with_a_twin_have_a_scatter() -> None:
    with pytest.raises(UserError, match="metric: 'macro_f1' is not known; it is one of top1, loss"):
        draw("metric_scatter", BY_SIZE, {"metric": "macro_f1"})
    with pytest.raises(UserError, match="metric: no run logged last_batch_top1"):
        draw("metric_scatter", LINE)


def stars(drawn: Drawn) -> list[tuple[float, float]]:
    return [text.xy for text in drawn.figure.axes[0].texts if text.get_text() == "★"]  # type: ignore[attr-defined]


def test_values_stand_in_their_order_and_the_chosen_ones_are_marked() -> None:
    drawn = draw("boxes_by_value", BY_VALUE, RATE)
    (axes,) = drawn.figure.axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0.01", "0.05", "0.1", "0.2", "0.5"]
    assert axes.get_xlabel() == "learning rate"
    assert len(axes.patches) == 5 * 4
    assert set(drawn.data.loc[drawn.data["chosen"], "value"]) == {"0.01"}
    assert drawn.data["chosen"].sum() == 4 * 5
    assert [place for place, _ in stars(drawn)] == pytest.approx([-0.3, -0.1, 0.1, 0.3])
    assert [text.get_text() for text in drawn.figure.legends[0].get_texts()] == [
        "small CNN",
        "EfficientNet-B0, frozen",
        "MobileNetV3, frozen",
        "MobileNetV3",
        "chosen value",
    ]


def test_a_factor_can_be_given_a_name() -> None:
    assert draw("boxes_by_value", BY_VALUE, {**RATE, "label": "step size"}).figure.axes[0].get_xlabel() == "step size"


def at_value(value: str, position: int, top1: float, **more: object) -> MadeUp:
    return run("one", stage="recipe.l2", value=value, position=position, top1=top1, **more)


def test_the_star_is_on_what_tuning_images_say() -> None:
    results = results_of(at_value("0", 0, 0.5, tuning={"top1": 0.9}), at_value("1", 1, 0.6, tuning={"top1": 0.8}))
    assert stars(draw("boxes_by_value", results)) == [(0, 50)]
    assert stars(draw("boxes_by_value", results, {"chosen": "validation"})) == [(1, 60)]
    assert stars(draw("boxes_by_value", results, {"chosen": "none"})) == []
    assert draw("boxes_by_value", results).data["measured"].tolist() == [0.5, 0.6]


def test_networks_as_values_share_one_colour_and_place() -> None:
    depths = [
        run("depth", stage="architecture", value=name, position=place, network=name, top1=0.5)
        for place, name in enumerate(("resnet18", "resnet34"))
    ]
    drawn = draw("boxes_by_value", results_of(*depths), {"chosen": "none"})
    points = [float(line.get_xdata()[0]) for line in drawn.figure.axes[0].lines if line.get_marker() == "o"]  # type: ignore[index]
    assert points == [0, 1]


def test_which_factor_has_to_be_said_where_there_are_two() -> None:
    with pytest.raises(UserError, match=r"stage: say which factor; recipe.learning_rate, recipe.batch_size is varied"):
        draw("boxes_by_value", BY_VALUE)
    with pytest.raises(UserError, match="stage: say which factor; no factor is varied"):
        draw("boxes_by_value", BY_SIZE)
    with pytest.raises(UserError, match="chosen: 'train' is not known; it is one of tuning, validation, none"):
        draw("boxes_by_value", BY_VALUE, {**RATE, "chosen": "train"})


def test_cost_joins_what_nothing_as_cheap_beats() -> None:
    runs = [
        run("depth", name=name, network=name, top1=top1, samples=samples)
        for name, samples, top1 in (("a", 100, 0.5), ("b", 200, 0.7), ("c", 300, 0.6), ("d", 400, 0.8))
    ]
    drawn = draw("cost", results_of(*runs))
    assert drawn.data["frontier"].tolist() == [True, True, False, True]
    assert drawn.data["price"].tolist() == pytest.approx([math.nan, 5, math.nan, 20], nan_ok=True)
    (axes,) = drawn.figure.axes
    front = next(line for line in axes.lines if line.get_drawstyle() == "steps-post")
    assert list(front.get_xdata()) == [100, 200, 400]
    assert list(front.get_ydata()) == pytest.approx([50, 70, 80])
    assert axes.get_xlabel() == "images passed in training one run"
    assert axes.get_xscale() == "linear"


def test_labels_of_configurations_keep_off_markers_and_each_other() -> None:
    drawn = draw("cost", TWO_NETWORKS, {"cost": "hours"})
    with matplotlib.style.context(STYLE):
        drawn.figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in drawn.figure.axes[0].texts]
    assert boxes
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


def test_far_apart_costs_have_a_log_axis_with_whole_numbers() -> None:
    runs = [run("e", n=n, top1=0.5, samples=samples) for n, samples in ((10, 90_000), (20, 1_100_000))]
    (axes,) = draw("cost", results_of(*runs)).figure.axes
    assert axes.get_xscale() == "log"
    shown = [label.get_text() for label in axes.get_xticklabels()]
    assert shown == ["100,000", "200,000", "500,000", "1,000,000"]


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("surface", {"metric": "accuracy"}, "metric: 'accuracy' is not known; it is one of top1, top5"),
        ("boxes_by_size", {"split": "test"}, "split: 'test' is not known; it is one of train, tuning, validation"),
        ("size_fits", {"metrics": ["f1"]}, "metrics: 'f1' is not known"),
        ("cost", {"cost": "euros"}, "cost: 'euros' is not known; it is one of images, hours"),
        ("boxes_by_size", {"experiments": "other"}, "no run of experiment other"),
        ("cost", {"architectures": ["vgg"]}, "no run of .* vgg"),
    ],
)
def test_a_wrong_option_is_one_line(kind: str, options: dict[str, object], said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        draw(kind, BY_SIZE, options)
    assert "\n" not in str(caught.value)


def test_data_are_rows_of_numbers_people_can_use() -> None:
    for kind, results, options in DRAWN.values():
        data = draw(kind, results, options).data
        assert not data.empty
        assert not [name for name in data if name.startswith("_")]
