"""Figures of forecasts, of what is enough and of the next step: what is drawn, for studies of every shape."""

from __future__ import annotations

import itertools
import math
from dataclasses import fields, replace
from functools import cache
from typing import Any

import matplotlib.style
import numpy as np
import pandas as pd
import pytest
from unit.artefacts.answers import digits, synthetic

from datavolume.analysis.words import with_interval
from datavolume.artefacts.drawing import draw
from datavolume.artefacts.estimates import between, needed, short_time
from datavolume.artefacts.figures.foreseen import foreseen
from datavolume.artefacts.interactive import draw_interactive, to_json
from datavolume.artefacts.results import Results
from datavolume.artefacts.style import STYLE
from datavolume.errors import UserError

pytestmark = pytest.mark.filterwarnings("error")

KINDS = ("forecast", "requirement", "next_steps")
INTERACTIVE = ("forecast", "requirement")
SIZES = (8, 13, 21, 34, 55, 87, 138, 220, 350, 555, 881, 1400)
OTHERS = (
    {"mlp": "resnet18_wide", "small_cnn": "efficientnet_b0_frozen_head_64"},
    {"mlp": "vit_tiny", "small_cnn": "vgg3"},
    {"mlp": "densenet121", "small_cnn": "mobilenet_v3_small_128"},
)
SHAPES: dict[str, dict[str, Any]] = {
    "one volume": {"fractions": (1.0,), "seeds": 2},
    "one seed": {"seeds": 1},
    "one run": {"architectures": ("mlp",), "fractions": (1.0,), "seeds": 1},
    "two volumes": {"fractions": (0.5, 1.0), "seeds": 3},
}
TARGET = {"target": 0.99, "price_per_label": 0.05, "price_per_gpu_hour": 2.0}


@pytest.fixture(scope="module")
def sixty() -> Results:
    return made("digits")


def eight_curves() -> Results:
    """Two, four times under other names: an analysis takes its time."""
    two = synthetic(fractions=(), sizes=SIZES, seeds=2)
    frames = {item.name: getattr(two, item.name) for item in fields(two)}
    more = {
        name: pd.concat([frame, *(frame.replace(names) for names in OTHERS)], ignore_index=True)
        for name, frame in frames.items()
        if "architecture" in frame
    }
    return replace(two, **more)


@cache
def made(shape: str) -> Results:
    if shape == "8 curves, 12 volumes":
        return eight_curves()
    return digits(**TARGET) if shape == "digits" else synthetic(**SHAPES[shape])


@pytest.fixture(scope="module", params=["digits", "8 curves, 12 volumes", *SHAPES])
def shaped(request: pytest.FixtureRequest) -> Results:
    return made(request.param)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_cut_or_covered_and_labels_do_not_touch(kind: str, shaped: Results) -> None:
    with matplotlib.style.context(STYLE):
        figure = draw(kind, shaped).figure
        figure.draw_without_rendering()
    shown = figure.get_tightbbox()
    assert min(shown.x0, shown.y0) >= -0.01
    assert shown.x1 <= figure.get_figwidth() + 0.01
    assert shown.y1 <= figure.get_figheight() + 0.01
    for legend in figure.legends:
        assert not any(legend.get_window_extent().overlaps(axes.get_window_extent()) for axes in figure.axes)
    for axes in figure.axes:
        for axis, low, high in ((axes.xaxis, "x0", "x1"), (axes.yaxis, "y0", "y1")):
            labels = [label for label in axis.get_ticklabels() if label.get_text() and label.get_visible()]
            boxes = sorted((label.get_window_extent() for label in labels), key=lambda box: float(getattr(box, low)))
            assert all(getattr(one, high) < getattr(other, low) + 0.5 for one, other in itertools.pairwise(boxes))
    assert figure.axes or figure.texts


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_analysed_is_said(kind: str, sixty: Results) -> None:
    """As a study of factors has it: the files have no rows, or there are none."""
    for empty in (lambda frame: frame.iloc[:0], lambda _: pd.DataFrame()):
        names = ("forecast", "enough", "requirement", "next_steps")
        results = replace(sixty, **{name: empty(getattr(sixty, name)) for name in names})
        figure = draw(kind, results).figure
        said = [text.get_text() for text in (*figure.texts, *(text for axes in figure.axes for text in axes.texts))]
        assert any(text.lower().startswith(("no ", "there is no ")) for text in said)


