"""NIST's sets, and in how many digits a number agrees with a certified one."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd

from datavolume.statistics.lines import Fit, least_squares, polynomial

FOLDER = Path(__file__).resolve().parents[2] / "data" / "nist"
ANOVA = pd.read_csv(FOLDER / "certified_anova.csv", index_col="set")
LINES = pd.read_csv(FOLDER / "certified_lines.csv").pivot_table(index="set", columns="quantity", values="value")
_REPLICATES = (21, 201, 2001)
_BASES = (1, 1_000_000, 1_000_000_000_000)


def digits(found: float, certified: float) -> float:
    """Log relative error, at most 15; of a certified 0, the log absolute error."""
    if found == certified:
        return 15.0
    error = abs(found - certified) / (abs(certified) or 1.0)
    return float(np.clip(-math.log10(error), 0.0, 15.0))


def treatments(name: str) -> pd.DataFrame:
    """Columns treatment, y."""
    if not name.startswith("SmLs"):
        return pd.read_csv(FOLDER / f"{name}.csv")
    return simon_lesage(int(name[-1]))


def simon_lesage(number: int) -> pd.DataFrame:
    """Nine treatments about base + 0.4, 0.3, 0.5, 0.3, ...: one value at the mean, then 0.1 below and above in turn."""
    replicates, base = _REPLICATES[(number - 1) % 3], _BASES[(number - 1) // 3]
    tenths = [0] + [-1, 1] * (replicates // 2)
    rows = [
        (treatment, float(f"{base}.{mean + tenth}"))
        for treatment, mean in enumerate([4, 3, 5, 3, 5, 3, 5, 3, 5], start=1)
        for tenth in tenths
    ]
    return pd.DataFrame(rows, columns=["treatment", "y"])


def fitted(name: str) -> Fit:
    data = pd.read_csv(FOLDER / f"{name}.csv")
    if name == "Longley":
        return least_squares(np.column_stack([np.ones(len(data)), data.drop(columns="y")]), data["y"])
    if name.startswith("NoInt"):
        return least_squares(data[["x"]], data["y"], intercept=False)
    return polynomial(data["x"], data["y"], LINES.loc[name].filter(regex=r"^B\d+$").count() - 1)


def line_digits(name: str) -> dict[str, float]:
    """The fewest digits of coefficients and of errors, and those of residual_sd, r2, F, ss and ssr."""
    fit, certified = fitted(name), LINES.loc[name].dropna()
    order = sorted((key for key in certified.index if key.startswith("B")), key=lambda key: int(key[1:]))
    own = {"residual_sd": fit.residual_sd, "r2": fit.r2, "F": fit.f, "ss": fit.explained, "ssr": fit.ssr}
    return {
        "coefficients": min(digits(a, certified[key]) for a, key in zip(fit.coefficients, order, strict=True)),
        "errors": min(digits(a, certified[f"error_{key}"]) for a, key in zip(fit.errors, order, strict=True)),
        **{key: digits(value, certified[key]) for key, value in own.items() if key in certified},
    }
