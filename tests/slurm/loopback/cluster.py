"""A cluster as a whole: `start`, `stop`, what runs, and the record of it on disk.

The folder a person names (`home`) holds `cluster.json`, the record, and `log/`, which outlives the cluster.
Everything else lives in `run`: inside `home`, or in a private folder under /tmp where the path of `home` is too
long for unix sockets, holds a space or is on a file system without sockets.
"""

import contextlib
import fcntl
import json
import os
import random
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from . import daemons, processes
from .config import Site, write_configuration
from .errors import LoopbackError
from .processes import Process

__all__ = ["Cluster", "read", "start", "stop"]

PATIENCE = 120  # seconds for one daemon on a machine under load
LONGEST_SOCKET = "/n999_60000000.4294967291"  # slurmstepd's, inside `run/n999`
SOCKET_LIMIT = 107


@dataclass
class Cluster:
    """The record of a cluster; `processes` holds the daemons by name."""

    home: Path
    site: Site
    processes: dict[str, Process] = field(default_factory=dict)

    @property
    def dead(self) -> list[str]:
        """Names of the daemons that were started and no longer run."""
        return [name for name, process in self.processes.items() if not process.alive]

    @property
    def running(self) -> bool:
        """Whether anything of it lives."""
        return any(process.alive for process in self.processes.values())

    def log(self, name: str) -> Path:
        """The log of a daemon."""
        return self.home / "log" / f"{name}.log"

    def save(self) -> None:
        """Write the record, whole or not at all."""
        site = asdict(self.site) | {"run": str(self.site.run)}
        record = {"site": site, "processes": {name: asdict(process) for name, process in self.processes.items()}}
        temporary = self.home / "cluster.json.new"
        temporary.write_text(json.dumps(record, indent=1))
        temporary.replace(self.home / "cluster.json")


def read(home: Path) -> Cluster | None:
    """The cluster recorded in a folder, or None."""
    try:
        record = json.loads((home / "cluster.json").read_text())
    except FileNotFoundError:
        return None
    site = record["site"]
    found = {name: Process(**process) for name, process in record["processes"].items()}
    return Cluster(home, Site(Path(site["run"]), site["node_count"], site["accounting"], tuple(site["ports"])), found)


