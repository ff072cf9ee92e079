"""Write the plan of a study: one row a run."""

from __future__ import annotations

from pathlib import Path

from datavolume.scripting import reporting
from datavolume.study import expand, load_study, write_plan


def plan(*, study: Path, scale: str, output: Path) -> None:
    write_plan(expand(load_study(study, scale)), output)


if "snakemake" in globals():
    with reporting(snakemake.log):  # noqa: F821
        plan(
            study=Path(snakemake.input.study),  # noqa: F821
            scale=snakemake.params.scale,  # noqa: F821
            output=Path(snakemake.output[0]),  # noqa: F821
        )
