"""A curve's input: means and standard errors of seeds, and one clear line for each mistake."""

import numpy as np
import pytest

from datavolume.errors import UserError
from datavolume.statistics.curves import Curve


def test_sizes_are_sorted_means_over_seeds():
    sizes = Curve([20, 10, 20], [0.4, 0.7, 0.2], seed=["a", "a", "b"]).sizes()
    assert sizes.n.tolist() == [10, 20]
    assert sizes.value == pytest.approx([0.7, 0.3])
    assert sizes.count.tolist() == [1, 2]


def test_standard_errors_are_shrunk_to_the_pooled_relative_variance():
    """Errors 0.4 ± 0.1 and 0.2 ± 0.02 of two seeds: squares 0.02 and 0.0008, relative variance (0.125 + 0.02) / 2."""
    sizes = Curve([10, 10, 20, 20], [0.3, 0.5, 0.18, 0.22]).sizes()
    pooled = (0.02 / 0.16 + 0.0008 / 0.04) / 2
    expected = [np.sqrt((0.02 + 4 * pooled * 0.16) / 5 / 2), np.sqrt((0.0008 + 4 * pooled * 0.04) / 5 / 2)]
    assert sizes.se == pytest.approx(expected)


def test_an_accuracy_has_the_standard_errors_of_its_error():
    value = np.array([0.3, 0.5, 0.18, 0.22])
    error, accuracy = (
        Curve([10, 10, 20, 20], value).sizes(),
        Curve([10, 10, 20, 20], 1 - value, kind="accuracy").sizes(),
    )
    assert accuracy.se == pytest.approx(error.se)


def test_given_standard_errors_are_kept():
    assert Curve([10, 20], [0.3, 0.2], stderr=[0.01, 0.02]).sizes().se == pytest.approx([0.01, 0.02])


def test_upto_keeps_small_sizes():
    assert Curve([10, 20, 40], [0.5, 0.4, 0.3], seed=[1, 1, 1]).upto(20).sizes().n.tolist() == [10, 20]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": [1, 2], "value": [0.5]}, "value: 1 rows, but n has 2"),
        ({"n": [1, 2], "value": [0.5, 0.4], "seed": [1]}, "seed: 1 rows, but n has 2"),
        ({"n": [], "value": []}, "the curve has no rows"),
        ({"n": [0, 2], "value": [0.5, 0.4]}, "n: 0 in row 1; allowed is above 0"),
        ({"n": [1, 2], "value": [0.5, np.nan]}, "value: nan in row 2; allowed is a finite number"),
        ({"n": [1, 2], "value": [50, 40]}, r"value: 50 in row 1; .* divide per cent by 100"),
        ({"n": [1, 2], "value": [0.5, 0.0], "kind": "loss"}, "value: 0 in row 2; allowed is above 0"),
        ({"n": [1, 2], "value": [0.5, 0.4], "kind": "f1"}, "kind: 'f1' is none of accuracy, error, loss"),
        ({"n": ["a", 2], "value": [0.5, 0.4]}, "n: not all numbers"),
        ({"n": [1, 1], "value": [0.5, 0.4], "seed": [7, 7]}, "seed 7 stands twice at n = 1"),
        ({"n": [1, 2], "value": [0.5, 0.4], "stderr": [0.1, -0.1]}, "stderr: -0.1 in row 2"),
    ],
)
def test_mistakes_are_told_in_one_line(arguments, message):
    with pytest.raises(UserError, match=message):
        Curve(**arguments)
