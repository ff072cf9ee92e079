"""Collect the files of every seed block into one parquet file each."""

from collections.abc import Sequence
from pathlib import Path

from datavolume.analysis.collect import collect as join
from datavolume.analysis.collect import plan_frame, read_parts
from datavolume.analysis.select import points_of
from datavolume.files import write_parquet
from datavolume.scripting import reporting
from datavolume.study import Paths, designs, load_study, plan_of, read_decided


def collect(*, study: Path, results: Path, files: dict[str, Sequence[Path]], outputs: dict[str, Path]) -> None:
    """`files` and `outputs` by kind: metrics, timing, summary; `outputs` has the plan and the designs' points, too."""
    loaded = load_study(study)
    laid_out = list(designs(loaded, read_decided(Paths(results))))
    planned = plan_of(loaded, laid_out)
    parts = {name: read_parts(name, part, planned) for name, part in files.items()}
    points = points_of(laid_out)
    collected = join(planned, points, **parts)
    joined = {name: getattr(collected, name) for name in files}
    frames = {**joined, "points": points, "plan": plan_frame(planned)}
    for name, output in outputs.items():
        write_parquet(output, frames[name])


if "snakemake" in globals():
    kinds = ("metrics", "timing", "summary")
    with reporting(snakemake.log):
        collect(
            study=Path(snakemake.input.study),
            results=Path(snakemake.params.results),
            files={kind: [Path(file) for file in snakemake.input.get(kind)] for kind in kinds},
            outputs={kind: Path(snakemake.output.get(kind)) for kind in (*kinds, "points", "plan")},
        )
