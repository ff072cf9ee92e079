"""More images or a bigger network: gain and cost beside each other."""

import numpy as np
import pandas as pd
import pytest

from datavolume.errors import UserError
from datavolume.statistics.requirement import cost_beside, next_steps

SIZES = [1000.0, 2000.0, 4000.0, 8000.0, 16000.0]


def runs(*, hours: bool = True) -> pd.DataFrame:
    """A small network with an error of n^-1/4 and a big one with 0.8 of it, at four times the hours; 3 seeds."""
    rng = np.random.default_rng(3)
    rows = [
        {"architecture": name, "n": n, "seed": seed, "value": factor * n**-0.25 + 0.0005 * rng.standard_normal()}
        | ({"gpu_hours": price * n / 1000} if hours else {})
        for name, factor, price in (("big", 0.8, 4.0), ("small", 1.0, 1.0))
        for n in SIZES
        for seed in range(3)
    ]
    return pd.DataFrame(rows)


def by_option(**asked: object) -> pd.DataFrame:
    return next_steps(runs(), kind="error", **asked).set_index("option")  # type: ignore[arg-type]


def test_it_starts_from_the_cheapest_network_at_its_largest_size() -> None:
    found = by_option(more=1000)
    assert found["architecture"].to_dict() == {"more images": "small", "other network": "big", "both": "big"}
    assert found["n"].to_dict() == {"more images": 17_000, "other network": 16_000, "both": 17_000}


def test_gains_of_each_step() -> None:
    found = by_option(more=16_000)
    now = 16_000**-0.25
    assert found.loc["other network", "gain"] == pytest.approx(0.2 * now, abs=0.001)
    assert found.loc["more images", "gain"] == pytest.approx(now - 32_000**-0.25, rel=0.25)
    assert (found["gain_lower"] < found["gain"]).all()
    assert found.loc["other network", "better"] > 0.99
    assert found.loc["more images", "note"].startswith("beyond")
    assert found.loc["other network", "note"] == ""


def test_hours_follow_each_networks_own_power_law() -> None:
    found = by_option(more=16_000)
    assert found["gpu_hours"].to_dict() == pytest.approx({"more images": 32, "other network": 64, "both": 128})


def test_labels_or_hours_decide_by_their_price() -> None:
    cheap_labels = by_option(more=16_000, price_per_label=1e-6, price_per_gpu_hour=100.0)
    dear_labels = by_option(more=16_000, price_per_label=10.0, price_per_gpu_hour=1.0)
    assert cheap_labels.loc["more images", "price"] == pytest.approx(3200.016)
    assert dear_labels.loc["more images", "price"] == pytest.approx(160_032)
    assert dear_labels.index[dear_labels["advised"]].tolist() == ["other network"]
    best = (cheap_labels["gain"] / cheap_labels["price"]).idxmax()
    assert cheap_labels.index[cheap_labels["advised"]].tolist() == [best]


def test_without_prices_the_largest_gain_is_advised() -> None:
    found = by_option(more=1000)
    assert found["price"].isna().all()
    assert found.index[found["advised"]].tolist() == [found["gain"].idxmax()]


def test_nothing_is_advised_where_nothing_helps() -> None:
    found = next_steps(runs(), kind="error", at=("big", 16_000), more=1e-3)
    worse = found[found["architecture"] == "small"]
    assert (worse["gain"] < 0).all()
    assert not worse["advised"].any()


def test_unknown_hours_stay_unknown() -> None:
    found = next_steps(runs(hours=False), kind="error")
    assert found["gpu_hours"].isna().all()
    assert found["architecture"].iloc[0] == "big"  # the first in the table


def test_cost_beside_marks_what_nothing_cheaper_beats() -> None:
    table = cost_beside(runs(), kind="error").set_index(["architecture", "n"])
    assert table.loc[("small", 1000.0), "frontier"]
    assert table.loc[("big", 16000.0), "frontier"]
    # 4 hours: 4000 images of the small network reach 0.126, 1000 of the big one 0.142
    assert table.loc[("small", 4000.0), "frontier"]
    assert not table.loc[("big", 1000.0), "frontier"]
    assert table.loc[("big", 1000.0), "gpu_hours"] == 4
    assert not cost_beside(runs(hours=False), kind="error")["frontier"].any()


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"more": 0}, "above 0"),
        ({"price_per_label": -1}, "price_per_label"),
        ({"at": ("huge", 100)}, "'huge' is not in the table; it has big, small"),
    ],
)
def test_what_cannot_be_asked(asked: dict[str, object], says: str) -> None:
    with pytest.raises(UserError, match=says):
        by_option(**asked)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(UserError, match="'value' is missing; the table has architecture, n"):
        next_steps(runs()[["architecture", "n"]], kind="error")
