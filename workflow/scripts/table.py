"""Set one table of the collected metrics, by its registered name."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from datavolume.artefacts.registry import Results
from datavolume.artefacts.tables import make, write
from datavolume.scripting import reporting


def table(*, name: str, metrics: Path, summary: Path, outputs: Mapping[str, Path]) -> None:
    """`outputs` by format: csv, tex, html."""
    write(make(name, Results(pd.read_parquet(metrics), pd.read_parquet(summary))), outputs)


if "snakemake" in globals():
    with reporting(snakemake.log):
        table(
            name=snakemake.wildcards.table,
            metrics=Path(snakemake.input.metrics),
            summary=Path(snakemake.input.summary),
            outputs={suffix: Path(file) for suffix, file in snakemake.output.items()},
        )
