"""Fetch the pretrained weights of an architecture, on a machine with internet."""

from pathlib import Path

from datavolume.models.weights import fetch_weights
from datavolume.scripting import reporting

if "snakemake" in globals():
    with reporting(snakemake.log):
        fetch_weights(snakemake.wildcards.architecture, Path(snakemake.output[0]))
