"""Set our values beside those that a paper prints."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from datavolume.analysis.published.comparison import Ours, compare, read_published
from datavolume.artefacts.results import read_results
from datavolume.files import write_csv
from datavolume.scripting import reporting


def comparison(*, published: Path, inputs: Mapping[str, Path], comparable: bool, output: Path) -> None:
    results = read_results(inputs)
    ours = Ours(**{frame.name: getattr(results, frame.name) for frame in fields(Ours)})
    write_csv(output, compare(read_published(published), ours, comparable=comparable))


if "snakemake" in globals():
    with reporting(snakemake.log):
        comparison(
            published=Path(snakemake.input.published),
            inputs={name: Path(file) for name, file in snakemake.input.items()},
            comparable=snakemake.params.comparable,
            output=Path(snakemake.output[0]),
        )
