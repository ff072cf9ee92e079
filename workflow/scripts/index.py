"""Index a dataset: images.npy, index.parquet, classes.json and prepared.json."""

from pathlib import Path

from datavolume.data.build import prepare
from datavolume.scripting import reporting
from datavolume.study import Dataset


def index(*, dataset: Dataset, folder: Path, data_folder: Path, threads: int, listing: str) -> None:
    prepare(dataset, folder, data_folder, threads=threads, listing=listing)


if "snakemake" in globals():
    with reporting(snakemake.log):
        index(
            dataset=Dataset(**snakemake.params.dataset),
            folder=Path(snakemake.output.index).parent,
            data_folder=Path(snakemake.params.data_folder),
            threads=snakemake.threads,
            listing=snakemake.params.listing,
        )
