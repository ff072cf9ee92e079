"""Choose a subset of the plan: a sorted list of training-sample ids."""

from pathlib import Path

from datavolume.data.index import load_index
from datavolume.data.subsets import choose_subset, write_subset
from datavolume.errors import UserError
from datavolume.scripting import reporting
from datavolume.study import Paths, Volume, read_plan


def subset(*, plan: Path, dataset: str, subset: str, results: Path, output: Path) -> None:
    volume = _planned(plan, dataset, subset)
    index = load_index(Paths(results), dataset)
    labels = index.labels[index.train]
    ids = choose_subset(index.train_samples, labels, volume, dataset=index.name, classes=index.classes)
    write_subset(output, ids)


def _planned(plan: Path, dataset: str, subset: str) -> Volume:
    for run in read_plan(plan).runs:
        if (run.dataset, run.subset) == (dataset, subset):
            return run.unpack().volume
    raise UserError(f"{plan}: no run uses subset {subset} of dataset {dataset}; run `snakemake plan` again")


if "snakemake" in globals():
    with reporting(snakemake.log):
        subset(
            plan=Path(snakemake.input.plan),
            dataset=snakemake.wildcards.dataset,
            subset=snakemake.wildcards.subset,
            results=Path(snakemake.params.results),
            output=Path(snakemake.output[0]),
        )
