"""Collect the files of every seed block into one parquet file each."""

from collections.abc import Sequence
from pathlib import Path

from datavolume.analysis.collect import collect as join
from datavolume.analysis.collect import read_parts
from datavolume.files import write_parquet
from datavolume.scripting import reporting
from datavolume.study import read_plan


def collect(*, plan: Path, files: dict[str, Sequence[Path]], outputs: dict[str, Path]) -> None:
    """`files` and `outputs` by kind: metrics, timing, summary."""
    planned = read_plan(plan)
    parts = {name: read_parts(name, part, planned) for name, part in files.items()}
    collected = join(planned, **parts)
    for name, output in outputs.items():
        write_parquet(output, getattr(collected, name))


if "snakemake" in globals():
    kinds = ("metrics", "timing", "summary")
    with reporting(snakemake.log):
        collect(
            plan=Path(snakemake.input.plan),
            files={kind: [Path(file) for file in snakemake.input.get(kind)] for kind in kinds},
            outputs={kind: Path(snakemake.output.get(kind)) for kind in kinds},
        )
