"""Whether a block can be computed as asked: batch, shards, processes, threads and cores fit together.

Needs no torch, so that a mistake is said at once.
"""

from __future__ import annotations

import os

from datavolume.errors import UserError
from datavolume.study.plan import PlannedRun

__all__ = ["check_layout"]


def check_layout(planned: PlannedRun, processes: int, cores: int | None, nodes: int = 1) -> None:
    """Raises UserError; `cores` are those that the job was given on each node (None: those this process may use).

    Under torchrun its number of processes counts, on all nodes and on this one.
    """
    recipe, threads = planned.unpack().recipe, planned.resources.threads
    here = int(os.environ.get("LOCAL_WORLD_SIZE", processes // nodes))
    processes = int(os.environ.get("WORLD_SIZE", processes))
    cores = cores or len(os.sched_getaffinity(0))
    if recipe.batch_size % recipe.shards:
        raise UserError(
            f"run {planned.run}: recipe.batch_size {recipe.batch_size} is not divisible into recipe.shards "
            f"{recipe.shards}; change one of them"
        )
    if recipe.shards % processes:
        raise UserError(
            f"run {planned.run}: recipe.shards {recipe.shards} cannot be divided among {processes} processes; set "
            f"recipe.shards to a multiple of {processes}, or lower resources.processes"
        )
    if here * threads > cores:
        raise UserError(
            f"run {planned.run}: {here} processes of {threads} threads on {cores} cores would slow each other down "
            "many times; lower resources.processes or resources.threads, or give the job more cores (--cores)"
        )