@contextlib.contextmanager
def locked(home: Path) -> Iterator[None]:
    """Only one start or stop at a time for a folder."""
    with (home / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def start(home: Path, node_count: int, accounting: bool) -> tuple[Cluster, list[str]]:
    """The cluster of a folder and the names of what had to be started; none where all of it runs."""
    claim(home)
    with locked(home):
        cluster = read(home)
        if cluster and not cluster.running:
            discard(cluster)
            cluster = None
        fresh = cluster is None
        cluster = cluster or new_cluster(home, node_count, accounting)
        return cluster, launch_missing(cluster, fresh)


def claim(home: Path) -> None:
    """Make the folder; refuse one that holds something else."""
    known = {"cluster.json", "cluster.json.new", "lock", "log", "run"}
    try:
        home.mkdir(parents=True, exist_ok=True)
        foreign = sorted({entry.name for entry in home.iterdir()} - known)
        if foreign:
            raise LoopbackError(f"{home} holds other files ({foreign[0]}): name an empty folder with --dir")
        if not os.access(home, os.W_OK | os.X_OK):
            raise PermissionError(f"no permission to write in {home}")
    except OSError as error:
        raise LoopbackError(f"{home} cannot be used: {error}; name another folder with --dir") from None


def new_cluster(home: Path, node_count: int, accounting: bool) -> Cluster:
    """A new, recorded cluster with its files in place and nothing started."""
    shutil.rmtree(home / "log", ignore_errors=True)
    (home / "log").mkdir()
    cluster = Cluster(home, Site(runtime_folder(home), node_count, accounting, free_ports(node_count + 2)))
    cluster.save()
    run = cluster.site.run
    (run / "munge.key").touch(mode=0o600)
    (run / "munge.key").write_bytes(os.urandom(128))
    for name in ["state", *cluster.site.node_names]:
        (run / name).mkdir()
    write_configuration(cluster.site)
    return cluster


def runtime_folder(home: Path) -> Path:
    """An empty private folder in which unix sockets work."""
    run = home / "run"
    shutil.rmtree(run, ignore_errors=True)
    run.mkdir(mode=0o700)
    if takes_sockets(run):
        return run
    run.rmdir()
    for place in dict.fromkeys([tempfile.gettempdir(), "/tmp", "/var/tmp"]):
        with contextlib.suppress(OSError):
            run = Path(tempfile.mkdtemp(prefix="slurm-", dir=place)).resolve()
            if takes_sockets(run):
                return run
            run.rmdir()
    raise LoopbackError(f"no folder for unix sockets: tried {home} and {tempfile.gettempdir()}; set TMPDIR or --dir")


def takes_sockets(run: Path) -> bool:
    """Whether Slurm's sockets and configuration values can hold this path."""
    if len(os.fsencode(run)) + len("/n999") + len(LONGEST_SOCKET) > SOCKET_LIMIT or set(str(run)) & set(
        " \t#,;%\\'\"[]"
    ):
        return False
    probe = run / "probe"
    with socket.socket(socket.AF_UNIX) as listener:
        try:
            listener.bind(str(probe))
        except OSError:
            return False
    probe.unlink()
    return True


def free_ports(count: int) -> tuple[int, ...]:
    """Ports nobody listens on, below those that the kernel hands out to outgoing connections."""
    with contextlib.ExitStack() as held:
        ports: list[int] = []
        for port in random.sample(range(12_000, 32_000), 10_000):
            listener = held.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                listener.bind(("127.0.0.1", port))
                ports.append(port)
            if len(ports) == count:
                return tuple(ports)
    raise LoopbackError("no free ports on 127.0.0.1 between 12000 and 32000")


def launch_missing(cluster: Cluster, fresh: bool) -> list[str]:
    """Start, in order, every daemon that does not run, wait until jobs can run, and return their names."""
    site, started = cluster.site, []
    try:
        if fresh and site.accounting:
            demand(daemons.prepare_database(site), "mariadb-install-db")
        for daemon in daemons.daemons(site, fresh):
            if daemon.name in cluster.processes and cluster.processes[daemon.name].alive:
                continue
            launch(cluster, daemon)
            started.append(daemon.name)
            if daemon.name == "slurmdbd" and fresh:
                demand(daemons.register_cluster(site), "sacctmgr")
        if started:
            wait_for(cluster, "the nodes to be idle", lambda: daemons.nodes_ready(site), "slurmctld")
    except BaseException:
        if fresh:
            shut_down(cluster)
        raise
    return started


def launch(cluster: Cluster, daemon: daemons.Daemon) -> None:
    """Start one daemon, record it at once, and wait until it answers."""
    log = cluster.log(daemon.name)
    cluster.processes[daemon.name] = processes.launch(daemon.command, daemon.environment, log, cluster.site.run)
    cluster.save()
    wait_for(cluster, f"{daemon.name} to answer", daemon.ready, daemon.name)


def wait_for(cluster: Cluster, what: str, condition: Callable[[], bool], name: str) -> None:
    """Wait for a condition as long as every daemon lives."""
    processes.wait_until(lambda: bool(cluster.dead) or condition(), PATIENCE)
    if cluster.dead:
        raise LoopbackError(failure(f"{cluster.dead[0]} did not start", cluster.log(cluster.dead[0])))
    if not condition():
        raise LoopbackError(failure(f"waited {PATIENCE} s for {what}", cluster.log(name)))


def failure(sentence: str, log: Path) -> str:
    """The sentence, the log's path and its last lines."""
    lines = log.read_text(errors="replace").splitlines()[-8:]
    return "\n    ".join([f"{sentence}; the end of {log}:", *lines])


def demand(output: str, name: str) -> None:
    """Fail with a step's output if there is any."""
    if output:
        raise LoopbackError("\n    ".join([f"{name} failed:", *output.splitlines()[-8:]]))


def stop(home: Path) -> Cluster | None:
    """End a folder's cluster and remove its state, its logs apart; the cluster that was, or None."""
    if not (home / "cluster.json").exists():
        return None
    with locked(home):
        cluster = read(home)
        if cluster:
            shut_down(cluster)
    return cluster


def shut_down(cluster: Cluster) -> None:
    """End jobs and daemons, then remove the state."""
    daemon = cluster.processes
    served = [process for process in daemon.values() if process.alive]
    helpers = processes.children_of(served)  # slurmctld's script runner
    slurm = [process for name, process in daemon.items() if name not in ("munged", "mariadbd", "slurmdbd")]
    processes.end(slurm, 5)  # first, so that nothing requeues or starts a job
    end_jobs(cluster.site)
    processes.end([*served, *helpers], 5)
    discard(cluster)


def end_jobs(site: Site) -> None:
    """End the steps of this cluster's jobs and every process in them."""
    for _ in range(3):  # a process may be born while its parent is being ended
        steps = [process for process in processes.everything() if is_step(process, site)]
        inside = processes.children_of(steps) + [p for p in processes.everything() if is_task(p, site)]
        if not steps and not inside:
            return
        processes.end(inside, 2)
        processes.end(steps, 2)


def is_step(process: Process, site: Site) -> bool:
    """Whether it is a slurmstepd of this cluster: they keep the working folder that slurmd was given."""
    folder = Path("/proc") / str(process.pid)
    try:
        program, where = (folder / "exe").readlink(), (folder / "cwd").readlink()
    except OSError:
        return False
    return program.name.startswith("slurmstepd") and where == site.run


def is_task(process: Process, site: Site) -> bool:
    """Whether it was started inside a job of this cluster, even if it has left its parents."""
    try:
        environment = (Path("/proc") / str(process.pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return False
    here = f"SLURM_CONF={site.slurm_conf}".encode()
    return here in environment and any(entry.startswith(b"SLURMD_NODENAME=") for entry in environment)


def discard(cluster: Cluster) -> None:
    """Remove what a cluster that no longer runs has left behind, its logs apart."""
    shutil.rmtree(cluster.site.run, ignore_errors=True)
    (cluster.home / "cluster.json").unlink(missing_ok=True)
