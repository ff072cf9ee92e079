"""Index a dataset of the plan: images.npy, index.parquet and classes.json."""

from pathlib import Path

from datavolume.data.index import build_index
from datavolume.scripting import reporting
from datavolume.study import Paths, planned_run


def index(*, plan: Path, dataset: str, results: Path, data_folder: Path) -> None:
    build_index(planned_run(plan, dataset=dataset).unpack().dataset, Paths(results), data_folder)


if "snakemake" in globals():
    with reporting(snakemake.log):
        index(
            plan=Path(snakemake.input.plan),
            dataset=snakemake.wildcards.dataset,
            results=Path(snakemake.params.results),
            data_folder=Path(snakemake.params.data_folder),
        )