def test_the_forecast_is_the_file_beyond_the_largest_volume(sixty: Results) -> None:
    drawn = draw("forecast", sixty)
    file = sixty.forecast.query("architecture == 'small_cnn' and origin == 1438 and asked")
    asked = drawn.data.query("architecture == 'small_cnn' and shown == 'asked'")
    assert asked["n"].tolist() == [2876, 5752, 14380]
    assert asked[["value", "lower", "upper"]].to_numpy() == pytest.approx(file[["median", "lower", "upper"]].to_numpy())
    axes = drawn.figure.axes[1]
    (broken,) = [line for line in axes.lines if line.get_linestyle() == "--"]
    beyond = sixty.forecast.query("architecture == 'small_cnn' and origin == 1438 and n >= 1438")
    assert np.asarray(broken.get_xdata()) == pytest.approx(beyond["n"].to_numpy())
    assert np.asarray(broken.get_ydata()) == pytest.approx(100 * beyond["median"].to_numpy())


def test_measured_means_are_those_of_the_runs(sixty: Results) -> None:
    data = draw("forecast", sixty).data.query("shown == 'measured' and architecture == 'mlp'").set_index("n")["value"]
    runs = sixty.summary.query("architecture == 'mlp'").groupby("n")["last_top1"].mean()
    pd.testing.assert_series_equal(data, runs, check_names=False, check_index_type=False)


def told(results: Results, question: str) -> str:
    (row,) = (
        results.enough[results.enough["question"] == question].query("architecture == 'small_cnn'").to_dict("records")
    )
    return needed(row["n"], row["lower"], row["upper"])


def test_titles_say_what_is_needed_and_foreseen(sixty: Results) -> None:
    _, cnn = (axes.get_title(loc="left").split("\n") for axes in draw("forecast", sixty).figure.axes)
    (far,) = sixty.forecast.query("architecture == 'small_cnn' and asked and n == 14380").to_dict("records")
    assert cnn == [
        "small_cnn",
        f"within 1 point of all data: {told(sixty, 'margin')}".replace(" (", " images ("),
        f"99 %: {told(sixty, 'target')}".replace(" (", " images ("),
        f"with 10× the data: {with_interval(far['median'], far['lower'], far['upper'])}",
    ]
    shortfall = draw("requirement", sixty).figure.axes[1].get_title(loc="left").split("\n")
    assert shortfall == ["small_cnn", f"images needed: {told(sixty, 'margin')}", "shown to be enough: 719 images"]


def test_the_margin_stands_below_the_largest_volume(sixty: Results) -> None:
    data = draw("forecast", sixty).data
    row = data.query("architecture == 'mlp' and shown == 'margin'").iloc[0]
    full = sixty.summary.query("architecture == 'mlp' and n == 1438")["last_top1"].mean()
    assert row["value"] == pytest.approx(full - 0.01)
    assert row["n_lower"] < row["n"] < row["n_upper"]
    assert data.query("shown == 'target'")["value"].tolist() == [0.99, 0.99]


def test_one_back_test_a_size_from_half_of_it_or_less(sixty: Results) -> None:
    """From 100 and 200 to 400: from 200; to 300: from 100; to 150, only from 100."""
    told = {"median": 0.9, "lower": 0.8, "upper": 0.95, "level": 0.9, "asked": False, "note": ""}
    pairs = [(100, 150), (100, 300), (200, 300), (100, 400), (200, 400), (800, 1600)]
    rows = [{**told, "origin": origin, "n": n, "multiple": n / origin, "actual": 0.91} for origin, n in pairs]
    rows[-1]["actual"] = math.nan
    table = pd.DataFrame(rows).assign(architecture="mlp")
    shown = foreseen(replace(sixty, forecast=table), ["mlp"], None).query("shown == 'back-test'")
    assert shown[["origin", "n"]].to_numpy().tolist() == [[100, 150], [100, 300], [200, 400]]


