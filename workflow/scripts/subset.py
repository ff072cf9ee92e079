"""Choose a subset of the plan: a sorted list of training-sample ids."""

from pathlib import Path

from datavolume.data.index import load_index
from datavolume.data.subsets import choose_subset, write_subset
from datavolume.scripting import reporting
from datavolume.study import Paths, planned_run


def subset(*, plan: Path, dataset: str, subset: str, results: Path, output: Path) -> None:
    volume = planned_run(plan, dataset=dataset, subset=subset).subsets[subset]
    index = load_index(Paths(results), dataset)
    labels = index.labels[index.train]
    ids = choose_subset(index.train_samples, labels, volume, dataset=index.name, classes=index.classes)
    write_subset(output, ids)


if "snakemake" in globals():
    with reporting(snakemake.log):
        subset(
            plan=Path(snakemake.input.plan),
            dataset=snakemake.wildcards.dataset,
            subset=snakemake.wildcards.subset,
            results=Path(snakemake.params.results),
            output=Path(snakemake.output[0]),
        )
