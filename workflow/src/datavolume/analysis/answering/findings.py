"""What the statistics say, a sentence or two a finding, for a reader who knows averages but not these tests.

findings(statistics, verdicts, best)   a list of texts, in the order of the report
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from datavolume.analysis.answering.analyse import Statistics
from datavolume.analysis.answering.effect_words import effects, slopes_differ
from datavolume.analysis.answering.outlook_words import ahead, beyond
from datavolume.analysis.answering.verdict import Verdict
from datavolume.analysis.testing.lines import LOG2
from datavolume.analysis.words import count, images, interval, p_value, points

__all__ = ["findings"]

_ALPHA = 0.05
_DOUBLED = 1.8


def findings(statistics: Statistics, verdicts: list[Verdict], best: Verdict) -> list[str]:
    """First the other curves, then the effects, then each curve: its outlook, its line and where it levels off."""
    found = [f"With {verdict.architecture}, {verdict.short}." for verdict in verdicts if verdict is not best]
    found += [text for text in (effects(statistics.anova), slopes_differ(statistics.slopes)) if text]
    for verdict in verdicts:
        texts = [*(f"{text}." for text in ahead(statistics, verdict)), _levels_off(statistics, verdict)]
        found += [f"{verdict.architecture}: {text}" for text in (*texts, _curve(statistics, verdict)) if text]
    found += beyond(statistics)
    found += [
        f"{_counted(runs)} of {curve} without a finite accuracy {'is' if runs == 1 else 'are'} left out."
        for curve, runs in statistics.left_out.items()
    ]
    found.append(_closing(statistics))
    return found


def _counted(runs: int) -> str:
    return "One run" if runs == 1 else f"{runs} runs"


def _closing(statistics: Statistics) -> str:
    if statistics.requirement["lower"].isna().all():
        return (
            "Every value stands on one training: how far another seed, or other images, would move it is not known; "
            "the interval of a slope comes from how the volumes scatter around the line. Two seeds or more (`seeds` in "
            "the study) give intervals."
        )
    return (
        "Runs of one seed resemble each other: effects are compared with how they vary between seeds, and lines are "
        "clustered by seed. Nested volumes also share images, which only several subsets of a volume would "
        "tell apart. Intervals say how far other seeds would scatter, not what other held-out images would give."
    )


def _line(statistics: Statistics, verdict: Verdict, metric: str, over: str = "runs") -> pd.Series[Any]:
    lines = statistics.log_linear
    chosen = (lines["architecture"] == verdict.architecture) & (lines["metric"] == metric) & (lines["over"] == over)
    return lines[chosen].iloc[0]


def _curve(statistics: Statistics, verdict: Verdict) -> str:
    """The straight line over log10(n), and whether it may be trusted."""
    line = _line(statistics, verdict, "top1")
    if math.isnan(line["slope"]):
        return f"no straight line over log10 of the images ({line['note']})."
    parts = [_slope(line, _line(statistics, verdict, "top1", "seed means")), _hangs_on(statistics.influence, verdict)]
    parts.append(_loss(_line(statistics, verdict, "loss")))
    return " ".join(part for part in [*parts, *_residuals(line)] if part)


def _hangs_on(table: pd.DataFrame, verdict: Verdict) -> str:
    """The size whose absence would change the line most, where it is one that matters."""
    own = table[(table["architecture"] == verdict.architecture) & (table["metric"] == "top1")]
    own = own[own["influential"] == True]  # noqa: E712 - NaN where it is unknown
    if own.empty:
        return ""
    row = own.nlargest(1, "cooks").iloc[0]
    without = points(row["slope_without"] * LOG2)
    return f"That line hangs on {images(row['n'])}: without them it is {without} (Cook's distance {row['cooks']:.1f})."


def _slope(line: pd.Series[Any], means: pd.Series[Any]) -> str:
    """The gain per doubling, and how well a straight line describes it."""
    gain = line[["slope", "slope_lower", "slope_upper"]].astype(float) * LOG2
    change = "adds" if gain["slope"] >= 0 else "takes"
    bounds = ""
    if not math.isnan(gain["slope_lower"]):
        lower, upper = sorted(math.copysign(1, gain["slope"]) * gain[["slope_lower", "slope_upper"]])
        bounds = f" (95 % interval {interval(lower, upper).removesuffix(' %')})"
    of_means = f", {means['r2']:.2f} of that of seed means" if means["df"] and means["points"] < line["points"] else ""
    return (
        f"each doubling of the data {change} {points(abs(gain['slope']))} of top-1 accuracy on average{bounds}; a "
        f"straight line over log10 of the images explains R² = {line['r2']:.2f} of the variance of runs{of_means}."
    )


def _loss(line: pd.Series[Any]) -> str:
    if math.isnan(line["slope"]):
        return ""
    change = "falls" if line["slope"] < 0 else "rises"
    return f"The loss {change} by {abs(line['slope'] * LOG2):.3f} nats a doubling (R² = {line['r2']:.2f})."


def _residuals(line: pd.Series[Any]) -> Iterator[str]:
    """May that line be trusted?"""
    if not math.isnan(line["lack_of_fit_p"]):
        yield _straight(line)
    if not math.isnan(line["shapiro_p"]):
        change = "changes" if line["breusch_pagan_p"] < _ALPHA else "does not visibly change"
        normal = "departs from" if line["shapiro_p"] < _ALPHA else "is compatible with"
        yield (
            f"The scatter around it {change} with the volume (Breusch–Pagan {p_value(line['breusch_pagan_p'])}) and "
            f"{normal} a normal distribution (Shapiro–Wilk {p_value(line['shapiro_p'])})."
        )


def _straight(line: pd.Series[Any]) -> str:
    degrees = f"{line['lack_of_fit_df1']:.0f}, {line['lack_of_fit_df2']:.0f}"
    test = f"lack of fit F({degrees}) = {line['lack_of_fit_f']:.1f}, {p_value(line['lack_of_fit_p'])}"
    if line["lack_of_fit_p"] < _ALPHA:
        return f"The means bend away from that line ({test}): it is a summary of these volumes, not a forecast."
    return f"No bend away from that line can be shown ({test})."


def _levels_off(statistics: Statistics, verdict: Verdict) -> str:
    """From where on no difference to the largest volume is seen, and what a doubling brings at both ends."""
    parts = (_pairs(statistics.pairs, verdict), _ends(statistics.gains, verdict))
    return " ".join(part for part in parts if part)


def _pairs(table: pd.DataFrame, verdict: Verdict) -> str:
    full = verdict.full["n"]
    own = (table["architecture"] == verdict.architecture) & (table["metric"] == "top1") & (table["n_large"] == full)
    pairs = table[own]
    if pairs["p"].isna().all():
        return f"no pairwise comparison of volumes ({pairs['note'].iloc[0]})." if len(pairs) else ""
    test = str(pairs["test"].iloc[0]).replace("-", "–")
    level = pairs["n_small"][pairs["n_small"] > pairs["n_small"][pairs["significant"]].max()]
    if pairs["significant"].any() and level.empty:
        return f"even {images(pairs['n_small'].max())} differ from {count(full)} ({test}, 5 %)."
    first = level.min() if pairs["significant"].any() else pairs["n_small"].min()
    return (
        f"from {images(first)} on, no difference to {count(full)} can be shown ({test}, 5 %; differences below "
        f"{points(float((pairs['upper'] - pairs['lower']).max()) / 2)} would go unseen)."
    )


def _ends(gains: pd.DataFrame, verdict: Verdict) -> str:
    """Steps far shorter than a doubling would tell of noise."""
    steps = gains[gains["architecture"] == verdict.architecture]
    steps = steps[steps["n_large"] >= _DOUBLED * steps["n_small"]]
    if len(steps) < 2:
        return ""
    first, last = steps.iloc[0], steps.iloc[-1]
    return f"A doubling brings {_step(first)} images, and {_step(last)}."


def _step(row: pd.Series[Any]) -> str:
    bounds = "" if math.isnan(row["lower"]) else f" ({interval(row['lower'], row['upper']).removesuffix(' %')})"
    return f"{points(row['gain'])}{bounds} between {count(row['n_small'])} and {count(row['n_large'])}"
