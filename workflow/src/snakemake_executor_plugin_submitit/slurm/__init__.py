"""Jobs on Slurm, from this head's side."""
