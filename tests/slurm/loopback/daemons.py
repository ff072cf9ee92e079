"""The daemons of one cluster, in the order in which they start, and what says that each is ready."""

import os
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from .config import Site, account_name, user_name
from .errors import LoopbackError
from .install import find_program, program_path

__all__ = [
    "Daemon",
    "client_environment",
    "daemons",
    "nodes_ready",
    "prepare_database",
    "register_cluster",
    "resume_nodes",
]


@dataclass(frozen=True)
class Daemon:
    """One program in the foreground; `ready` is asked until it is true before the next one starts.

    A node's daemon works in a folder of its own, so its steps do too, and are told from those of other nodes.
    """

    name: str
    command: list[str]
    ready: Callable[[], bool]
    environment: dict[str, str]
    folder: Path


def daemons(site: Site, fresh: bool = False) -> list[Daemon]:
    """Every daemon of the cluster; a fresh one forgets the state of slurmctld, a repaired one keeps it."""
    chain = [munge_daemon(site)]
    if site.accounting:
        chain += [database_daemon(site), accounting_daemon(site)]
    chain.append(control_daemon(site, fresh))
    return chain + [node_daemon(site, name) for name in site.node_names]


def munge_daemon(site: Site) -> Daemon:
    """munged with a key and socket of its own; --force because the folders' permissions are ours to choose."""
    socket = site.run / "munge.socket"
    command = [
        program("munged"),
        "--foreground",
        "--force",
        f"--socket={socket}",
        f"--key-file={site.run}/munge.key",
        f"--pid-file={site.run}/munged.pid",
        f"--seed-file={site.run}/munged.seed",
        f"--log-file={site.run}/munged.log",
        "--origin=127.0.0.1",
        "--num-threads=4",
    ]
    return Daemon(
        "munged", command, lambda: succeeds(site, "munge", "-n", "-S", str(socket)), daemon_environment(site), site.run
    )


def database_daemon(site: Site) -> Daemon:
    """mariadbd on a socket only, with little memory and without what a container may forbid."""
    socket = site.run / "mysql.sock"
    command = [
        program("mariadbd"),
        *database_options(site),
        f"--socket={socket}",
        f"--pid-file={site.run}/mariadbd.pid",
        "--skip-networking",
        "--skip-grant-tables",
        "--skip-log-bin",
        "--max-connections=64",
    ]
    query = ["mariadb", "--no-defaults", f"--socket={socket}", "-e", "create database if not exists slurm"]
    return Daemon("mariadbd", command, lambda: succeeds(site, *query), daemon_environment(site), site.run)


def database_options(site: Site) -> list[str]:
    """What mariadbd and its installation share."""
    return [
        "--no-defaults",
        f"--user={user_name()}",
        f"--datadir={site.run}/database",
        f"--tmpdir={site.run}",
        "--innodb-buffer-pool-size=32M",
        "--innodb-log-file-size=8M",
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-doublewrite=0",
        "--innodb-use-native-aio=0",
        "--innodb-lock-wait-timeout=900",
        "--performance-schema=OFF",
    ]


def prepare_database(site: Site) -> str:
    """Create mariadbd's own tables; the output if that failed, else nothing."""
    (site.run / "database").mkdir()
    options = ["--skip-test-db", "--auth-root-authentication-method=normal", "--skip-name-resolve"]
    return run(site, "mariadb-install-db", *database_options(site), *options, seconds=120)


def accounting_daemon(site: Site) -> Daemon:
    """slurmdbd; it finds the database by its socket and its own configuration beside slurm.conf."""
    environment = daemon_environment(site) | {"MYSQL_UNIX_PORT": f"{site.run}/mysql.sock"}
    ready = ["sacctmgr", "-n", "-P", "show", "cluster"]
    return Daemon("slurmdbd", [program("slurmdbd"), "-D"], lambda: succeeds(site, *ready), environment, site.run)


def register_cluster(site: Site) -> str:
    """Tell slurmdbd of the cluster, an account and this user; the output if that failed, else nothing."""
    mine = ["user", user_name(), f"account={account_name}", f"defaultaccount={account_name}"]
    additions = [["cluster", "loopback"], ["account", account_name, "cluster=loopback"], mine]
    failures = (run(site, "sacctmgr", "-i", "add", *addition, seconds=120) for addition in additions)
    return next(filter(None, failures), "")


def control_daemon(site: Site, fresh: bool) -> Daemon:
    """slurmctld."""
    command = [program("slurmctld"), "-D", "-i", "-f", str(site.slurm_conf), *(["-c"] if fresh else [])]
    return Daemon("slurmctld", command, lambda: succeeds(site, "scontrol", "ping"), daemon_environment(site), site.run)


def node_daemon(site: Site, name: str) -> Daemon:
    """slurmd of one node; whether it has registered is asked for all nodes together."""
    command = [program("slurmd"), "-D", "-N", name, "-f", str(site.slurm_conf)]
    return Daemon(name, command, lambda: True, daemon_environment(site), site.run / name)


def nodes_ready(site: Site, names: Iterable[str]) -> bool:
    """Whether these nodes have registered and can take jobs."""
    answer = subprocess.run(
        [program("sinfo"), "-h", "-N", "-p", "main", "-o", "%N %T"],
        env=daemon_environment(site),
        capture_output=True,
        text=True,
        check=False,
    )
    states = dict(line.split() for line in answer.stdout.splitlines() if len(line.split()) == 2)
    return all(states.get(name) in ("idle", "mixed", "allocated", "completing") for name in names)


def resume_nodes(site: Site, names: Iterable[str]) -> None:
    """Take nodes back that were set down while they were dead; one that was not refuses, and is up anyway."""
    for name in names:
        run(site, "scontrol", "update", f"nodename={name}", "state=resume")


def client_environment(site: Site) -> dict[str, str]:
    """This environment pointed at the cluster, without what another cluster or a job of one has put into it."""
    foreign = ("SLURM", "SBATCH_", "SALLOC_", "SRUN_", "SACCT_", "SQUEUE_", "SINFO_", "SCANCEL_", "MUNGE", "MYSQL_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    return kept | {"SLURM_CONF": str(site.slurm_conf), "PATH": program_path()}


def daemon_environment(site: Site) -> dict[str, str]:
    """The same in plain English and without a conda environment's libraries."""
    kept = client_environment(site)
    for name in ("LD_LIBRARY_PATH", "LD_PRELOAD", "TMPDIR"):
        kept.pop(name, None)
    return kept | {"LC_ALL": "C"}


def program(name: str) -> str:
    """Full path of a program that `install` has provided."""
    path = find_program(name)
    if path is None:
        raise LoopbackError(f"the program {name} is not on this machine")
    return path


def succeeds(site: Site, *command: str) -> bool:
    """Whether a command ends well."""
    return not run(site, *command)


def run(site: Site, *command: str, seconds: float = 30) -> str:
    """Run a command; its output if it failed (never empty then), else nothing."""
    try:
        answer = subprocess.run(
            [program(command[0]), *command[1:]],
            env=daemon_environment(site),
            cwd=site.run,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{command[0]} gave no answer for {seconds:.0f} s"
    return "" if answer.returncode == 0 else answer.stdout.strip() or f"{command[0]} ended {answer.returncode}"
