"""Runs with all analyses of their volumes, as figures, tables and the report are drawn from them.

answered(results)                 with anova, requirement, enough, forecast ... of the runs in its summary
digits()                          the 60 runs of docs/examples/digits_runs.csv
synthetic(seeds=1)                a made-up study (unit.analysis.synthetic)
analysis_of(results)              the CSV files of its analysis, by name
"""

from __future__ import annotations

import math
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pandas as pd
from unit.analysis.synthetic import collected_of, make_plan
from unit.artefacts.made_up import results_of, run

from datavolume.analysis.answering.analyse import Statistics, analyse
from datavolume.analysis.metrics import METRICS
from datavolume.artefacts.results import Results
from datavolume.study import Answer

EXAMPLES = Path(__file__).parents[3] / "docs/examples"
MARGIN = 0.01


def digits(**asked: Any) -> Results:
    table = pd.read_csv(EXAMPLES / "digits_runs.csv")
    full = table["n"].max()
    runs = [
        run("volume", network=row.architecture, n=row.n, seed=row.seed, fraction=round(row.n / full, 3),
            ends={"top1": row.accuracy, "macro_f1": row.accuracy, "loss": row.loss},
            seconds=0.01 * row.n * (1 + 3 * (row.architecture != "mlp")))
        for row in table.itertuples()
    ]  # fmt: skip
    return answered(results_of(*runs), **asked)


def synthetic(*, asked: dict[str, Any] | None = None, **plan: Any) -> Results:
    collected = collected_of(make_plan(**plan))
    return answered(Results(collected.metrics, collected.summary), **(asked or {}))


def answered(results: Results, **asked: Any) -> Results:
    """`asked` of the study's `answer`: target, forecast, more, prices."""
    results = replace(results, summary=_whole(results.summary))
    found = statistics_of(results, **asked).frames()
    return replace(results, **{item.name: found[item.name] for item in fields(Results) if item.name in found})


def statistics_of(results: Results, **asked: Any) -> Statistics:
    summary = results.summary
    plan = pd.DataFrame({"run": summary["run"], "gpus": 0})
    return analyse(summary, plan, margin=MARGIN, asked=Answer(**asked))


def _whole(summary: pd.DataFrame) -> pd.DataFrame:
    """Metrics that a made-up run lacks are unknown."""
    names = [name for metric in METRICS.values() for name in (metric.last, metric.last_train)]
    return summary.assign(**dict.fromkeys((name for name in names if name not in summary), math.nan))
