"""The training room: one job trains the seeds of one configuration's block, and writes what the workflow collects.

    python -m datavolume.training --results results/digits --configuration <id> --block 0-4
    python -m datavolume.training.processes.launch --standalone --nproc-per-node 2 -m datavolume.training ...

loop          one run, from its first update to its last, on one screen
block         the runs of one job, one after another in one process; outputs: the files it writes
order         which samples each update takes; tensors: the images it takes them from
gradient      the batch's gradient, in shards; distributed: the processes they are shared among
optimisation  the recipe's optimiser and learning rate
evaluation    the metrics; recording: the rows that keep them; usage: what a job uses of its machines
checkpoint    what is kept on the disk, and taken up again; signals: requests to stop
lease         of two copies of a run, which one writes
determinism   seeds, kernels and threads that give the same bits
layout        whether batch, shards, processes and cores fit together
launch        torchrun with a quieter end; nodes, agent: the same on each node of a Slurm job
"""
