"""Count the images of each class in each split of each data set."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from datavolume.analysis.class_counts import class_counts as counts_of
from datavolume.data.index import load_index
from datavolume.files import write_csv
from datavolume.scripting import reporting
from datavolume.study import Paths


def class_counts(*, datasets: Sequence[str], results: Path, output: Path) -> None:
    """`datasets`: their ids."""
    frames = [(name, counts_of(load_index(Paths(results), name))) for name in datasets]
    table = pd.concat([frame.assign(dataset=name) for name, frame in frames], ignore_index=True)
    write_csv(output, table[["dataset", "split", "label", "name", "n"]])


if "snakemake" in globals():
    with reporting(snakemake.log):
        class_counts(
            datasets=snakemake.params.datasets,
            results=Path(snakemake.params.results),
            output=Path(snakemake.output[0]),
        )
