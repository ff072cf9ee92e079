"""What a block was computed with, for people who ask later: `environment.json`."""

from __future__ import annotations

import json
import os
import platform
import shlex
import socket
import subprocess
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import torch

from datavolume.training.processes.distributed import Group

__all__ = ["Environment"]


@dataclass(frozen=True, kw_only=True)
class Environment:
    """`command` is this process's, `workflow_command` what a person typed. `commit` ends with -dirty where files differ
    from it, and is None outside a repository. `started` is ISO 8601 in UTC. `slurm_nodes` is in Slurm's own notation;
    `slurm_restarts` counts how often Slurm had requeued the job by then.
    """

    command: str
    workflow_command: str | None
    commit: str | None
    hostname: str
    device: str
    versions: dict[str, str]
    processes: int
    nodes: int
    threads: int
    started: str
    slurm_job_id: str | None
    slurm_restarts: int | None
    slurm_nodes: str | None

    @classmethod
    def now(cls, group: Group, threads: int) -> Environment:
        return cls(
            command=shlex.join(sys.orig_argv),
            workflow_command=os.environ.get("DATAVOLUME_COMMAND"),
            commit=_commit(),
            hostname=socket.gethostname(),
            device=_device_name(group.device),
            versions={
                "datavolume": version("datavolume"),
                "python": platform.python_version(),
                "torch": torch.__version__,
                "torchvision": version("torchvision"),
                "numpy": version("numpy"),
            },
            processes=group.size,
            nodes=int(os.environ.get("GROUP_WORLD_SIZE", "1")),  # torchrun's word for its agents
            threads=threads,
            started=_now(),
            slurm_job_id=(job := os.environ.get("SLURM_JOB_ID")),
            slurm_restarts=int(os.environ.get("SLURM_RESTART_COUNT", "0")) if job else None,
            slurm_nodes=os.environ.get("SLURM_JOB_NODELIST"),
        )

    def finished(self) -> str:
        """All of it, and the time now, as JSON."""
        return json.dumps({**asdict(self), "finished": _now()})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _commit() -> str | None:
    """Of the repository that this code stands in."""
    git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        return subprocess.run(git, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"CPU ({names[0] if names else platform.machine()})"
