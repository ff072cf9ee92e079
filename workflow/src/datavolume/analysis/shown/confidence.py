"""What the figures of calibration show: runs of one curve and volume taken together.

pooled_bins(rows, ["architecture", "n"])      of reliability.csv: the bins, their images of all runs together
margin_shares(rows, ["architecture", "n"])    of margins.csv: the share of predictions up to each margin
spread_out(sizes, 6)                          at most so many of them
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

__all__ = ["margin_shares", "pooled_bins", "spread_out"]


def pooled_bins(rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """A row a group and bin: runs, images, their share of all, and mean confidence and accuracy; empty bins left out.

    Bins of equal mass differ from run to run: the first bins of all runs are one, and so on.
    """
    full = rows[rows["images"] > 0]
    weighted = full.assign(confidence=full["confidence"] * full["images"], accuracy=full["accuracy"] * full["images"])
    sums = weighted.groupby([*by, "bin"], sort=False)[["images", "confidence", "accuracy"]].sum()
    runs = full.groupby([*by, "bin"], sort=False)["run"].nunique().rename("runs")
    data = sums.join(runs).reset_index()
    for name in ("confidence", "accuracy"):
        data[name] = data[name] / data["images"]
    data["share"] = data["images"] / data.groupby(list(by))["images"].transform("sum")
    return data.sort_values([*by, "bin"], kind="stable").reset_index(drop=True)


def margin_shares(rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """A row a group, predicted (correct, wrong) and margin: images up to that margin, and their share of all there are.

    A group without a wrong prediction has no rows of these.
    """
    keys = [*by, "predicted"]
    counts = rows.groupby([*keys, "upper"], sort=True)["images"].sum().reset_index().rename(columns={"upper": "margin"})
    totals = counts.groupby(keys)["images"].transform("sum")
    counts = counts.assign(images=counts.groupby(keys)["images"].cumsum(), total=totals)
    found = counts[counts["total"] > 0]
    return found.assign(share=found["images"] / found["total"]).reset_index(drop=True)


def spread_out(sizes: Sequence[int], most: int) -> list[int]:
    """All, or `most` of them, the smallest and the largest among these, as even in their logarithms as can be."""
    rising = sorted(set(sizes))
    if len(rising) <= most:
        return rising
    kept = {rising[0], rising[-1]}
    for wanted in np.linspace(math.log(rising[0]), math.log(rising[-1]), most)[1:-1]:
        left = [n for n in rising if n not in kept]
        kept.add(min(left, key=lambda n: abs(math.log(n) - wanted)))
    return sorted(kept)
