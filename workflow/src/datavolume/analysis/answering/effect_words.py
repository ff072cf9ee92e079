"""Volume, architecture and what they do together, in a sentence each: the advised analysis of variance, and the slopes.

effects(statistics.anova)            the number of images changes it (F(5, 20) = 524.8, p < 0.001, ...), ...
slopes_differ(statistics.slopes)     what a doubling brings: do architectures gain alike? "" where there is one
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from scipy.special import fdtrc

from datavolume.analysis.testing.anova import ALL
from datavolume.analysis.testing.lines import LOG2
from datavolume.analysis.words import degrees, interval, p_value, points

__all__ = ["effects", "slopes_differ"]

_ALPHA = 0.05
_METHODS = {
    "repeated measures": "seeds as blocks (repeated measures)",
    "mixed model": "seeds as blocks (mixed model)",
    "cluster-robust": "clustered by seed",
    "independent runs": "every run as independent",
    "Welch": "by Welch's test, as spreads differ",
    "Kruskal-Wallis": "by ranks (Kruskal–Wallis), as residuals are not normal",
}
_SAYS = {
    "volume": ("the number of images changes it", "no effect of the number of images can be shown"),
    "architecture": ("the architectures differ", "no difference between the architectures can be shown"),
    "volume:architecture": (
        "and architectures gain differently from more images",
        "and no difference in what architectures gain from more images can be shown",
    ),
}


def effects(table: pd.DataFrame) -> str:
    """On top-1 accuracy; of volume alone where there is one curve."""
    advised = table[(table["metric"] == "top1") & table["advised"].astype(bool) & (table["term"] != "residual")]
    together = advised[advised["architecture"] == ALL]
    rows = (together if len(together) else advised).drop_duplicates("term").set_index("term")
    if rows.empty or rows["p"].isna().all():
        why = f" ({rows['note'].iloc[0]})" if len(rows) else ""
        return f"Analysis of variance over volume and architecture: not possible{why}."
    by_term = {str(row["term"]): row for _, row in rows.reset_index().iterrows()}
    known = [term for term in _SAYS if term in by_term and not math.isnan(by_term[term]["p"])]
    note = f" ({rows['note'].iloc[0]})" if rows["note"].iloc[0] else ""
    method = _METHODS.get(rows["method"].iloc[0], rows["method"].iloc[0])
    said = ", ".join(_effect(term, by_term[term]) for term in known)
    return f"Top-1 accuracy over {rows['runs'].iloc[0]} runs, {method}: {said}{note}."


def _effect(term: str, row: pd.Series[Any]) -> str:
    """Few seeds cannot tell whether all volumes scatter alike (sphericity); then p is that of the worst case."""
    shown, unshown = _SAYS[term]
    if row["p"] < _ALPHA:
        return f"{shown} ({_f_test(row)})"
    at_best = float(fdtrc(row["df"], row["df2"], row["F"])) if row["epsilon"] < 1 else math.nan
    if at_best < _ALPHA:
        return f"{shown}, if seeds scatter alike everywhere, which so few do not tell ({_f_test(row)})"
    return f"{unshown} ({_f_test(row)})"


def _f_test(row: pd.Series[Any]) -> str:
    """With the share of variance that the effect would have with other seeds."""
    test = f"F({degrees(row['df'])}, {degrees(row['df2'])}) = {row['F']:.1f}, {p_value(row['p'])}"
    if math.isnan(row["partial_omega2"]):
        return test
    bounds = f", 95 % interval {row['lower']:.2f} to {row['upper']:.2f}" if not math.isnan(row["lower"]) else ""
    return f"{test}, partial ω² = {max(row['partial_omega2'], 0):.2f}{bounds}"


def slopes_differ(table: pd.DataFrame) -> str:
    """Do curves gain alike from a doubling? With two of them, by how much they differ."""
    rows = table[table["metric"] == "top1"]
    if rows.empty or math.isnan(rows["p_equal"].iloc[0]):
        return ""
    row = rows.iloc[0]
    test = f"F({degrees(row['df1'])}, {degrees(row['df2'])}) = {row['F']:.1f}, {p_value(row['p_equal'])}"
    alike = "differ" if row["p_equal"] < _ALPHA else "cannot be told apart"
    apart = ""
    if len(rows) == 1:
        gain, lower, upper = (LOG2 * float(row[name]) for name in ("difference", "lower", "upper"))
        bounds = interval(lower, upper).removesuffix(" %")
        apart = f"; {row['second']} gains {points(gain)} more than {row['first']} (95 % interval {bounds})"
    return (
        f"What a doubling brings on average, along straight lines over log10 of the images: the slopes {alike} "
        f"({test}){apart}."
    )
