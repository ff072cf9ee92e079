"""One node's part of a training on several nodes: torchrun, and the store of `nodes` for signals and the exit code.

srun --nodes=2 ... python -m datavolume.training.processes.agent --host n1 --port 45123 --nodes 2 ... -- ...
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial

import psutil  # type: ignore[import-untyped]
from torch.distributed import TCPStore  # type: ignore[attr-defined]

from datavolume.training.processes.launch import launch
from datavolume.training.processes.nodes import CODE, SIGNAL

__all__ = ["main"]

_PATIENCE = timedelta(seconds=10)  # for the other nodes, after one has failed


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    # srun tells where it was started from, by the address at which this node knows that one.
    host = os.environ.get("SLURM_LAUNCH_NODE_IPADDR", options.host)
    store = TCPStore(host, options.port, is_master=False, timeout=timedelta(minutes=5))
    code = launch(_torchrun(options, host), partial(_asked, store))
    return _agreed(store, code, int(os.environ["SLURM_PROCID"]), options.nodes) if code else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m datavolume.training.processes.agent")
    parser.add_argument("--host", required=True, help="where the store is, if Slurm does not say")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--nodes", type=int, required=True)
    parser.add_argument("--processes-per-node", type=int, required=True)
    parser.add_argument("training", nargs="+", help="after --: arguments of python -m datavolume.training")
    return parser


def _torchrun(options: argparse.Namespace, host: str) -> list[str]:
    """Its options; the store at which the processes meet is the first agent's own, again at a port that it holds."""
    own = _own_address(host, options.port)
    _let_gloo_use(own)
    endpoint = f"[{host}]:{options.port}" if ":" in host else f"{host}:{options.port}"
    return [
        *("--nnodes", str(options.nodes), "--nproc-per-node", str(options.processes_per_node)),
        *("--rdzv-backend", "c10d", "--rdzv-endpoint", endpoint, "--rdzv-conf", "is_host=0"),
        *("--rdzv-id", "datavolume", "--local-addr", own),
        *("-m", "datavolume.training", *options.training),
    ]


def _own_address(host: str, port: int) -> str:
    """That of this node on the network on which it sees the host: its own name may mean nothing to the others."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.connect(address)  # sends nothing: the kernel only chooses the way
        return str(probe.getsockname()[0])


def _let_gloo_use(own: str) -> None:
    """The network of that address: gloo would look up the host's name, which on Debian is 127.0.1.1."""
    for name, addresses in psutil.net_if_addrs().items():
        if any(address.address == own for address in addresses):
            os.environ.setdefault("GLOO_SOCKET_IFNAME", name)


def _asked(store: TCPStore) -> int:
    """The signal that all nodes are to be told of, or 0; where the store has gone, so has whoever asked for us."""
    try:
        return int(store.get(SIGNAL)) if store.check([SIGNAL]) else 0
    except RuntimeError:
        return signal.SIGTERM


def _agreed(store: TCPStore, code: int, own: int, nodes: int) -> int:
    """Say how this node failed, and end well if all have said so; else srun ends those that hang."""
    with suppress(RuntimeError):
        store.compare_set(CODE, "", str(code))
        store.set(f"datavolume/ended/{own}", "1")
        store.wait([f"datavolume/ended/{node}" for node in range(nodes)], _PATIENCE)
        return 0
    return code


if __name__ == "__main__":
    sys.exit(main())
