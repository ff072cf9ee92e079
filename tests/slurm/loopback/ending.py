"""End a cluster: its jobs, its daemons, its state; and nothing that is not its own.

A process belongs to a cluster when it is in the record, when it is one of Slurm's programs and works in the
cluster's runtime folder (slurmstepd, which has left its parents), or when it was started inside one of its jobs.
"""

import contextlib
import os
import shutil
from pathlib import Path

from . import processes
from .config import Site
from .processes import Process
from .record import Cluster

__all__ = ["is_task", "processes_of_node", "shut_down"]

DAEMONS = ("munged", "mariadbd", "slurmdbd", "slurmctld", "slurmd")


def shut_down(cluster: Cluster) -> None:
    """End daemons and jobs, then remove the state; as the state goes, nobody is given long to save it."""
    recorded = [process for process in cluster.processes.values() if process.alive]
    helpers = processes.children_of(recorded)  # slurmctld's script runner, for one
    unrecorded = [process for process in processes.everything() if works_in(process, cluster.site, DAEMONS)]
    processes.end({*recorded, *helpers, *unrecorded}, 2)
    end_jobs(cluster.site)
    discard(cluster)


def end_jobs(site: Site) -> None:
    """End the steps of this cluster's jobs and every process in them."""
    for _ in range(5):  # a process may be born while its parent is being ended
        steps = [process for process in processes.everything() if works_in(process, site, ("slurmstepd",))]
        tasks = processes.children_of(steps) + [p for p in processes.everything() if is_task(p, site)]
        if not steps and not tasks:
            return
        processes.end(tasks, 2)
        processes.end(steps, 0)


def works_in(process: Process, site: Site, programs: tuple[str, ...], node: str = "") -> bool:
    """Whether it is one of these programs and works in the cluster's (or a node's) folder, which only we give it."""
    folder = Path("/proc") / str(process.pid)
    try:
        program, where = (folder / "exe").readlink(), (folder / "cwd").readlink()
    except OSError:
        return False
    return program.name.startswith(programs) and where.is_relative_to(site.run / node)


def processes_of_node(site: Site, name: str) -> tuple[list[Process], list[Process]]:
    """The steps that run on a node, and every process in them."""
    found = processes.everything()
    steps = [process for process in found if works_in(process, site, ("slurmstepd",), name)]
    return steps, [process for process in found if is_task(process, site, name)]


def is_task(process: Process, site: Site, node: str = "") -> bool:
    """Whether it was started inside a job of this cluster (on that node), even if it has left its parents."""
    try:
        environment = (Path("/proc") / str(process.pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return False
    if process.pid == os.getpid():  # someone stops the cluster from inside a job
        return False
    here = f"SLURM_CONF={site.slurm_conf}".encode()
    there = f"SLURMD_NODENAME={node}".encode()
    return here in environment and (there in environment or (not node and any(map(there.startswith, environment))))


def discard(cluster: Cluster) -> None:
    """Remove what a cluster that no longer runs has left behind, its logs apart."""
    shutil.rmtree(cluster.site.run, ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        (cluster.home / "cluster.json").unlink()
