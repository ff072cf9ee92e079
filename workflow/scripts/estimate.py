"""Say what a study's plan will take, and write it down: a row a configuration."""

from collections.abc import Sequence
from pathlib import Path

from datavolume.estimate import describe, slurm_limit
from datavolume.estimate.show import show, write_estimate
from datavolume.scripting import reporting
from datavolume.study import Paths, designs, load_study, plan_of, read_decided
from datavolume.study.without import without


def estimate(
    *, study: Path, scale: str, left_out: Sequence[str], results: Path, device: str, partition: str, output: Path
) -> None:
    """`device` and `partition` may be empty: then the usual ones. Raises UserError."""
    loaded, paths = without(load_study(study, scale), left_out), Paths(results)
    laid_out = list(designs(loaded, read_decided(paths)))
    found = describe(
        loaded,
        plan_of(loaded, laid_out),
        laid_out,
        paths=paths,
        device=device or None,
        limit=slurm_limit(partition or None),
        build=True,
    )
    write_estimate(found, output)
    show(found)


if "snakemake" in globals():
    with reporting(snakemake.log):
        estimate(
            study=Path(snakemake.input.study),
            scale=snakemake.params.scale,
            left_out=snakemake.params.left_out,
            results=Path(snakemake.params.results),
            device=snakemake.params.device,
            partition=snakemake.params.partition,
            output=Path(snakemake.output.estimate),
        )
