"""The estimate room: what a plan will take, before a day of GPU time; without data, without a GPU, without torch.

    estimate = describe(study, plan, laid_out, paths=paths, device="h200", limit=slurm_limit())
    estimate.summary()                     six lines for a dry run
    write_estimate(estimate, file)         a row a configuration

It stands beside the row of rooms, not in it: it imports study, data and models, and no room imports it. The one
exception is `timing`, a program of its own, which trains a moment with the engine's own learner.

work       what a run does, counted: updates, images, evaluations
facts      a network's parameters and multiply-adds; networks: writes config/networks.csv
speed      images/s: measured, stated, or scaled; tables: the files that say so
cost       seconds and bytes of a configuration on a device
describe   a plan's estimate; model: the estimate and its lines; show: on the terminal and as a file; words: numbers
limits     how long Slurm lets a job run
cases      what is to be timed of a plan; timing: one timing run
"""

from datavolume.estimate.describe import describe
from datavolume.estimate.limits import Limit, slurm_limit
from datavolume.estimate.model import Estimate

__all__ = ["Estimate", "Limit", "describe", "slurm_limit"]
