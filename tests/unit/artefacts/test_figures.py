"""What a reader looks for in a figure, asked of matplotlib: whole labels, legends off the data, the right data."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import matplotlib.style
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from unit.artefacts.answers import synthetic

from datavolume.artefacts.drawing import Drawn, draw, write
from datavolume.artefacts.registry import DEFAULTS, find
from datavolume.artefacts.results import Results
from datavolume.artefacts.style import STYLE, labelled_sizes, mark, shades

WITHOUT_PREDICTIONS = ("reliability", "calibration_by_volume", "voting_by_volume")  # they only say so: others' tests
FIGURES = [name for name in DEFAULTS if find(name).form == "figure"]

pytestmark = pytest.mark.filterwarnings("error")

SUFFIXES = ("pdf", "svg", "png", "csv")
SHAPES: dict[str, dict[str, object]] = {
    "six fractions": {},
    "ten sizes": {
        "architectures": ("small_cnn", "mlp"),
        "fractions": (),
        "sizes": (75, 150, 300, 450, 600, 750, 900, 1050, 1200, 1400),
        "seeds": 2,
    },
    "long names": {"architectures": ("efficientnet_b0_frozen_head_64", "mobilenet_v3_small_128"), "seeds": 2},
    "one volume, one seed": {"fractions": (1.0,), "seeds": 1},
    "one architecture, two subsets": {"architectures": ("mlp",), "fractions": (0.1, 1.0), "subset_seeds": (0, 1)},
}


@cache
def made(shape: str) -> Results:
    """Once: an analysis takes its time."""
    return synthetic(**SHAPES[shape])


@pytest.fixture(scope="module", params=SHAPES)
def shaped(request: pytest.FixtureRequest) -> Results:
    return made(request.param)


@pytest.fixture(scope="module", params=FIGURES)
def figure(shaped: Results, request: pytest.FixtureRequest) -> Figure:
    drawn = draw(request.param, shaped).figure
    with matplotlib.style.context(STYLE):
        drawn.draw_without_rendering()
    return drawn


def test_nothing_is_cut(figure: Figure) -> None:
    shown = figure.get_tightbbox()
    assert shown.x0 >= -0.01
    assert shown.y0 >= -0.01
    assert shown.x1 <= figure.get_figwidth() + 0.01
    assert shown.y1 <= figure.get_figheight() + 0.01


def test_no_data_are_outside_the_axes(figure: Figure) -> None:
    """But for the fitted lines, dotted, which may leave at the ends, and what is impossible."""
    for axes in figure.axes:
        low, high = axes.get_ylim()
        for line in axes.lines:
            if line.get_transform() != axes.transData:  # across the whole axes
                continue
            shown = np.asarray(line.get_ydata(), dtype=float)
            assert line.get_linestyle() == ":" or (np.nanmin(shown) >= low and np.nanmax(shown) <= high)
        for band in axes.collections:
            edge = np.concatenate([path.vertices[:, 1] for path in band.get_paths()] or [np.array([low])])
            assert edge.min() >= low - 1e-9


def test_no_legend_is_on_the_data(figure: Figure) -> None:
    for legend in figure.legends:
        for axes in figure.axes:
            assert not legend.get_window_extent().overlaps(axes.get_window_extent())
    assert not any(axes.get_legend() for axes in figure.axes)


def test_size_labels_do_not_touch(figure: Figure) -> None:
    for axes in figure.axes:
        labels = [label for label in axes.get_xticklabels() if label.get_text() and label.get_visible()]
        boxes = [label.get_window_extent() for label in labels]
        assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))


@pytest.mark.parametrize("name", [name for name in FIGURES if name not in WITHOUT_PREDICTIONS])
def test_axes_say_what_they_show(results: Results, name: str) -> None:
    figure = draw(name, results).figure
    labels = {text.get_text() for text in figure.findobj(Text)}
    assert any("%" in label or "percentage points" in label for label in labels)
    assert any(label.startswith(("training images", "updates")) for label in labels)


def test_sizes_are_written_as_people_read_them(results: Results) -> None:
    axes = draw("accuracy_by_volume", results).figure.axes[0]
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert labels == ["72\n5 %", "180\n12.5 %", "359\n25 %", "718\n50 %", "1,078\n75 %", "1,437\n100 %"]


def test_labels_thin_out_from_the_largest_down() -> None:
    assert labelled_sizes([100, 900, 1000], apart=0.1) == [100, 1000]
    assert labelled_sizes([10, 100, 1000], apart=0.1) == [10, 100, 1000]
    assert labelled_sizes([10], apart=0.1) == [10]


@pytest.mark.parametrize("name", FIGURES)
def test_the_same_data_give_the_same_bytes(results: Results, tmp_path: Path, name: str) -> None:
    for folder in ("a", "b"):
        write(draw(name, results), {suffix: tmp_path / folder / f"{name}.{suffix}" for suffix in SUFFIXES})
    for suffix in SUFFIXES:
        first, second = (tmp_path / folder / f"{name}.{suffix}" for folder in ("a", "b"))
        assert first.read_bytes() == second.read_bytes()
    assert not list(tmp_path.rglob("*.tmp*"))


def test_files_hold_their_fonts_and_no_date(results: Results, tmp_path: Path) -> None:
    write(draw("accuracy_by_volume", results), {suffix: tmp_path / f"figure.{suffix}" for suffix in SUFFIXES})
    svg, pdf = (tmp_path / "figure.svg").read_text(), (tmp_path / "figure.pdf").read_bytes()
    assert "<text" not in svg
    assert "<dc:date>" not in svg
    assert b"/FontFile2" in pdf
    assert b"CreationDate" not in pdf
    assert not re.search(r'(href|src)="(?!#)', svg)


def means_of(summary: pd.DataFrame, column: pd.Series) -> pd.Series:
    return column.groupby([summary["architecture"], summary["n"]]).mean()


def test_accuracy_by_volume_shows_every_run_its_mean_and_the_line(results: Results) -> None:
    data = draw("accuracy_by_volume", results).data
    assert len(data) == len(results.summary)
    means = data.drop_duplicates(["architecture", "n"]).set_index(["architecture", "n"])
    expected = means_of(results.summary, results.summary["last_top1"])
    pd.testing.assert_series_equal(means["mean"].sort_index(), expected.sort_index(), check_names=False)
    assert results.log_linear is not None
    line = results.log_linear.query("architecture == 'mlp' and over == 'runs'").iloc[0]
    assert means.loc[("mlp", 718), "fitted"] == pytest.approx(line["intercept"] + line["slope"] * np.log10(718))


def test_the_drawn_line_is_the_mean_in_percent(results: Results) -> None:
    drawn = draw("accuracy_by_volume", results)
    shown = [line.get_ydata() for line in drawn.figure.axes[0].lines if line.get_marker() == "o"]
    means = drawn.data[drawn.data["architecture"] == "mlp"].drop_duplicates("n")["mean"]
    assert np.asarray(shown[0]) == pytest.approx(100 * means.to_numpy())


def test_boxes_are_one_panel_an_architecture_and_one_box_a_volume(results: Results) -> None:
    drawn = draw("accuracy_boxes", results)
    assert [axes.get_title(loc="left") for axes in drawn.figure.axes] == ["mlp", "small_cnn"]
    assert [len(axes.patches) for axes in drawn.figure.axes] == [6, 6]
    assert len(drawn.data) == 60


def test_learning_curves_are_panels_of_architecture_and_split(results: Results) -> None:
    drawn = draw("learning_curves", results)
    titles = [axes.get_title(loc="left") for axes in drawn.figure.axes]
    assert titles == [
        f"{name}, {split} images" for name in ("mlp", "small_cnn") for split in ("training", "validation")
    ]
    assert all(len(axes.lines) == 6 for axes in drawn.figure.axes)
    assert len(drawn.data) == 2 * 2 * 6 * 10


def test_the_lowest_panel_is_on_the_shared_scale(results: Results) -> None:
    metrics = results.metrics.copy()
    metrics.loc[metrics["architecture"] == "small_cnn", "top1"] *= 0.5
    drawn = draw("learning_curves", replace(results, metrics=metrics))
    assert drawn.figure.axes[0].get_ylim()[0] < 100 * metrics["top1"].min()


def test_gap_is_training_minus_validation_accuracy(results: Results) -> None:
    data = draw("generalisation_gap", results).data
    summary = results.summary
    expected = means_of(summary, summary["last_train_top1"] - summary["last_top1"])
    top1 = data[data["metric"] == "top1"].set_index(["architecture", "n"])["mean"]
    pd.testing.assert_series_equal(top1.sort_index(), expected.sort_index(), check_names=False)
    loss = data[data["metric"] == "loss"].set_index(["architecture", "n"])["mean"]
    expected = means_of(summary, summary["last_loss"] - summary["last_train_loss"])
    pd.testing.assert_series_equal(loss.sort_index(), expected.sort_index(), check_names=False)


def lightness(colour: str) -> float:
    """Relative luminance, ITU-R BT.709."""
    return float(np.dot(to_rgb(colour), (0.2126, 0.7152, 0.0722)))


def test_series_differ_without_colour() -> None:
    marks = [mark(index) for index in range(4)]
    assert len({series.marker for series in marks}) == 4
    assert len({series.line for series in marks}) == 4
    assert abs(lightness(marks[0].colour) - lightness(marks[1].colour)) > 0.2
    light = [lightness(shade.colour) for shade in shades(6)]
    assert light == sorted(light, reverse=True)
    assert min(np.diff(light[::-1])) > 0.03
    assert len({shade.marker for shade in shades(6)}) == 6


def test_drawing_leaves_matplotlib_as_it_was(results: Results) -> None:
    before = dict(matplotlib.rcParams)
    drawn: Drawn = draw("generalisation_gap", results)
    assert drawn.figure.get_figwidth() == 8.4
    changed = {key for key, value in matplotlib.rcParams.items() if value != before[key]}
    assert changed <= {"backend"}
