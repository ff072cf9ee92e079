"""What the next step buys: so many more images, a bigger network, or both; gain and cost beside each other.

next_steps(frame, more=1000, kind="accuracy", price_per_label=0.05, price_per_gpu_hour=2.0)

`frame` has a row a training: architecture, n, value, and where known seed, gpu_hours, images (passed in training).
Values are measured within the sizes trained and forecast beyond (`belief`); hours and images passed follow each
network's own power law over n (a straight line over log n and log hours).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from datavolume.errors import UserError
from datavolume.statistics.curves import Curve, Forecast, Kind
from datavolume.statistics.requirement.belief import Belief, normal

__all__ = ["cost_beside", "next_steps"]

_NEEDED = ("architecture", "n", "value")
_COSTS = ("gpu_hours", "images")


@dataclass(frozen=True)
class _Network:
    name: str
    rows: pd.DataFrame
    belief: Belief

    def at(self, n: float) -> tuple[float, float]:
        centre, sd = self.belief.at(n)
        return float(centre[0]), float(sd[0])

    def costs(self, n: float) -> dict[str, float]:
        return {name: _cost_at(self.rows, name, n) for name in _COSTS}


def cost_beside(frame: pd.DataFrame, *, kind: Kind) -> pd.DataFrame:
    """A row an architecture and size: runs, value, gpu_hours, images (means over runs; NaN where unknown), frontier.

    `frontier`: nothing that takes as many GPU hours or fewer is better; False where hours are unknown.
    """
    table = (
        _known(frame)
        .groupby(["architecture", "n"], sort=False, as_index=False)
        .agg(
            runs=("value", "size"), value=("value", "mean"), gpu_hours=("gpu_hours", "mean"), images=("images", "mean")
        )
    )
    score = table["value"] * (1 if kind == "accuracy" else -1)
    order = (
        table.assign(score=score)
        .dropna(subset="gpu_hours")
        .sort_values(["gpu_hours", "score"], ascending=[True, False], kind="stable")
    )
    better = order["score"] > order["score"].cummax().shift(fill_value=-np.inf)
    return table.assign(frontier=better.reindex(table.index, fill_value=False).astype(bool))


def next_steps(
    frame: pd.DataFrame,
    *,
    kind: Kind,
    more: float = 1000,
    at: tuple[str, float] | None = None,
    price_per_label: float | None = None,
    price_per_gpu_hour: float | None = None,
    level: float = 0.9,
    predicted: Mapping[str, Forecast] | None = None,
) -> pd.DataFrame:
    """From `at` (architecture, n; default: the one of fewest GPU hours, else the first, at its largest size).

    A row an option ("more images", "other network", "both"): architecture, n, value, lower, upper; gain, gain_lower,
    gain_upper (positive: better than now), better (probability of that); labels (more of them), gpu_hours and images of
    one training there, price (of labels and that training), gain_per_price, advised, note. `advised` is the largest
    gain per price where all prices are known, else the largest gain; none where no option is likelier than not to gain.
    `predicted`: forecasts of the architectures' curves, where they were made before.
    Raises UserError for a missing column, an unknown architecture, or a price below 0.
    """
    _check_prices(price_per_label, price_per_gpu_hour, more)
    known = _known(frame)
    made = predicted or {}
    networks = {
        str(name): _network(str(name), rows, kind, made.get(str(name)))
        for name, rows in known.groupby("architecture", sort=False)
    }
    name, n = at or _start(known)
    if name not in networks:
        raise UserError(f"at: architecture {name!r} is not in the table; it has {', '.join(networks)}")
    others = [network for network in networks.values() if network.name != name]
    rows = list(_options(networks[name], others, float(n), more, normal((1 + level) / 2)))
    return _advise(_priced(pd.DataFrame(rows), price_per_label, price_per_gpu_hour))


def _check_prices(label: float | None, hour: float | None, more: float) -> None:
    for name, price in (("price_per_label", label), ("price_per_gpu_hour", hour)):
        if price is not None and not (price >= 0 and math.isfinite(price)):
            raise UserError(f"{name}: {price:g} is not allowed; give 0 or more")
    if not more > 0:
        raise UserError(f"more: {more:g} is not allowed; give a number of images above 0")


def _known(frame: pd.DataFrame) -> pd.DataFrame:
    missing = [name for name in _NEEDED if name not in frame.columns]
    if missing:
        raise UserError(f"column {missing[0]!r} is missing; the table has {', '.join(map(str, frame.columns))}")
    return frame.assign(**{name: frame.get(name, math.nan) for name in _COSTS}).dropna(subset="value")


def _network(name: str, rows: pd.DataFrame, kind: Kind, made: Forecast | None) -> _Network:
    seed = rows["seed"].to_numpy() if "seed" in rows and not rows.duplicated(["n", "seed"]).any() else None
    curve = Curve(rows["n"].to_numpy(), rows["value"].to_numpy(), seed, kind)
    return _Network(name, rows, Belief.of(curve, made))


def _start(known: pd.DataFrame) -> tuple[str, float]:
    largest = known[known["n"] == known.groupby("architecture")["n"].transform("max")]
    hours = largest.groupby("architecture", sort=False)["gpu_hours"].mean()
    name = hours.idxmin() if hours.notna().any() else hours.index[0]
    return str(name), float(known.loc[known["architecture"] == name, "n"].max())


def _options(now: _Network, others: list[_Network], n: float, more: float, z: float) -> Iterator[dict[str, Any]]:
    """What other networks measured is independent of what this one did; its own next step is not."""
    gain, sd = (float(each[0]) for each in now.belief.gain(n, n + more))
    yield _option("more images", now, n + more, (gain, sd), more, z)
    base, base_sd = now.at(n)
    for network in others:
        for option, extra in (("other network", 0.0), ("both", more)):
            value, value_sd = network.at(n + extra)
            step = now.belief.data.sign * (value - base), math.hypot(base_sd, value_sd)
            yield _option(option, network, n + extra, step, extra, z)


def _option(
    option: str, network: _Network, n: float, step: tuple[float, float], labels: float, z: float
) -> dict[str, Any]:
    """`step`: the gain and its standard deviation."""
    (value, sd), (gain, gain_sd) = network.at(n), step
    limits = {"value": value, "lower": value - z * sd, "upper": value + z * sd}
    gains = {"gain": gain, "gain_lower": gain - z * gain_sd, "gain_upper": gain + z * gain_sd}
    note = "" if n <= network.belief.largest else "beyond the sizes trained: a forecast"
    row = {"option": option, "architecture": network.name, "n": n, **limits, **gains}
    better = float(ndtr(gain / max(gain_sd, 1e-12)))
    return {**row, "better": better, "labels": labels, **network.costs(n), "note": note}


def _cost_at(rows: pd.DataFrame, name: str, n: float) -> float:
    """NaN where unknown; of one size, the same at every n."""
    means = rows.groupby("n")[name].mean()
    means = means[means > 0]
    if means.empty:
        return math.nan
    x, y = np.log(means.index.to_numpy(dtype=float)), np.log(means.to_numpy(dtype=float))
    if x.size == 1:
        return float(means.iloc[0])
    slope, intercept = np.polyfit(x, y, 1)
    return float(np.exp(intercept + slope * np.log(n)))


def _priced(table: pd.DataFrame, label: float | None, hour: float | None) -> pd.DataFrame:
    """What has no price costs nothing; no price at all: NaN."""
    price = table["labels"] * (label or 0.0) + (table["gpu_hours"] * hour if hour is not None else 0.0)
    if label is None and hour is None:
        price = price * math.nan
    worth = table["gain"] / price.where(price > 0)
    notes = table.pop("note")
    return table.assign(price=price, gain_per_price=worth, note=notes)


def _advise(table: pd.DataFrame) -> pd.DataFrame:
    likely = table["better"] > 0.5
    column = "gain_per_price" if table["gain_per_price"].notna().all() else "gain"
    score = table[column].where(likely)
    advised = table.index == score.idxmax() if score.notna().any() else np.zeros(len(table), dtype=bool)
    notes = table.pop("note")
    return table.assign(advised=advised, note=notes)
