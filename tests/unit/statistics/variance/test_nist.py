"""One-way analysis of variance against NIST's certified values: eleven sets, digits agreed."""

from __future__ import annotations

import numpy as np
import pytest
from unit.statistics.nist import ANOVA, digits, treatments

from datavolume.statistics.variance import one_way
from datavolume.statistics.variance.moments import centred


@pytest.mark.parametrize("name", list(ANOVA.index))
def test_at_least_twelve_digits_of_every_set(name: str) -> None:
    found, certified = one_way(treatments(name), "y", "treatment"), ANOVA.loc[name]
    between, within = found.table.to_dict("records")
    assert (between["df"], within["df"]) == (certified["df_between"], certified["df_within"])
    assert digits(between["sum_sq"], certified["sum_sq_between"]) > 12
    assert digits(between["mean_sq"], certified["mean_sq_between"]) > 12
    assert digits(within["sum_sq"], certified["sum_sq_within"]) > 12
    assert digits(within["mean_sq"], certified["mean_sq_within"]) > 12
    assert digits(between["F"], certified["F"]) > 12
    assert digits(found.r2, certified["r2"]) > 12
    assert digits(found.residual_sd, certified["residual_sd"]) > 12


def test_values_that_share_thirteen_digits_keep_what_the_file_said() -> None:
    """1000000000000.4 less 1000000000000.3 is 0.1000976… in doubles."""
    differences, pivot = centred([1000000000000.3, 1000000000000.4, 1000000000000.6])
    assert pivot == 1000000000000.3
    assert differences.tolist() == [0.0, 0.1, 0.3]


def test_ordinary_values_are_left_as_they_are() -> None:
    values = np.array([0.91, 0.93, 0.88])
    found, pivot = centred(values)
    assert pivot == 0.0
    assert found is values or (found == values).all()
