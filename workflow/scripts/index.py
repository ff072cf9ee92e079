"""Index a dataset: images.npy, index.parquet, classes.json and prepared.json."""

from pathlib import Path

from datavolume.data.build import prepare
from datavolume.scripting import reporting
from datavolume.study import Dataset

if "snakemake" in globals():
    with reporting(snakemake.log):
        prepare(
            Dataset(**snakemake.params.dataset),
            Path(snakemake.output.index).parent,
            Path(snakemake.params.data_folder),
            threads=snakemake.threads,
            listing=snakemake.params.listing,
        )
