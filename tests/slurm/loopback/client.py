"""The cluster as a test sees it: run Slurm's commands on one that runs, or on one that ends with the test.

with held_cluster(folder) as slurm:
    slurm.run("sbatch", "--wait", "--wrap", "hostname")
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from .daemons import client_environment
from .errors import LoopbackError
from .install import provide_packages
from .record import Cluster, find, read
from .wrappers import Calls, counted

__all__ = ["Slurm", "held_cluster", "present_cluster", "why_not"]

TOOL = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Slurm:
    """A running cluster; `environment` is this process's, pointed at it."""

    cluster: Cluster
    environment: dict[str, str]

    def run(self, *command: str, check: bool = True, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command on the cluster with its output captured; `check` raises an error that shows the output."""
        answer = subprocess.run(
            command,
            env=self.environment,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and answer.returncode:
            raise AssertionError(f"{command} ended {answer.returncode}:\n{answer.stdout}{answer.stderr}")
        return answer

    @contextlib.contextmanager
    def counted(self, folder: Path) -> Iterator[Calls]:
        """Count the calls of Slurm's commands by what runs in `calls.environment`; the wrappers lie in `folder`."""
        yield counted(folder, self.environment)

    def behind(self, calls: Calls) -> "Slurm":
        """The same cluster, its commands called through the wrappers."""
        return replace(self, environment=calls.environment)


def why_not(install: bool) -> str | None:
    """Why no cluster can be had here, or None; `install` allows packages to be installed."""
    try:
        provide_packages(install=install)
    except LoopbackError as error:
        return str(error)
    return None


def present_cluster() -> Slurm | None:
    """The cluster of this tool that SLURM_CONF points to, if one runs."""
    conf = os.environ.get("SLURM_CONF")
    cluster = find(Path(conf)) if conf else None
    return Slurm(cluster, client_environment(cluster.site)) if cluster else None


@contextlib.contextmanager
def held_cluster(home: Path, *options: str) -> Iterator[Slurm]:
    """A new cluster that ends with this block, and also when this process is killed inside it."""
    command = [sys.executable, str(TOOL), "hold", "--dir", str(home), *options]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C reaches the tests; the cluster ends when they have
    ) as holder:
        assert holder.stdout is not None
        said = holder.stdout.read()
        cluster = read(home.resolve())
        if cluster is None or not cluster.running:
            raise LoopbackError(f"the cluster in {home} did not start: {said}")
        yield Slurm(cluster, client_environment(cluster.site))
