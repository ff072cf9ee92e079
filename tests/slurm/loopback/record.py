"""The record of a cluster on disk: what it is made of and which processes are its daemons.

The folder a person names (`home`) holds `cluster.json`, the record, and `log/`, which outlives the cluster;
`places` says where the rest lives.
"""

import contextlib
import fcntl
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .config import Site
from .processes import Process

__all__ = ["Cluster", "find", "locked", "read"]

HOME_NOTE = "home"  # in the runtime folder: names the folder of the record


@dataclass
class Cluster:
    """One cluster; `processes` holds the daemons by name, `ready` is set once jobs can run."""

    home: Path
    site: Site
    processes: dict[str, Process] = field(default_factory=dict)
    ready: bool = False

    @property
    def dead(self) -> list[str]:
        """Names of the daemons that were started and no longer run."""
        return [name for name, process in self.processes.items() if not process.alive]

    @property
    def running(self) -> bool:
        """Whether it once was ready and any of its daemons lives."""
        return self.ready and len(self.dead) < len(self.processes)

    def log(self, name: str) -> Path:
        """The log of a daemon."""
        return self.home / "log" / f"{name}.log"

    def save(self) -> None:
        """Write the record, whole or not at all."""
        found = {name: asdict(process) for name, process in self.processes.items()}
        site = asdict(self.site) | {"run": str(self.site.run)}
        temporary = self.home / "cluster.json.new"
        temporary.write_text(json.dumps({"site": site, "processes": found, "ready": self.ready}, indent=1))
        temporary.replace(self.home / "cluster.json")
        (self.site.run / HOME_NOTE).write_text(str(self.home))


def read(home: Path) -> Cluster | None:
    """The cluster recorded in a folder, or None."""
    try:
        record = json.loads((home / "cluster.json").read_text())
    except (FileNotFoundError, NotADirectoryError):
        return None
    site = record["site"] | {"run": Path(record["site"]["run"]), "ports": tuple(record["site"]["ports"])}
    found = {name: Process(**process) for name, process in record["processes"].items()}
    return Cluster(home, Site(**site), found, record["ready"])


def find(slurm_conf: Path) -> Cluster | None:
    """The running cluster to which a slurm.conf belongs; None when this tool runs no such cluster."""
    try:
        home = Path((slurm_conf.parent / HOME_NOTE).read_text())
    except OSError:
        return None
    cluster = read(home)
    ours = cluster is not None and cluster.running and cluster.site.slurm_conf == slurm_conf.resolve()
    return cluster if ours else None


@contextlib.contextmanager
def locked(home: Path) -> Iterator[None]:
    """Only one start or stop at a time for a folder."""
    with (home / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
