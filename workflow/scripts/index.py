"""Index a dataset of the plan: images.npy, index.parquet and classes.json."""

from pathlib import Path

from datavolume.data.index import build_index
from datavolume.errors import UserError
from datavolume.scripting import reporting
from datavolume.study import Dataset, Paths, read_plan


def index(*, plan: Path, dataset: str, results: Path, data_folder: Path) -> None:
    build_index(_planned(plan, dataset), Paths(results), data_folder)


def _planned(plan: Path, dataset: str) -> Dataset:
    for run in read_plan(plan).runs:
        if run.dataset == dataset:
            return run.unpack().dataset
    raise UserError(f"{plan}: no run uses dataset {dataset}; run `snakemake plan` again")


if "snakemake" in globals():
    with reporting(snakemake.log):
        index(
            plan=Path(snakemake.input.plan),
            dataset=snakemake.wildcards.dataset,
            results=Path(snakemake.params.results),
            data_folder=Path(snakemake.params.data_folder),
        )
