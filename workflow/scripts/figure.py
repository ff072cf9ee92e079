"""Draw one figure of a study."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datavolume.artefacts.drawing import draw, write
from datavolume.artefacts.results import read_results
from datavolume.scripting import reporting


def figure(*, artefact: Mapping[str, Any], inputs: Mapping[str, Path], outputs: Mapping[str, Path]) -> None:
    """`outputs` by format: pdf, svg, png, csv."""
    write(draw(artefact["draw"], read_results(inputs), artefact["options"]), outputs)


if "snakemake" in globals():
    with reporting(snakemake.log):
        figure(
            artefact=snakemake.params.artefact,
            inputs={name: Path(file) for name, file in snakemake.input.items()},
            outputs={suffix: Path(file) for suffix, file in snakemake.output.items()},
        )