def test_to_limits_what_is_shown(sixty: Results) -> None:
    drawn = draw("forecast", sixty, {"to": 4, "architectures": "small_cnn"})
    (axes,) = drawn.figure.axes
    assert drawn.data.query("shown == 'asked'")["n"].tolist() == [2876, 5752]
    assert axes.get_xlim()[1] < 14380
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert labels[-3:] == ["1,438\n100 %", "2,876\n2×", "5,752\n4×"]


def test_an_architecture_alone_keeps_its_colour(sixty: Results) -> None:
    for kind in INTERACTIVE:
        colours = [
            line.get_color() for line in draw(kind, sixty, {"architectures": ["small_cnn"]}).figure.axes[0].lines
        ]
        assert "#E69F00" in colours
        assert "#0072B2" not in colours


def test_volumes_that_are_enough_are_filled(sixty: Results) -> None:
    """719 images and more of small_cnn; of mlp the largest volume alone."""
    drawn = draw("requirement", sixty)
    for axes, first in zip(drawn.figure.axes, (1438, 719), strict=True):
        filled, hollow = [
            line for line in axes.lines if line.get_marker() in "os" and len(np.atleast_1d(line.get_xdata()))
        ]
        assert min(filled.get_xdata()) == first
        assert max(hollow.get_xdata()) < first
    data = drawn.data.set_index(["architecture", "n"])
    row = sixty.requirement.query("architecture == 'mlp' and n == 179").iloc[0]
    assert data.loc[("mlp", 179), "shortfall"] == row["shortfall"]
    (margin,) = sixty.enough.query("architecture == 'mlp' and question == 'margin'").to_dict("records")
    found = data.loc[("mlp", 179), ["needed", "needed_lower", "needed_upper"]]
    assert list(found) == [margin["n"], margin["lower"], margin["upper"]]


def test_next_steps_are_gains_in_points_beside_the_price(sixty: Results) -> None:
    drawn = draw("next_steps", sixty)
    left, right = drawn.figure.axes
    assert right.get_xlabel() == "price"
    labels = [label.get_text() for label in left.get_yticklabels()]
    assert {"1,000 more images, mlp", "small_cnn, same images", "small_cnn, 1,000 more images"} <= {*labels}
    markers = [line for line in left.lines if len(np.atleast_1d(line.get_xdata())) == 1]
    assert [line.get_xdata()[0] for line in markers] == pytest.approx(list(100 * drawn.data["gain"]))
    assert sum(line.get_markerfacecolor() != "white" for line in markers) == drawn.data["advised"].sum() == 2
    assert [text.get_text() for text in left.texts] == [
        "from mlp with 1,438 images",
        "from small_cnn with 1,438 images",
    ]


def test_without_prices_labels_and_time_stand_beside_the_gain(sixty: Results) -> None:
    unpriced = replace(sixty, next_steps=sixty.next_steps.assign(price=math.nan))
    assert [axes.get_xlabel() for axes in draw("next_steps", unpriced).figure.axes[1:]] == ["labels", "one training"]
    untimed = replace(sixty, next_steps=sixty.next_steps.assign(price=math.nan, gpu_hours=math.nan))
    assert [axes.get_xlabel() for axes in draw("next_steps", untimed).figure.axes[1:]] == ["labels"]


def test_the_best_of_many_options_are_shown_and_the_advised_one_always(sixty: Results) -> None:
    one = sixty.next_steps.iloc[[0]]
    many = pd.concat([one.assign(gain=gain / 100, advised=gain == 0) for gain in range(20)], ignore_index=True)
    shown = draw("next_steps", replace(sixty, next_steps=many)).data
    assert shown["gain"].tolist() == pytest.approx([0.0, *(gain / 100 for gain in range(9, 20))])


