"""A grid under random faults on a private Slurm, held against the same grid left in peace.

    make chaos                      # three minutes of faults on a real study
    make chaos MINUTES=10 SEED=4711 CHAOS="--grid standin"
    python tests/slurm/chaos --grid standin --faults head-killed slurmctld-restarted --minutes 1

Faults: `faults`; when they come: `schedule`, a function of the seed; what is trained: `grids`; how trainings are seen
to run: `witness`; what must hold at the end: `verdict`.
"""
