"""The answer about data volume: two sentences for a reader who has one minute, and the findings behind them.

    answer("How many digits are enough?", statistics)
    {"about": "volume", "question": ..., "answer": two sentences, "outlook": ..., "findings": [...],
     "architectures": {name: {...}}, "factors": []}

Values are plain JSON; what is not known is null.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from datavolume.analysis.answering.analyse import Statistics
from datavolume.analysis.answering.findings import findings
from datavolume.analysis.answering.outlook_words import numbers, outlook
from datavolume.analysis.answering.verdict import Verdict, verdicts
from datavolume.analysis.testing.lines import LOG2

__all__ = ["answer"]


def answer(question: str, statistics: Statistics) -> dict[str, Any]:
    """Raises nothing: what the runs cannot say is said."""
    found = verdicts(statistics)
    head = {"about": "volume", "question": question, "factors": []}
    if not found:
        nothing = "There is no answer: no run has a finite accuracy. Its training diverged, or nothing was trained."
        return {**head, "answer": nothing, "outlook": "", "findings": [], "architectures": {}}
    best = max(found, key=lambda verdict: verdict.full["mean"])
    return {
        **head,
        "answer": best.sentences(of=len(found), noun=_noun(found)),
        "outlook": outlook(statistics, best),
        "findings": findings(statistics, found, best),
        "architectures": {
            verdict.architecture: {
                "best": verdict is best,
                **_numbers(verdict, statistics.log_linear),
                **numbers(statistics, verdict.architecture),
            }
            for verdict in found
        },
    }


def _noun(found: list[Verdict]) -> str:
    """A network at several settings is several curves."""
    networks = {verdict.architecture.partition(" (")[0] for verdict in found}
    return "architectures" if len(networks) == len(found) else "settings"


def _numbers(verdict: Verdict, lines: pd.DataFrame) -> dict[str, Any]:
    """What `answer` says, for programs."""
    required, full = verdict.required, verdict.full
    own = (lines["architecture"] == verdict.architecture) & (lines["metric"] == "top1") & (lines["over"] == "runs")
    gain = lines.loc[own, ["slope", "slope_lower", "slope_upper"]].iloc[0] * LOG2
    return {
        "verdict": verdict.kind,
        "n": int(required["n"]),
        "share": float(required["share"]),
        "top1": _interval(required, "mean", "lower", "upper"),
        "shortfall": _interval(required, "shortfall", "shortfall_lower", "shortfall_upper"),
        "n_full": int(full["n"]),
        "top1_full": _interval(full, "mean", "lower", "upper"),
        "margin": float(full["margin"]),
        "pairs": int(full["pairs"]),
        "gain_per_doubling": _interval(gain, "slope", "slope_lower", "slope_upper"),
    }


def _interval(row: pd.Series[Any], *columns: str) -> dict[str, float | None]:
    values = (float(row[column]) for column in columns)
    return {
        name: None if math.isnan(value) else value
        for name, value in zip(("mean", "lower", "upper"), values, strict=True)
    }
