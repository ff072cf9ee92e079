"""Analyse the collected runs: a CSV a statistic, and the answer."""

from pathlib import Path

import pandas as pd

from datavolume.analysis.analyse import analyse as statistics_of
from datavolume.analysis.answer import answer
from datavolume.files import write_csv, write_json
from datavolume.scripting import reporting

TABLES = ("log_linear", "anova_one_way", "anova_two_way", "tukey", "requirement")


def analyse(*, summary: Path, margin: float, question: str, tables: dict[str, Path], answered: Path) -> None:
    """`tables`: the file of each of TABLES."""
    statistics = statistics_of(pd.read_parquet(summary), margin=margin)
    for name, file in tables.items():
        write_csv(file, getattr(statistics, name))
    write_json(answered, answer(question, statistics))


if "snakemake" in globals():
    with reporting(snakemake.log):
        analyse(
            summary=Path(snakemake.input.summary),
            margin=snakemake.params.margin,
            question=snakemake.params.question,
            tables={name: Path(snakemake.output.get(name)) for name in TABLES},
            answered=Path(snakemake.output.answer),
        )
