"""Start and stop a cluster: `start` also repairs one of which a daemon has died."""

import os
import shutil
from collections.abc import Callable, Collection
from dataclasses import asdict
from pathlib import Path

from . import daemons, processes
from .config import Kind, Site, write_configuration
from .ending import shut_down
from .errors import LoopbackError
from .places import claim, free_ports, runtime_folder
from .record import Cluster, locked, read

__all__ = ["start", "start_again", "stop"]

PATIENCE = 120  # seconds for one daemon, on a machine under load
SHOWN_LINES = 12


def start(home: Path, kind: Kind) -> tuple[Cluster, list[str]]:
    """The cluster of a folder and the names of the daemons that had to be started: none where all of it runs.

    Raises `LoopbackError` when a daemon does not start; a new cluster is then stopped again.
    """
    claim(home)
    with locked(home):
        cluster = read(home)
        if cluster and cluster.running:
            return cluster, repair(cluster)
        if cluster:  # died, or its start was killed
            shut_down(cluster)
        cluster = new_cluster(home, kind)
        try:
            return cluster, launch_all(cluster)
        except BaseException:
            shut_down(cluster)
            raise


def stop(home: Path) -> Cluster | None:
    """End a folder's cluster and remove its state, its logs apart; the cluster that was, or None."""
    if not (home / "cluster.json").exists():
        return None
    with locked(home):
        cluster = read(home)
        if cluster:
            shut_down(cluster)
    return cluster


def new_cluster(home: Path, kind: Kind) -> Cluster:
    """A new, recorded cluster with its files in place and nothing started."""
    shutil.rmtree(home / "log", ignore_errors=True)
    (home / "log").mkdir()
    ports = free_ports(kind.node_count + 2)
    cluster = Cluster(home, Site(run=runtime_folder(home), ports=ports, **asdict(kind)))
    cluster.save()
    write_files(cluster.site)
    return cluster


def write_files(site: Site) -> None:
    """The key, the folders and the configuration."""
    key = site.run / "munge.key"
    key.touch(mode=0o600)
    key.write_bytes(os.urandom(128))
    for name in ["state", *site.node_names]:
        (site.run / name).mkdir()
    write_configuration(site)


def launch_all(cluster: Cluster) -> list[str]:
    """Start every daemon of a new cluster in order; their names."""
    site = cluster.site
    if site.accounting:
        demand(daemons.prepare_database(site), "mariadb-install-db")
    for daemon in daemons.daemons(site, fresh=True):
        launch(cluster, daemon)
        if daemon.name == "slurmdbd":  # slurmctld must find itself registered
            demand(daemons.register_cluster(site), "sacctmgr")
    settle(cluster, site.node_names)
    return list(cluster.processes)


def repair(cluster: Cluster) -> list[str]:
    """Start those daemons again that have died, or that a fault has stopped; their names."""
    for name in cluster.dead:
        del cluster.processes[name]
    missing = [daemon.name for daemon in daemons.daemons(cluster.site) if daemon.name not in cluster.processes]
    start_again(cluster, missing)
    return missing


def start_again(cluster: Cluster, names: Collection[str]) -> None:
    """Start these daemons again, slurmctld with the state that it saved, and wait until their nodes can run jobs."""
    for daemon in daemons.daemons(cluster.site):
        if daemon.name in names:
            launch(cluster, daemon)
    nodes = [name for name in names if name in cluster.site.node_names]
    daemons.resume_nodes(cluster.site, nodes)
    settle(cluster, nodes)


def launch(cluster: Cluster, daemon: daemons.Daemon) -> None:
    """Start one daemon, record it at once, and wait until it answers."""
    log = cluster.log(daemon.name)
    cluster.processes[daemon.name] = processes.launch(daemon.command, daemon.environment, log, daemon.folder)
    cluster.save()
    wait_for(cluster, f"{daemon.name} to answer", daemon.ready, daemon.name)


def settle(cluster: Cluster, nodes: list[str]) -> None:
    """Wait until these nodes can run jobs, and record that the cluster is ready."""
    wait_for(cluster, "the nodes to be idle", lambda: daemons.nodes_ready(cluster.site, nodes), "slurmctld")
    cluster.ready = True
    cluster.save()


def wait_for(cluster: Cluster, what: str, condition: Callable[[], bool], name: str) -> None:
    """Wait for a condition as long as every daemon lives."""
    holds = processes.wait_until(lambda: bool(cluster.dead) or condition(), PATIENCE)
    for dead in cluster.dead:
        raise LoopbackError(failure(f"{dead} ended at its start", cluster.log(dead)))
    if not holds:
        raise LoopbackError(failure(f"waited {PATIENCE} s for {what}", cluster.log(name)))


def failure(sentence: str, log: Path) -> str:
    """The sentence, the log's path and its last lines."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return "\n    ".join([f"{sentence}; the last lines of {log}:", *lines[-SHOWN_LINES:]])


def demand(output: str, name: str) -> None:
    """Fail with what a step has said, if it failed."""
    if output:
        raise LoopbackError("\n    ".join([f"{name} failed:", *output.splitlines()[-SHOWN_LINES:]]))