@pytest.mark.parametrize("kind", INTERACTIVE)
def test_interactive_twins_draw_every_shape(kind: str, shaped: Results) -> None:
    figure = draw_interactive(kind, shaped)
    names = list(shaped.summary["architecture"].unique())
    titles = [note.text for note in figure.layout.annotations]
    assert {*names} <= {*titles}
    assert "NaN" not in to_json(figure)


def test_interactive_points_say_what_they_are(sixty: Results) -> None:
    figure = draw_interactive("forecast", sixty, {"architectures": ["small_cnn"]})
    traces = {trace.name: trace for trace in figure.data}
    said = traces["forecast, median and interval"].text[-1].split("<br>")
    assert said[0] == "14,380 images, 10× of 1,438"
    (far,) = sixty.forecast.query("architecture == 'small_cnn' and asked and n == 14380").to_dict("records")
    assert said[2] == f"90 % interval {100 * far['lower']:.2f} to {100 * far['upper']:.2f}"
    margin = f"within 1 point of all data<br>{told(sixty, 'margin')} images<br>95 % interval"
    assert traces["images for the margin"].text[0] == margin
    # 98.55 % of the held-out images: an error of 1.45 %
    assert 10 ** -np.asarray(traces["measured, mean over seeds"].y)[-1] == pytest.approx(1.45, abs=0.01)
    assert traces["forecast, median and interval"].showlegend
    points = draw_interactive("requirement", sixty, {"architectures": ["small_cnn"]}).data[0]
    assert points.text[3].startswith("719 images<br>−0.1")
    assert points.text[3].endswith("<br>enough")


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("forecast", {"to": 1}, "to: '1' is not allowed; a number above 1"),
        ("forecast", {"to": "4x"}, "to: '4x' is not allowed"),
        (
            "forecast",
            {"architectures": ["small_cn"]},
            "architectures: 'small_cn' is unknown, .*; did you mean 'small_cnn'",
        ),
        ("requirement", {"architectures": []}, "architectures: none is named; it is one or more of mlp, small_cnn"),
        ("next_steps", {"architectures": "vgg"}, "architectures: 'vgg' is unknown"),
    ],
)
def test_a_wrong_option_is_one_line(kind: str, options: dict[str, Any], said: str, sixty: Results) -> None:
    with pytest.raises(UserError, match=said):
        draw(kind, sixty, options)


def test_a_network_names_all_its_curves(sixty: Results) -> None:
    named = sixty.summary["architecture"].replace({"mlp": "mlp (a)", "small_cnn": "mlp (b)"})
    results = Results(sixty.metrics, sixty.summary.assign(architecture=named))
    assert len(draw("forecast", results, {"architectures": "mlp"}).figure.axes) == 2
    assert len(draw("forecast", results, {"architectures": ["mlp (b)"]}).figure.axes) == 1


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((441.6, 301.8, 559.7), "442 (302 to 560)"),
        ((11427.3, 734.0, math.inf), "11,400 (734 or more)"),
        ((1437.0, 0.0, 1437.0), "1,437 (up to 1,437)"),
        ((math.inf, 734.0, math.inf), "out of reach (734 or more)"),
        ((math.inf, math.inf, math.inf), "out of reach"),
        ((909.0, math.nan, math.nan), "909"),
        ((909.0, 0.0, math.inf), "909"),
        ((math.nan, math.nan, math.nan), "unknown"),
    ],
)
def test_numbers_of_images_in_words(numbers: tuple[float, float, float], said: str) -> None:
    assert needed(*numbers) == said
    assert between(*numbers[1:]) in said


@pytest.mark.parametrize(("seconds", "said"), [(24.4, "24 s"), (96.0, "1.6 min"), (7200.0, "2 h"), (4.5e6, "1,250 h")])
def test_times_in_words(seconds: float, said: str) -> None:
    assert short_time(seconds) == said
