"""Analyse the collected runs: a CSV a statistic, and the answer."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from datavolume.analysis.answering.analyse import analyse as statistics_of
from datavolume.analysis.answering.answer import answer
from datavolume.analysis.answering.factor_answer import factor_answer
from datavolume.analysis.answering.factors import rank
from datavolume.analysis.answering.groups import groups
from datavolume.analysis.curves import curves, named, several_volumes
from datavolume.files import write_csv, write_json
from datavolume.scripting import reporting

FRAMES = ("summary", "points", "plan")
TABLES = ("log_linear", "anova_one_way", "anova_two_way", "tukey", "requirement")
FACTORS = {"factors": "values", "factor_tests": "tests"}


def analyse(
    *,
    frames: Mapping[str, pd.DataFrame],
    margin: float,
    question: str,
    about: str,
    experiments: Sequence[str],
    outputs: Mapping[str, Path],
) -> None:
    """`frames`: FRAMES; `about`: volume or factors, of these experiments (none: all); `outputs`: TABLES, FACTORS and
    answer."""
    points = named(frames["points"], experiments)
    runs = curves(frames["summary"], points, frames["plan"])
    statistics = statistics_of(runs if about == "volume" else several_volumes(runs), margin=margin)
    ranked = rank(groups(frames["summary"], points, between=about == "factors"))
    for name in TABLES:
        write_csv(outputs[name], getattr(statistics, name))
    for name, part in FACTORS.items():
        write_csv(outputs[name], getattr(ranked, part))
    found: dict[str, Any] = factor_answer(question, ranked) if about == "factors" else answer(question, statistics)
    write_json(outputs["answer"], found)


if "snakemake" in globals():
    with reporting(snakemake.log):
        analyse(
            frames={name: pd.read_parquet(snakemake.input.get(name)) for name in FRAMES},
            **{name: snakemake.params.get(name) for name in ("margin", "question", "about", "experiments")},
            outputs={name: Path(snakemake.output.get(name)) for name in (*TABLES, *FACTORS, "answer")},
        )
