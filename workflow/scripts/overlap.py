"""How much the subsets of one volume have in common, overall and by class."""

from pathlib import Path

import pandas as pd

from datavolume.data.index import load_index
from datavolume.data.overlap import overlap, overlap_by_class
from datavolume.data.subsets import load_subset
from datavolume.files import write_csv
from datavolume.scripting import reporting
from datavolume.study import Paths


def overlaps(*, groups: list[tuple[str, list[str]]], results: Path, overall: Path, by_class: Path) -> None:
    """`groups`: a dataset's id, and the ids of its subsets that are compared with one another."""
    paths, tables, class_tables = Paths(results), [], []
    for dataset, names in groups:
        index = load_index(paths, dataset)
        subsets = {name: load_subset(paths.subset(dataset, name), index) for name in names}
        tables.append(overlap(subsets).assign(dataset=dataset))
        class_tables.append(overlap_by_class(subsets, index.labels, index.classes).assign(dataset=dataset))
    write_csv(overall, pd.concat(tables, ignore_index=True))
    write_csv(by_class, pd.concat(class_tables, ignore_index=True))


if "snakemake" in globals():
    with reporting(snakemake.log):
        overlaps(
            groups=snakemake.params.groups,
            results=Path(snakemake.params.results),
            overall=Path(snakemake.output.overall),
            by_class=Path(snakemake.output.by_class),
        )
