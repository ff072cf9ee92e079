"""Linear least squares against NIST's certified values: eleven sets, digits agreed."""

from __future__ import annotations

import numpy as np
import pytest
from unit.statistics.nist import LINES, line_digits

from datavolume.errors import UserError
from datavolume.statistics.lines import least_squares, polynomial

# Machines whose longdouble is a double agree in fewer.
WIDE = np.finfo(np.longdouble).eps < 1e-18
LEAST = dict.fromkeys(LINES.index, 11.0 if WIDE else 6.0)


@pytest.mark.parametrize("name", list(LINES.index))
def test_digits_of_every_set(name: str) -> None:
    found = line_digits(name)
    assert min(found.values()) > LEAST[name], found


def test_a_parabola_through_three_points_is_exact() -> None:
    fit = polynomial([1, 2, 4], [3, 5, 21], 2)  # 2 x**2 - 4 x + 5
    assert fit.coefficients == pytest.approx([5, -4, 2], abs=1e-14)
    assert fit.df == 0
    assert np.isnan(fit.errors).all()


def test_a_column_that_follows_from_others_is_a_plain_error() -> None:
    x = np.arange(5.0)
    with pytest.raises(UserError, match="column 3 of the regression follows"):
        least_squares(np.column_stack([np.ones(5), x, 2 * x + 1]), x)


def test_too_few_values_and_one_x_are_plain_errors() -> None:
    with pytest.raises(UserError, match="1 values are too few for 2"):
        least_squares([[1.0, 2.0]], [1.0])
    with pytest.raises(UserError, match="all x are the same"):
        polynomial([2.0, 2.0, 2.0], [1.0, 2.0, 3.0], 1)
