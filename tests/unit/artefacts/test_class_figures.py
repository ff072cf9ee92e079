from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import StepPatch
from unit.artefacts.made_runs import Made, made_runs

from datavolume.artefacts.drawing import draw
from datavolume.artefacts.results import Results
from datavolume.data.overlap import overlap_by_class
from datavolume.errors import UserError

pytestmark = pytest.mark.filterwarnings("error")


def counts(dataset: str, sizes: list[int], split: str = "train") -> pd.DataFrame:
    rows = [(dataset, split, label, f"class {label}", n) for label, n in enumerate(sizes)]
    return pd.DataFrame(rows, columns=["dataset", "split", "label", "name", "n"])


def of_classes(*frames: pd.DataFrame) -> Results:
    return made_runs(Made("any"), class_counts=pd.concat(frames, ignore_index=True))


def of_overlaps(classes: int, subsets: int = 3, each: int = 20) -> Results:
    """Subset k has the places k, k + 1, ... of `each` images of every class."""
    labels = np.repeat(np.arange(classes), 40)
    starts = np.arange(classes)[:, None] * 40
    ids = {f"f0.5-independent-s{k}": (starts + np.arange(k, k + each)).ravel() for k in range(subsets)}
    table = overlap_by_class(ids, labels, [f"class {k}" for k in range(classes)])
    return made_runs(Made("any"), overlap_by_class=table.assign(dataset="made-1a"))


def test_a_bar_a_class_the_largest_first() -> None:
    held_out = counts("made-1a", [9, 9, 9], "validation")
    drawing = draw("class_sizes", of_classes(counts("made-1a", [30, 50, 40]), held_out))
    (axes,) = drawing.figure.axes
    assert [bar.get_height() for bar in axes.patches] == [50, 40, 30]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["class 1", "class 2", "class 0"]
    assert axes.get_ylabel() == "training images per class"
    assert drawing.data[["rank", "label", "n"]].to_numpy().tolist() == [[1, 1, 50], [2, 2, 40], [3, 0, 30]]


def test_many_classes_are_one_outline() -> None:
    sizes = list(range(1000, 1100))
    (axes,) = draw("class_sizes", of_classes(counts("made-1a", sizes))).figure.axes
    (outline,) = axes.patches
    assert isinstance(outline, StepPatch)
    assert list(outline.get_data().values) == sizes[::-1]
    assert axes.get_ylim()[0] == 0


def test_data_sets_are_panels_or_one_is_chosen() -> None:
    results = of_classes(counts("made-1a", [1, 2]), counts("other-2b", [3, 1500]))
    both = draw("class_sizes", results).figure
    assert [axes.get_title(loc="left") for axes in both.axes] == [
        "made-1a: 3 images, 2 classes", "other-2b: 1,503 images, 2 classes"]  # fmt: skip
    assert draw("class_sizes", results, {"dataset": "other"}).data["n"].tolist() == [1500, 3]


def test_overlaps_are_sorted_with_a_panel_a_pair() -> None:
    """Neighbours share 19 of 20 images, subsets 1 and 3 share 18, in every class."""
    figure = draw("class_overlap", of_overlaps(4)).figure
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "subsets 1 and 2: 95.0 % overall",
        "subsets 1 and 3: 90.0 % overall",
        "subsets 2 and 3: 95.0 % overall",
    ]
    assert [bar.get_height() for bar in figure.axes[1].patches] == [90.0] * 4
    assert [axes.lines[0].get_ydata()[0] for axes in figure.axes] == [95.0, 90.0, 95.0]
    assert figure.axes[0].get_ylabel() == "images in common\n(% of the class in a subset)"
    assert all(axes.get_ylim()[0] == 0 and axes.get_ylim()[1] >= 95 for axes in figure.axes)


def test_the_outline_falls() -> None:
    results = of_overlaps(30, subsets=2)
    table = results.overlap_by_class.assign(overlap=np.linspace(0.3, 0.0, 30))
    (axes,) = draw("class_overlap", made_runs(Made("any"), overlap_by_class=table)).figure.axes
    assert list(axes.patches[0].get_data().values) == pytest.approx(np.linspace(30, 0, 30))


def test_what_is_not_there_is_one_line() -> None:
    results = of_classes(counts("made-1a", [1, 2]))
    with pytest.raises(UserError, match="dataset: 'imagenet' is not there; there is made-1a"):
        draw("class_sizes", results, {"dataset": "imagenet"})
    with pytest.raises(UserError, match="split: 'test' is not known; it is one of train"):
        draw("class_sizes", results, {"split": "test"})
    with pytest.raises(UserError, match=r"overlap_by_class\.csv has no rows"):
        draw("class_overlap", results)
