"""What goes wrong on a site, at the moment a test wants it: nodes crash, daemons stop, users reach their limits.

crash_node(slurm, "n2")
return_node(slurm, "n2")
with stopped(slurm, "slurmctld"):  # comes back with its state: jobs survive
    ...
with submit_limit(slurm, 5, "qos"):  # on a cluster held with "--limits"
    ...

Commands that fail or hang are in `wrappers`; sites that forbid things are options of the cluster, see `command`.
"""

import contextlib
import signal
from collections.abc import Iterator

from . import processes
from .client import Slurm
from .config import user_name
from .ending import processes_of_node
from .errors import LoopbackError
from .lifecycle import start_again
from .record import Cluster, locked

__all__ = ["crash_node", "return_node", "start_daemon", "stop_daemon", "stopped", "submit_limit"]

SECONDS_TO_SAVE = 20  # slurmctld writes its state before it ends


def crash_node(slurm: Slurm, name: str, *, with_jobs: bool = True, reported: bool = True) -> None:
    """Kill a node's slurmd, and all that runs on the node, then set it down, as Slurm does when it misses it.

    Without `with_jobs` the node has only lost its network: its jobs run on while Slurm starts them elsewhere. Without
    `reported` Slurm is left to find out by itself, after SlurmdTimeout (10 s).
    """
    with recorded(slurm, name) as cluster:
        kill([cluster.processes.pop(name)])
        if with_jobs:
            end_abruptly(cluster, name)
    if reported:
        slurm.run("scontrol", "update", f"nodename={name}", "state=down", "reason=crashed")


def end_abruptly(cluster: Cluster, name: str) -> None:
    """Freeze all that runs on a node, then kill it: nothing lives to tell how another process ended."""
    for _ in range(5):  # a process may be born while its parent is being frozen
        victims = frozen(cluster, name)
        if not victims:
            return
        kill(victims)


def frozen(cluster: Cluster, name: str) -> list[processes.Process]:
    """A node's steps and what runs in them, all stopped."""
    found: dict[processes.Process, None] = {}
    while new := [process for process in running_on(cluster, name) if process not in found]:
        for process in new:
            process.signal(signal.SIGSTOP)
        found |= dict.fromkeys(new)
    return list(found)


def running_on(cluster: Cluster, name: str) -> list[processes.Process]:
    """A node's steps, what they started a moment ago, and what runs in them."""
    steps, tasks = processes_of_node(cluster.site, name)
    return [*steps, *processes.children_of(steps), *tasks]


def return_node(slurm: Slurm, name: str) -> None:
    """Boot a crashed node: Slurm can use it when this returns."""
    start_daemon(slurm, name)


def stop_daemon(slurm: Slurm, name: str, *, kill_it: bool = False) -> None:
    """Stop slurmctld, slurmdbd or another daemon as its service would; with `kill_it`, as a crash does."""
    with recorded(slurm, name) as cluster:
        main = cluster.processes.pop(name)
        helpers = processes.children_of([main])
        if kill_it:
            kill([main, *helpers])
        else:
            processes.end([main], SECONDS_TO_SAVE)
            processes.end(helpers, 2)


def start_daemon(slurm: Slurm, name: str) -> None:
    """Start a daemon that was stopped, slurmctld with the state that it saved; returns when it answers."""
    cluster = slurm.cluster
    with locked(cluster.home):
        if name in cluster.processes:
            raise LoopbackError(f"{name} runs already: stop it, or crash it, first")
        start_again(cluster, [name])


@contextlib.contextmanager
def stopped(slurm: Slurm, name: str, *, kill_it: bool = False) -> Iterator[None]:
    """A daemon does not run during this block."""
    stop_daemon(slurm, name, kill_it=kill_it)
    try:
        yield
    finally:
        start_daemon(slurm, name)


@contextlib.contextmanager
def submit_limit(slurm: Slurm, jobs: int, of: str) -> Iterator[None]:
    """This user may have so many jobs in the queue at once, by a limit of the "qos" or of the "association"."""
    if not slurm.cluster.site.limits:
        raise LoopbackError("this cluster enforces no limits: start it with --limits")
    whose, limit = {
        "qos": (("qos", "normal"), "MaxSubmitJobsPerUser"),
        "association": (("user", user_name()), "MaxSubmitJobs"),
    }[of]
    change = ("sacctmgr", "-i", "modify", *whose, "set")
    slurm.run(*change, f"{limit}={jobs}")
    try:
        yield
    finally:
        slurm.run(*change, f"{limit}=-1")


@contextlib.contextmanager
def recorded(slurm: Slurm, name: str) -> Iterator[Cluster]:
    """The cluster while one of its daemons is ended; a daemon that is not recorded is not ours to end."""
    cluster = slurm.cluster
    with locked(cluster.home):
        if name not in cluster.processes:
            raise LoopbackError(f"{name} does not run: choose of {', '.join(cluster.processes)}")
        yield cluster
        cluster.save()


def kill(victims: list[processes.Process]) -> None:
    """SIGKILL, and wait until all are gone."""
    for victim in victims:
        victim.signal(signal.SIGKILL)
    processes.wait_until(lambda: not any(victim.alive for victim in victims), 10)
