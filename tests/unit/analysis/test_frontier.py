"""Cost beside what is reached."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from datavolume.analysis.metrics import METRICS
from datavolume.analysis.shown.frontier import cost_of

# value: cost of one run, what its two seeds reach
REACHED = {"a": (1, 0.4, 0.6), "b": (2, 0.7, 0.7), "c": (2, 0.6, 0.6), "d": (3, 0.6, 0.7), "e": (4, 0.8, 0.8)}


def frames(column: str = "samples", unit: float = 1.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    runs = [
        (f"{name}{seed}", name, cost, one) for name, (cost, *both) in REACHED.items() for seed, one in enumerate(both)
    ]
    values = pd.DataFrame(
        [(run, "net", "rate", name, 10, measured) for run, name, _, measured in runs],
        columns=["run", "series", "stage", "value", "n", "measured"],
    )
    return values, pd.DataFrame([(run, unit * cost) for run, _, cost, _ in runs], columns=["run", column])


def test_nothing_cheaper_is_better_than_the_frontier() -> None:
    table = cost_of(*frames(), "images", METRICS["top1"]).set_index("value")
    assert table.index[table["frontier"]].tolist() == ["a", "b", "e"]
    assert table["mean"].tolist() == pytest.approx([0.5, 0.7, 0.6, 0.65, 0.8])


def test_the_price_of_a_point_is_the_step_from_the_cheaper_neighbour() -> None:
    """b: one image more for 20 points; e: two more for 10."""
    price = cost_of(*frames(), "images", METRICS["top1"]).set_index("value")["price"]
    assert price["b"] == pytest.approx(1 / 20)
    assert price["e"] == pytest.approx(2 / 10)
    assert all(math.isnan(price[name]) for name in "acd")


def test_hours_are_measured_seconds() -> None:
    table = cost_of(*frames("seconds", 3600.0), "hours", METRICS["top1"])
    assert table["cost"].tolist() == pytest.approx([1, 2, 2, 3, 4])


def test_a_lower_loss_is_better() -> None:
    values, summary = frames()
    table = cost_of(values.assign(measured=-values["measured"] + 1), summary, "images", METRICS["loss"])
    assert table.set_index("value")["frontier"].tolist() == [True, True, False, False, True]


def test_a_run_that_stands_in_two_places_is_one_configuration() -> None:
    values, summary = frames()
    again = values[values["value"] == "a"].assign(value="baseline")
    table = cost_of(pd.concat([values, again]), summary, "images", METRICS["top1"])
    assert table["value"].tolist() == ["a", "b", "c", "d", "e"]
