"""Statistics of runs: arrays or frames in, frames or dataclasses out; knows nothing of studies, runs or Snakemake."""
