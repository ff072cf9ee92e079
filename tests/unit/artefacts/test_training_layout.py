"""What a reader looks for in figures of training: whole labels, legends off the data, no wrong option unsaid."""

from __future__ import annotations

import inspect
import itertools
from typing import Any

import matplotlib.style
import numpy as np
import pytest
from matplotlib.figure import Figure
from unit.artefacts.test_training_figures import ABLATION, RESTARTED, STEPWISE, VOLUME, drawn

from datavolume.artefacts.drawing import draw
from datavolume.artefacts.registry import find
from datavolume.artefacts.results import Results
from datavolume.artefacts.style import STYLE
from datavolume.errors import UserError

pytestmark = pytest.mark.filterwarnings("error")

CURVES: dict[str, tuple[Results, dict[str, Any]]] = {
    "volumes": (VOLUME, {"architectures": "resnet50", "metrics": ["top5", "top1"]}),
    "panels": (VOLUME, {"lines": ["metric", "split"], "panels": ["architecture", "fraction"],
                        "splits": ["train", "validation"], "metrics": ["top1", "top5"]}),
    "margins": (VOLUME, {"architectures": "resnet50", "metrics": ["margin_correct", "margin_wrong"], "panels": "split",
                         "splits": ["train", "validation"], "lines": ["fraction", "metric"]}),
    "phases": (STEPWISE, {"lines": "experiment", "phases": True, "x": "images", "metrics": ["top1", "top5"]}),
    "restart": (RESTARTED, {"lines": "run", "restarted": "half"}),
    "values": (ABLATION, {"lines": ["value", "split"], "splits": ["train", "validation"]}),
    "published": (VOLUME, {"architectures": "resnet50", "fractions": 1.0, "reference": 99.0}),
}  # fmt: skip
ALL = [("curves", *case) for case in CURVES.values()]
ALL += [
    ("best_and_last", VOLUME, {"lines": ["architecture", "statistic"], "scale": scale}) for scale in ("log", "linear")
]


@pytest.fixture(params=ALL, ids=[*CURVES, "best and last, log", "best and last, linear"])
def figure(request: pytest.FixtureRequest) -> Figure:
    kind, results, options = request.param
    shown = draw(kind, results, options).figure
    with matplotlib.style.context(STYLE):
        shown.draw_without_rendering()
    return shown


def test_nothing_is_cut_and_no_legend_is_on_the_data(figure: Figure) -> None:
    shown = figure.get_tightbbox()
    assert min(shown.x0, shown.y0) >= -0.01
    assert shown.x1 <= figure.get_figwidth() + 0.01
    assert shown.y1 <= figure.get_figheight() + 0.01
    for legend, axes in itertools.product(figure.legends, figure.axes):
        assert not legend.get_window_extent().overlaps(axes.get_window_extent())


def test_all_data_are_inside_the_axes(figure: Figure) -> None:
    for axes in figure.axes:
        low, high = axes.get_ylim()
        for _, y in drawn(axes).values():
            assert low <= np.min(y) <= np.max(y) <= high


def test_tick_labels_do_not_touch(figure: Figure) -> None:
    for axes in figure.axes:
        texts = [label for label in axes.get_xticklabels() if label.get_text() and label.get_visible()]
        boxes = [label.get_window_extent() for label in texts]
        assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))


WRONG: list[tuple[str, Results, dict[str, Any], str]] = [
    ("curves", VOLUME, {"metrics": "top2"}, r"metrics: 'top2' is not known; it is one of top1, "),
    ("curves", VOLUME, {"metrics": []}, r"metrics: none is named; it is one or more of top1, "),
    ("curves", VOLUME, {"splits": "test"}, r"splits: 'test' is not known; it is one of train, tuning, validation"),
    ("curves", VOLUME, {"splits": "tuning"}, r"splits: nothing was evaluated on tuning images; there is train, val"),
    ("curves", VOLUME, {"x": "hours"}, r"x: 'hours' is not known; it is one of updates, epochs, images"),
    ("curves", RESTARTED, {"lines": "run", "every": 0}, r"every: '0' is no whole number from 1 on"),
    ("curves", VOLUME, {"experiments": "volumes"}, r"experiments: 'volumes' is unknown.*did you mean 'volume'"),
    ("curves", VOLUME, {"architectures": "vgg"}, r"no run of (network|architecture) vgg"),
    ("curves", VOLUME, {"lines": "fractions"}, r"lines: 'fractions' is nothing that differs here.*'fraction'"),
    ("curves", VOLUME, {"panels": "statistic"}, r"panels: 'statistic' is nothing that differs here"),
    ("curves", VOLUME, {}, r"a line would mix runs that differ in architecture \(mobilenet_v2, resnet50\)"),
    ("curves", VOLUME, {"lines": "fraction", "panels": ["fraction"]}, r"lines: fraction is in panels already"),
    ("curves", VOLUME, {"panels": ["seed", "split", "run"]}, r"panels: seed, split, run are too many"),
    ("curves", VOLUME, {"metrics": ["top1", "loss"], "panels": "split"}, r"cannot share an axis; put metric in panels"),
    ("curves", RESTARTED, {"lines": "run", "restarted": "third"}, r"restarted: no run of experiment 'third' is drawn"),
    ("curves", RESTARTED, {"lines": "run", "marker": "half"}, r"marker: 'half' is no number"),
    ("curves", RESTARTED, {"lines": "run", "reference": {"top5": 90}}, r"reference: top5 is not drawn; drawn is top1"),
    ("curves", RESTARTED, {"lines": "run", "reference": {"top1": "90 %"}}, r"reference: '90 %' is no number"),
    (
        "curves",
        RESTARTED,
        {"lines": "run", "reference": 9, "metrics": ["top1", "top5"]},
        r"reference: 9 of which metric",
    ),
    ("best_and_last", VOLUME, {"statistics": "mean"}, r"statistics: 'mean' is not known; it is one of best, last"),
    ("best_and_last", VOLUME, {"scale": "cubic"}, r"scale: 'cubic' is not known; it is one of log, linear"),
    ("best_and_last", VOLUME, {}, r"a line would mix runs that differ in architecture"),
]


@pytest.mark.parametrize(("kind", "results", "options", "message"), WRONG)
def test_a_wrong_option_is_one_line_with_what_is_allowed(
    kind: str, results: Results, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message) as caught:
        draw(kind, results, options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["curves", "best_and_last", "class_sizes", "class_overlap"])
def test_every_option_is_registered(kind: str) -> None:
    assert list(find(kind).options) == list(inspect.signature(find(kind).load()).parameters)[1:]
