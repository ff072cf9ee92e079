"""Forecasts of real learning curves: error, coverage and width of intervals, against simpler methods.

    python benchmarks/forecast.py                  # all sets, the reported half (and the vision curves' tuning half)
    python benchmarks/forecast.py --curves 100     # a part of the tabular curves, drawn once
    python benchmarks/forecast.py --calibrate      # the constants of the spread, learned again on the tuning half

Needs `../shared/learning_curves`. CPU seconds are of fit and forecast of one curve. One thread is enough.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
from forecasting import gaussian_process
from forecasting.calibrate import learn
from forecasting.curves import FOLDER, Array, Case, published, tabular, vision
from forecasting.simulated import losses

from datavolume.statistics.curves import FAMILIES, Curve, fit, forecast
from datavolume.statistics.curves.fitting import TINIEST

LEVEL = 0.9
SINGLE = (
    "last_value",
    "late_line",
    "trend",
    "log_linear",
    "power",
    "power_offset",
    "exponential",
    "m4",
    "broken_power",
)


def log_error(predicted: Array, actual: Array) -> float:
    """sqrt(mean((ln predicted - ln actual)²)), errors below one in 10 000 taken for that."""
    apart = np.log(np.maximum(predicted, TINIEST)) - np.log(np.maximum(actual, TINIEST))
    return float(np.sqrt(np.mean(apart**2)))


def tell(median: Array, lower: Array, upper: Array, actual: Array, method: str) -> dict[str, Any]:
    """Coverage, mean width and interval score (Gneiting & Raftery 2007, equation 43; less is better) of one curve.

    `ratio`: by how much each size's interval had to be stretched about the median to just reach what came.
    """
    missed = np.maximum(lower - actual, 0) + np.maximum(actual - upper, 0)
    side = np.where(actual < median, median - lower, upper - median)
    return {
        f"{method} inside": float(np.mean((actual >= lower) & (actual <= upper))),
        f"{method} width": float(np.mean(upper - lower)),
        f"{method} score": float(np.mean(upper - lower + 2 / (1 - LEVEL) * missed)),
        f"{method} ratio": np.abs(actual - median) / np.maximum(side, 1e-9),
    }


def stretched(table: pd.DataFrame, method: str) -> float:
    """Mean width once all intervals are stretched by the one factor that makes them cover the level on these curves."""
    ratios = np.concatenate(table[f"{method} ratio"].to_list())
    weights = np.concatenate([np.full(len(ratio), 1 / len(ratio)) for ratio in table[f"{method} ratio"]])
    order = np.argsort(ratios)
    reached = np.cumsum(weights[order]) / weights.sum()
    return float(ratios[order][np.searchsorted(reached, LEVEL)] * table[f"{method} width"].mean())


def ours(case: Case) -> dict[str, Any]:
    start = time.process_time()
    table = forecast(case.curve, list(case.n), level=LEVEL).table
    seconds = time.process_time() - start
    median, lower, upper = (table[name].to_numpy() for name in ("median", "lower", "upper"))
    error = {"combined": log_error(median, case.actual), "combined absolute": float(np.mean(abs(median - case.actual)))}
    return {"seconds": seconds, **error, **tell(median, lower, upper, case.actual, "combined")}


def singles(case: Case) -> dict[str, float]:
    return {name: log_error(fit(case.curve, name).predict(case.n), case.actual) for name in SINGLE}


def hindsight(case: Case) -> dict[str, float]:
    """How near any smooth forecast could come: a parabola of ln n through what came itself. The rest is its noise."""
    log_n, log_y = np.log(case.n), np.log(case.actual)
    fitted = np.polyval(np.polyfit(log_n - log_n.mean(), log_y, 2), log_n - log_n.mean())
    return {"hindsight": log_error(np.exp(fitted), case.actual)}


def process(case: Case) -> dict[str, Any]:
    sizes = case.curve.sizes()
    found: dict[str, Any] = {}
    for name, plug_in in (("process", False), ("plug-in process", True)):
        mean, lower, upper = gaussian_process.predict(sizes.n, sizes.value, sizes.se, case.n, LEVEL, plug_in)
        found |= {name: log_error(mean, case.actual), **tell(mean, lower, upper, case.actual, name)}
    return found


def measure(cases: Iterable[Case], *methods: Callable[[Case], dict[str, Any]]) -> pd.DataFrame:
    rows = []
    for case in cases:
        row: dict[str, Any] = {"name": case.name, "set": case.set, "half": case.half}
        for method in methods:
            row |= method(case)
        rows.append(row)
    return pd.DataFrame(rows)


def show_vision(table: pd.DataFrame) -> None:
    table = table.merge(published(), left_on="name", right_index=True)
    table["below M4"] = table["combined"] < table["M4"]
    both = pd.concat([table, table.assign(half="all 36")])
    names = [
        "M1",
        "M2",
        "M3",
        "M4",
        "late_line",
        "trend",
        "power_offset",
        "m4",
        "broken_power",
        "combined",
        "hindsight",
        "below M4",
    ]
    print(both.groupby("half")[[*names, "combined inside"]].mean().round(4).T.to_markdown())
    print(f"\nbest single family of ours, on all: {table[list(SINGLE)].mean().min():.4f}")
    print(f"CPU seconds a curve: mean {table['seconds'].mean():.3f}, most {table['seconds'].max():.3f}\n")


def show_losses() -> None:
    """Coverage where there is no upper bound: drawn curves of known truth, and the vision curves times a number."""
    drawn = measure(losses(60), ours)
    print(drawn.groupby("set", sort=False)["combined inside"].mean().round(3).to_markdown() + "\n")
    scaled = pd.concat([measure((as_loss(case, factor) for case in vision()), ours) for factor in (1.0, 5.0)])
    scaled["factor"] = np.repeat([1.0, 5.0], len(scaled) // 2)
    print(scaled.groupby("factor")[["combined", "combined inside"]].mean().round(4).to_markdown() + "\n")


def as_loss(case: Case, factor: float) -> Case:
    curve = Curve(case.curve.n, factor * np.asarray(case.curve.value), kind="loss")
    return replace(case, curve=curve, actual=factor * case.actual)


def show_tabular(table: pd.DataFrame) -> None:
    groups = table.groupby("set", sort=False)
    print(f"\ncurves: {groups.size().to_dict()}; CPU seconds a curve {table['seconds'].mean():.3f}")
    names = [name for name in (*SINGLE, "process", "combined") if name in table]
    print("\nmedian over curves of the log error\n\n" + groups[names].median().T.round(4).to_markdown())
    print("\nmean over curves of the log error\n\n" + groups[names].mean().T.round(4).to_markdown())
    told = [name for name in map(str, table) if name.split()[-1] in ("inside", "width", "score")]
    print("\n90 % intervals, means over curves\n\n" + groups[told].mean().T.round(4).to_markdown())
    widths = [name for name in told if name.endswith(("width", "score"))]
    print("\nmedians over curves\n\n" + groups[widths].median().T.round(4).to_markdown())
    methods = [name.removesuffix(" ratio") for name in map(str, table) if name.endswith(" ratio")]
    matched = {name: {key: stretched(rows, name) for key, rows in groups} for name in methods}
    print("\nmean width, each stretched to cover 90 %\n\n" + pd.DataFrame(matched).T.round(4).to_markdown())
    for other in ("process", "plug-in process"):
        if f"{other} width" in table:
            narrower = (table["combined width"] < table[f"{other} width"]).groupby(table["set"], sort=False).mean()
            print(f"\nshare of curves where ours are narrower than the {other}'s: {narrower.round(3).to_dict()}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--curves", type=int, help="how many tabular curves (default: all of the half; 400 to calibrate)"
    )
    parser.add_argument("--calibrate", action="store_true", help="learn the spread's constants on the tuning half")
    parser.add_argument("--half", choices=["report", "tuning"], default="report", help="of the tabular curves")
    parser.add_argument("--skip", nargs="+", default=[], choices=["vision", "losses", "tabular"], help="leave sets out")
    parser.add_argument("--save", help="CSV with a row a tabular curve")
    arguments = parser.parse_args()
    if not FOLDER.is_dir():
        raise SystemExit(f"{FOLDER}: not there; the real curves are no part of the repository")
    if arguments.calibrate:
        tuning = (case for case in vision() if case.half == "tuning")
        print(learn(chain(tuning, tabular("tuning", arguments.curves or 400, (1, 4, 8)))))
        return
    if "vision" not in arguments.skip:
        show_vision(measure(vision(), ours, singles, hindsight))
    if "losses" not in arguments.skip:
        show_losses()
    if "tabular" not in arguments.skip:
        table = measure(tabular(arguments.half, arguments.curves), ours, singles, process)
        show_tabular(table)
        show_tabular(measure(tabular(arguments.half, arguments.curves, (4, 8)), ours, singles))
        if arguments.save:
            table.loc[:, [name for name in map(str, table) if not name.endswith("ratio")]].to_csv(
                arguments.save, index=False
            )


if __name__ == "__main__":
    assert set(SINGLE) == set(FAMILIES)
    main()
