"""Analyse the collected runs: a CSV a statistic, and the answer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from datavolume.analysis.answering.analyse import analyse as statistics_of
from datavolume.analysis.answering.answer import answer
from datavolume.analysis.answering.factor_answer import factor_answer
from datavolume.analysis.answering.factors import rank
from datavolume.analysis.answering.groups import groups
from datavolume.analysis.curves import curves, named, several_volumes
from datavolume.analysis.tables import FACTORS, VOLUME
from datavolume.files import write_csv, write_json
from datavolume.scripting import reporting
from datavolume.study import Answer

FRAMES = ("summary", "points", "plan")


def analyse(
    *,
    frames: Mapping[str, pd.DataFrame],
    margin: float,
    question: str,
    asked: Answer,
    outputs: Mapping[str, Path],
) -> None:
    """`frames`: FRAMES; `asked`: what the question is about; `outputs`: VOLUME, FACTORS and answer."""
    points = named(frames["points"], asked.experiments)
    runs = curves(frames["summary"], points, frames["plan"])
    of_factors = asked.about == "factors"
    told = several_volumes(runs) if of_factors else runs
    statistics = statistics_of(told, frames["plan"], margin=margin, asked=asked)
    ranked = rank(groups(frames["summary"], points, between=of_factors))
    for name, frame in statistics.frames().items():
        write_csv(outputs[name], frame)
    for name, part in FACTORS.items():
        write_csv(outputs[name], getattr(ranked, part))
    found: dict[str, Any] = factor_answer(question, ranked) if of_factors else answer(question, statistics)
    write_json(outputs["answer"], found)


if "snakemake" in globals():
    with reporting(snakemake.log):
        analyse(
            frames={name: pd.read_parquet(snakemake.input.get(name)) for name in FRAMES},
            margin=snakemake.params.margin,
            question=snakemake.params.question,
            asked=Answer(**snakemake.params.asked),
            outputs={name: Path(snakemake.output.get(name)) for name in (*VOLUME, *FACTORS, "answer")},
        )
