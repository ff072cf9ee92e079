"""A private Slurm on this machine: four virtual nodes with fake GPUs, all on 127.0.0.1.

    python3 tests/slurm/loopback start      # seconds; prints what to export
    eval "$(python3 tests/slurm/loopback env)"
    sbatch --gpus=1 --wrap hostname
    python3 tests/slurm/loopback stop

Standard library only: it runs before any environment exists. See `command` for the options.
"""
