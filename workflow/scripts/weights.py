"""Fetch the pretrained weights of an architecture, on a machine with internet."""

from pathlib import Path

from datavolume.models.weights import fetch_weights
from datavolume.scripting import reporting


def weights(*, architecture: str, output: Path) -> None:
    fetch_weights(architecture, output)


if "snakemake" in globals():
    with reporting(snakemake.log):
        weights(architecture=snakemake.wildcards.architecture, output=Path(snakemake.output[0]))
