"""Draw one figure of a study so that it can be turned, as an offline page and as JSON for the report."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datavolume.artefacts.interactive import draw_interactive, write_interactive
from datavolume.artefacts.results import read_results
from datavolume.scripting import reporting


def interactive(*, artefact: Mapping[str, Any], inputs: Mapping[str, Path], outputs: Mapping[str, Path]) -> None:
    """`outputs`: html and json."""
    drawn = draw_interactive(artefact["draw"], read_results(inputs), artefact["options"])
    write_interactive(drawn, outputs, title=artefact["title"])


if "snakemake" in globals():
    with reporting(snakemake.log):
        interactive(
            artefact=snakemake.params.artefact,
            inputs={name: Path(file) for name, file in snakemake.input.items()},
            outputs={name: Path(file) for name, file in snakemake.output.items()},
        )
