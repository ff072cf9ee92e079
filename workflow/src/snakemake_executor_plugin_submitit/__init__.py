"""Snakemake executor plugin: jobs go to Slurm, or to this machine, through submitit."""
