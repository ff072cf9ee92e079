"""Choose a subset of the plan: a sorted list of training-sample ids."""

from __future__ import annotations

from pathlib import Path

from datavolume.data.index import load_index
from datavolume.data.subsets import choose_subset, write_subset
from datavolume.errors import UserError
from datavolume.scripting import reporting
from datavolume.study import Paths, Volume, read_plan


def subset(*, plan: Path, dataset: str, subset: str, results: Path, output: Path) -> None:
    index = load_index(Paths(results), dataset)
    labels = index.labels[index.train]
    volume = _planned(plan, dataset, subset)
    ids = choose_subset(index.train_samples, labels, volume, dataset=index.name, classes=index.classes)
    write_subset(output, ids)


def _planned(plan: Path, dataset: str, subset: str) -> Volume:
    for run in read_plan(plan).runs:
        if (run.dataset, run.subset) == (dataset, subset):
            return run.unpack().volume
    raise UserError(f"{plan}: no run uses subset {subset} of dataset {dataset}; run `snakemake plan` again")


if "snakemake" in globals():
    with reporting(snakemake.log):  # noqa: F821
        subset(
            plan=Path(snakemake.input.plan),  # noqa: F821
            dataset=snakemake.wildcards.dataset,  # noqa: F821
            subset=snakemake.wildcards.subset,  # noqa: F821
            results=Path(snakemake.params.results),  # noqa: F821
            output=Path(snakemake.output[0]),  # noqa: F821
        )
