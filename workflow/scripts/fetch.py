"""Fetch a dataset: what is missing of it, on a machine with internet."""

from pathlib import Path

from datavolume.data.datasets import fetch_dataset
from datavolume.files import write_json
from datavolume.scripting import reporting
from datavolume.study import Dataset


def fetch(*, dataset: Dataset, data_folder: Path, output: Path) -> None:
    fetch_dataset(dataset, data_folder)
    write_json(output, {"name": dataset.name, "folder": dataset.path or str(data_folder)})


if "snakemake" in globals():
    with reporting(snakemake.log):
        fetch(
            dataset=Dataset(**snakemake.params.dataset),
            data_folder=Path(snakemake.params.data_folder),
            output=Path(snakemake.output[0]),
        )
