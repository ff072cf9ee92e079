"""Where a cluster lives: its folder, the runtime folder with the sockets, and its ports.

The runtime folder (configuration, key, sockets, database, state) is `run` inside the cluster's folder, or a
private folder under /tmp where that path is too long for unix sockets, holds characters that slurm.conf cannot, or
lies on a file system without sockets.
"""

import contextlib
import os
import random
import re
import shutil
import socket
import tempfile
from pathlib import Path

from .errors import LoopbackError

__all__ = ["claim", "free_ports", "runtime_folder"]

OWN_NAMES = {"cluster.json", "cluster.json.new", "lock", "log", "run"}
LONGEST_SOCKET = "/n64/n64_4294967295.4294967295"  # slurmstepd's
SOCKET_LIMIT = 107
PORTS = range(12_000, 32_000)  # below those that the kernel gives to outgoing connections


def claim(home: Path) -> None:
    """Make a cluster's folder; refuse one that holds something else."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        foreign = sorted({entry.name for entry in home.iterdir()} - OWN_NAMES)
        if not os.access(home, os.W_OK | os.X_OK):
            raise PermissionError("no permission to write")
    except OSError as error:
        reason = error.strerror or error
        raise LoopbackError(f"{home} cannot be used ({reason}): name another folder with --dir") from None
    if foreign:
        raise LoopbackError(f"{home} holds other files ({foreign[0]}): name an empty folder with --dir")


def runtime_folder(home: Path) -> Path:
    """A new, private, empty folder in which unix sockets work."""
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
    raise LoopbackError(f"unix sockets work neither in {home} nor in {tempfile.gettempdir()}: set TMPDIR")


def takes_sockets(run: Path) -> bool:
    """Whether Slurm's sockets and configuration can hold this path."""
    if len(os.fsencode(run)) + len(LONGEST_SOCKET) > SOCKET_LIMIT or not re.fullmatch(r"[\w./+@:-]+", str(run), re.A):
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
    """Ports on which nobody listens at any address; all are held until the last is found, so none is named twice."""
    found: list[int] = []
    with contextlib.ExitStack() as held:
        for port in random.sample(PORTS, len(PORTS)):
            listener = held.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                listener.bind(("", port))
                found.append(port)
            if len(found) == count:
                return tuple(found)
    raise LoopbackError(f"fewer than {count} free ports between {PORTS.start} and {PORTS.stop}")
