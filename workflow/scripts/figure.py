"""Draw one figure of the collected metrics, by its registered name."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from datavolume.artefacts.figures import draw, write
from datavolume.artefacts.registry import Results
from datavolume.scripting import reporting


def figure(*, name: str, metrics: Path, summary: Path, log_linear: Path, outputs: Mapping[str, Path]) -> None:
    """`outputs` by format: pdf, svg, png, csv."""
    results = Results(pd.read_parquet(metrics), pd.read_parquet(summary), pd.read_csv(log_linear))
    write(draw(name, results), outputs)


if "snakemake" in globals():
    with reporting(snakemake.log):
        figure(
            name=snakemake.wildcards.figure,
            metrics=Path(snakemake.input.metrics),
            summary=Path(snakemake.input.summary),
            log_linear=Path(snakemake.input.log_linear),
            outputs={suffix: Path(file) for suffix, file in snakemake.output.items()},
        )
