"""Interactive figures: what they show, and that they need no internet."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from unit.artefacts.made_up import by_size, by_value, results_of, run

from datavolume.artefacts.interactive import SCRIPT, draw_interactive, plotly_script, to_json, write_interactive
from datavolume.artefacts.results import Results
from datavolume.errors import UserError

BY_SIZE = by_size(seeds=3)
TWO_NETWORKS = by_size(networks=("emnist_cnn", "mlp"), sizes=(750, 12000), seeds=2)
BY_VALUE = by_value(seeds=2)
DRAWN: dict[str, tuple[str, Results, dict[str, object]]] = {
    "surface": ("surface", BY_SIZE, {}),
    "two surfaces": ("surface", TWO_NETWORKS, {"metric": "loss"}),
    "boxes by size": ("boxes_by_size", BY_SIZE, {"without_largest": True}),
    "two panels of boxes": ("boxes_by_size", TWO_NETWORKS, {}),
    "fits": ("size_fits", BY_SIZE, {}),
    "boxes by value": ("boxes_by_value", BY_VALUE, {"stage": "recipe.learning_rate"}),
    "cost": ("cost", BY_VALUE, {}),
}


def written(folder: Path, name: str = "surface", title: str = "Graph 1") -> dict[str, Path]:
    kind, results, options = DRAWN[name]
    files = {suffix: folder / f"graph_1.{suffix}" for suffix in ("html", "json")}
    write_interactive(draw_interactive(kind, results, options), files, title=title)
    return files


@pytest.mark.parametrize("name", DRAWN)
def test_nothing_is_loaded_but_the_script_beside_it(tmp_path: Path, name: str) -> None:
    html = written(tmp_path, name)["html"].read_text()
    assert re.findall(r'<script[^>]* src="([^"]*)"', html) == [SCRIPT]
    assert "://" not in html
    assert not re.search(r"<(link|img|iframe)\b|@import|\burl\(", html)
    assert (tmp_path / SCRIPT).read_text(encoding="utf-8") == plotly_script()


def test_the_same_data_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = written(tmp_path / "a"), written(tmp_path / "b")
    assert all(first[suffix].read_bytes() == second[suffix].read_bytes() for suffix in first)


def test_the_script_is_written_once(tmp_path: Path) -> None:
    written(tmp_path)
    before = (tmp_path / SCRIPT).stat().st_ino
    written(tmp_path)
    assert (tmp_path / SCRIPT).stat().st_ino == before
    (tmp_path / SCRIPT).write_text("another version")
    written(tmp_path)
    assert (tmp_path / SCRIPT).read_text(encoding="utf-8") == plotly_script()
    assert not list(tmp_path.glob(".*"))


def test_titles_are_text(tmp_path: Path) -> None:
    assert (
        "<title>Sizes &lt; 1000 &amp; more</title>"
        in written(tmp_path, title="Sizes < 1000 & more")["html"].read_text()
    )


def test_json_is_what_newplot_takes_and_cannot_end_a_script(tmp_path: Path) -> None:
    text = written(tmp_path, "boxes by size")["json"].read_text()
    assert "<" not in text
    assert set(json.loads(text)) == {"data", "layout"}
    figure = draw_interactive("boxes_by_size", BY_SIZE, {"without_largest": True})
    assert text == to_json(figure) + "\n"


def test_a_surface_has_the_means_and_says_size_and_epoch() -> None:
    runs = [run("sizes", n=n, seed=seed, top1=0.4 + 0.2 * seed) for n in (100, 1000) for seed in (0, 1)]
    (trace,) = draw_interactive("surface", results_of(*runs)).data
    assert np.asarray(trace.z)[:, -1] == pytest.approx([50, 50])
    assert np.asarray(trace.y)[:, 0] == pytest.approx([2, 3])
    assert np.asarray(trace.x)[0].tolist() == [1, 2, 3, 4]
    said = "1,000 images<br>evaluation 4, epoch 144.0<br>top-1 accuracy 50.00 %<br>mean of 2 runs"
    assert np.asarray(trace.text)[1, -1] == said


def test_a_surface_is_labelled_with_sizes() -> None:
    scene = draw_interactive("surface", BY_SIZE).layout.scene
    assert scene.yaxis.ticktext[0] == "750"
    assert scene.yaxis.ticktext[-1] == "12,000"
    assert scene.yaxis.tickvals[-1] == pytest.approx(math.log10(12000))
    assert scene.zaxis.title.text == "validation top-1 accuracy (%)"


def test_boxes_by_size_are_runs_at_log10_of_their_size() -> None:
    runs = [run("sizes", n=n, seed=seed, top1=0.1 * seed) for n in (10, 100, 1000) for seed in (1, 2)]
    boxes, line = draw_interactive("boxes_by_size", results_of(*runs)).data
    assert list(boxes.x) == [1, 1, 2, 2, 3, 3]
    assert list(boxes.y) == pytest.approx([10, 20] * 3)
    assert boxes.text[0] == "10 images<br>top-1 accuracy 10.00 %<br>seed 1"
    assert list(line.x) == [1, 3]


def test_the_line_is_the_printed_one() -> None:
    """Means 0.2, 0.3, 0.3 at log10 n of 1, 2, 3."""
    means = {10: 0.2, 100: 0.3, 1000: 0.3}
    results = results_of(*(run("sizes", n=n, top1=top1) for n, top1 in means.items()))
    _, line, without = draw_interactive("boxes_by_size", results, {"without_largest": True}).data
    assert line.name == "all sizes: 16.67 + 5.00 log₁₀(n), R² = 0.750"
    assert list(line.y) == pytest.approx([100 / 6 + 5, 100 / 6 + 15])
    assert list(without.y) == pytest.approx([20, 40])
    assert (line.line.dash, without.line.dash) == ("solid", "dash")


def test_boxes_by_value_can_be_hidden_with_their_stars() -> None:
    figure = draw_interactive("boxes_by_value", BY_VALUE, {"stage": "recipe.learning_rate"})
    boxes, stars = figure.data[:4], figure.data[4:]
    assert [trace.name for trace in boxes] == [trace.legendgroup for trace in stars]
    assert [list(trace.x) for trace in stars] == [[pytest.approx(place)] for place in (-0.3, -0.1, 0.1, 0.3)]
    assert list(figure.layout.xaxis.ticktext) == ["0.01", "0.05", "0.1", "0.2", "0.5"]
    assert boxes[0].text[0].startswith("small CNN<br>learning rate 0.01, the chosen value<br>top-1 accuracy ")


def test_cost_says_the_price_of_a_point() -> None:
    runs = [run("e", name=name, network="cnn", value=name, stage="f", top1=top1, samples=samples)
            for name, samples, top1 in (("a", 1000, 0.5), ("b", 3000, 0.7))]  # fmt: skip
    front, markers = draw_interactive("cost", results_of(*runs)).data
    assert list(front.x) == [1000, 3000]
    assert markers.text[1] == (
        "cnn<br>b<br>top-1 accuracy 70.00 %<br>3,000 images passed<br>100 images passed per gained percentage point"
    )


@pytest.mark.parametrize("name", DRAWN)
def test_several_panels_are_higher_and_every_axis_has_a_title(name: str) -> None:
    kind, results, options = DRAWN[name]
    layout = draw_interactive(kind, results, options).layout.to_plotly_json()
    scenes = [part for key, part in layout.items() if key.startswith("scene")]
    axes = [part for key, part in layout.items() if re.match(r"yaxis\d*$", key)]
    assert scenes or axes
    assert all(axis["title"]["text"] for axis in axes)
    assert ("height" in layout) == (len(axes) > 1)


def test_what_is_not_interactive_is_said() -> None:
    with pytest.raises(UserError, match="'metric_scatter' has no interactive form"):
        draw_interactive("metric_scatter", BY_SIZE)
    with pytest.raises(UserError, match="surfaces"):
        draw_interactive("surfaces", BY_SIZE)


def test_drawing_on_paper_imports_no_plotly() -> None:
    modules = ("surface", "boxes_by_size", "boxes_by_value", "size_fits", "cost", "forecast", "requirement")
    lines = "; ".join(f"import datavolume.artefacts.figures.{name}" for name in modules)
    code = f"import sys, datavolume.artefacts.interactive; {lines}; print('plotly' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
