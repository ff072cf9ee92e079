"""The training room: one job trains the seeds of one configuration's block, and writes what the workflow collects.

    python -m datavolume.training --results results/digits --configuration <id> --block 0-4
    python -m datavolume.training.launch --standalone --nproc-per-node 2 -m datavolume.training ...

loop          one run, from its first update to its last, on one screen
block         the runs of one job, one after another in one process
"""
