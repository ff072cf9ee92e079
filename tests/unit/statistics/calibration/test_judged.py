"""Confidence, loss, Brier score and margin of images, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from datavolume.errors import UserError
from datavolume.statistics.calibration import judge, margin_counts, mean_margins
from datavolume.statistics.calibration.margins import EDGES

PROBABILITIES = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8], [0.25, 0.5, 0.25]])
LABELS = np.array([0, 2, 0])


def test_of_three_images_by_hand() -> None:
    """Brier: .25 + .09 + .04; .01 + .01 + .04; .5625 + .25 + .0625. Margins: .2/.5, .7/.8, .25/.5."""
    judged = judge(PROBABILITIES, LABELS)
    np.testing.assert_allclose(judged.confidence, [0.5, 0.8, 0.5])
    np.testing.assert_array_equal(judged.correct, [True, True, False])
    np.testing.assert_allclose(judged.nll, [math.log(2), -math.log(0.8), math.log(4)])
    np.testing.assert_allclose(judged.brier, [0.38, 0.06, 0.875])
    np.testing.assert_allclose(judged.margin, [0.4, 0.875, 0.5])
    assert judged.top1 == pytest.approx(2 / 3)
    assert mean_margins(judged.margin, judged.correct) == pytest.approx((0.6375, 0.5))


def test_a_temperature_takes_the_root_of_each_probability() -> None:
    """At 1/2 probabilities are squared: .25, .09, .04 of .38; each image may have its own."""
    judged = judge(PROBABILITIES, LABELS, temperature=0.5)
    assert judged.confidence[0] == pytest.approx(0.25 / 0.38)
    assert judged.margin[0] == pytest.approx(0.16 / 0.25)
    assert judged.brier[0] == pytest.approx((0.13**2 + 0.09**2 + 0.04**2) / 0.38**2)
    own = judge(PROBABILITIES, LABELS, temperature=np.array([1.0, 0.5, 2.0]))
    assert own.confidence[0] == pytest.approx(0.5)
    assert own.confidence[1] == pytest.approx(0.64 / 0.66)
    assert own.nll[2] == pytest.approx(-math.log(0.5 / (1 + math.sqrt(0.5))))


def test_what_float32_could_not_hold_counts_as_its_smallest_number() -> None:
    judged = judge(np.array([[1.0, 0.0]], np.float32), np.array([1]))
    assert judged.nll[0] == pytest.approx(149 * math.log(2))
    assert judged.margin[0] == 1.0


def test_pieces_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    probabilities, labels = rng.dirichlet(np.ones(5), 101), rng.integers(5, size=101)
    whole = judge(probabilities, labels, temperature=1.7)
    monkeypatch.setattr("datavolume.statistics.calibration.judged._ELEMENTS", 50)
    pieces = judge(probabilities, labels, temperature=1.7)
    for name in vars(whole):
        np.testing.assert_array_equal(getattr(pieces, name), getattr(whole, name))


@pytest.mark.parametrize(
    ("probabilities", "labels", "said"),
    [
        ([[1.0]], [0], r"shape \[1, 1\] for 1 labels; they are \[images, classes\]"),
        ([[0.5, 0.5]], [0, 1], r"shape \[1, 2\] for 2 labels"),
        ([[0.5, 0.5]], [2], "labels go from 2 to 2; they are 0 to 1"),
        ([[float("nan"), 0.5]], [0], "not all finite"),
        ([[-2.0, 3.0]], [0], "negative; give those after the softmax"),
    ],
)
def test_what_cannot_be_judged_is_one_line(probabilities: list[list[float]], labels: list[int], said: str) -> None:
    with pytest.raises(UserError, match=said):
        judge(np.array(probabilities), np.array(labels))


def test_margins_are_counted_where_they_fall() -> None:
    """0.3 lies in (0, 0.37), 0.9205 in (0.9, 0.937), and 1 in the last."""
    table = margin_counts(np.array([0.3, 0.9205, 1.0, 0.3]), np.array([True, True, True, False]))
    correct, wrong = (table[table["predicted"] == name].reset_index() for name in ("correct", "wrong"))
    assert list(np.flatnonzero(correct["images"])) == [0, 5, 30]
    assert list(np.flatnonzero(wrong["images"])) == [0]
    assert table["images"].sum() == 4
    assert (correct["lower"].iloc[5], EDGES[5]) == pytest.approx((0.9, 0.9))
    assert math.isnan(mean_margins(np.array([0.5]), np.array([True]))[1])
