"""Index a dataset of the plan: images.npy, index.parquet and classes.json."""

from __future__ import annotations

from pathlib import Path

from datavolume.data.index import build_index
from datavolume.errors import UserError
from datavolume.scripting import reporting
from datavolume.study import Dataset, Paths, dataset_id, read_plan


def index(*, plan: Path, dataset: str, results: Path, data_folder: Path) -> None:
    build_index(_planned(plan, dataset), Paths(results), data_folder)


def _planned(plan: Path, dataset: str) -> Dataset:
    for run in read_plan(plan).runs:
        if run.dataset == dataset:
            return run.unpack().dataset
    raise UserError(f"{plan}: no run uses dataset {dataset}; run `snakemake plan` again")


if "snakemake" in globals():
    with reporting(snakemake.log):  # noqa: F821
        index(
            plan=Path(snakemake.input.plan),  # noqa: F821
            dataset=snakemake.wildcards.dataset,  # noqa: F821
            results=Path(snakemake.params.results),  # noqa: F821
            data_folder=Path(snakemake.params.data_folder),  # noqa: F821
        )
