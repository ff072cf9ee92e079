"""The command: start, stop, status, env and hold, each with --dir (default: .slurm in the repository's root)."""

import argparse
import os
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

from . import lifecycle
from .config import Kind
from .errors import LoopbackError
from .install import find_program, provide_packages
from .record import Cluster, read

__all__ = ["main"]

ROOT = Path(__file__).resolve().parents[3]


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status."""
    options = parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended by a program as by Ctrl-C: cleans up
    try:
        status: int = options.function(Path(options.dir).resolve(), options)
        return status
    except (LoopbackError, OSError) as error:
        print(f"slurm loopback: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("slurm loopback: interrupted", file=sys.stderr)
    return 1


def parser() -> argparse.ArgumentParser:
    """The command line."""
    reader = argparse.ArgumentParser(prog="loopback", description="A private Slurm on this machine.")
    commands = reader.add_subparsers(dest="command", required=True)
    for function, text in [
        (start, "start it, or say that it runs"),
        (stop, "end exactly what start has started"),
        (status, "say what runs; exit 3 when nothing does"),
        (env, "print the export lines, for eval in a shell"),
        (hold, "start it, and stop it when standard input is closed"),
    ]:
        command = commands.add_parser(function.__name__, help=text, description=text)
        command.set_defaults(function=function)
        command.add_argument("--dir", default=str(ROOT / ".slurm"), help="folder of the cluster (default: .slurm)")
        if function in (start, hold):
            add_kind(command)
    return reader


def add_kind(command: argparse.ArgumentParser) -> None:
    """The options that say what kind of site it is; one that is not given leaves what runs already as it is."""
    command.add_argument("--nodes", type=number_to(64), metavar="N", dest="node_count", help="1 to 64 (default: 4)")
    no: dict[str, Any] = {"action": "store_const", "const": False}
    command.add_argument("--no-accounting", **no, dest="accounting", help="no slurmdbd: sacct refuses to answer")
    command.add_argument("--limits", action="store_const", const=True, help="enforce sacctmgr's accounts and limits")
    command.add_argument("--no-requeue", **no, dest="requeue", help="jobs are not requeued (JobRequeue=0)")
    command.add_argument(
        "--max-array-size", type=number_to(4_000_001), metavar="N", help="MaxArraySize (default: 1001)"
    )


def number_to(largest: int) -> Callable[[str], int]:
    """Reads a number from 1 to `largest` on the command line."""

    def read_number(text: str) -> int:
        if not text.isdecimal() or not 1 <= int(text) <= largest:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {largest}")
        return int(text)

    return read_number


def start(home: Path, options: argparse.Namespace) -> int:
    """Start the cluster and print what to export."""
    wanted = {field.name: getattr(options, field.name) for field in fields(Kind)}
    asked = {name: value for name, value in wanted.items() if value is not None}
    kind = Kind(**asked)
    if kind.limits and not kind.accounting:
        raise LoopbackError("--limits needs accounting: leave out --no-accounting")
    provide_packages(kind.accounting)
    began = time.monotonic()
    cluster, started = lifecycle.start(home, kind)
    if any(getattr(cluster.site, name) != value for name, value in asked.items()):
        raise LoopbackError(f"{describe(cluster)} runs already in {home}: stop it before you start another kind")
    waited = f"is ready after {time.monotonic() - began:.1f} s ({', '.join(started)})"
    news = f"# {describe(cluster)} {waited if started else 'runs already'}"
    print("\n".join([news, exports(cluster), "# then try:  sinfo"]))
    return 0


def stop(home: Path, _: argparse.Namespace) -> int:
    """Stop the cluster."""
    cluster = lifecycle.stop(home)
    print(f"stopped {describe(cluster)}" if cluster else f"no Slurm runs in {home}")
    if cluster and os.environ.get("SLURM_CONF") == str(cluster.site.slurm_conf):
        print("# SLURM_CONF of this shell names what is gone now:  unset SLURM_CONF")
    return 0


def status(home: Path, _: argparse.Namespace) -> int:
    """Say what runs."""
    cluster = read(home)
    if not cluster or not cluster.running:
        print(f"no Slurm runs in {home}")
        return 3
    for name, process in cluster.processes.items():
        print(f"{name:10} {'running' if process.alive else 'DEAD':8} pid {process.pid:<8} {cluster.log(name)}")
    return 1 if cluster.dead else 0


def env(home: Path, _: argparse.Namespace) -> int:
    """Print the export lines of a running cluster."""
    cluster = read(home)
    if not cluster or not cluster.running:
        raise LoopbackError(f"no Slurm runs in {home}: start it first")
    print(exports(cluster))
    return 0


def hold(home: Path, options: argparse.Namespace) -> int:
    """Start the cluster for as long as the caller lives: a test that is killed leaves nothing behind."""
    status = start(home, options)
    sys.stdout.flush()
    os.close(1)  # the caller reads to the end of this output, then runs its tests
    try:
        sys.stdin.read()
    finally:
        lifecycle.stop(home)
    return status


def describe(cluster: Cluster) -> str:
    """One phrase: how many nodes, with or without accounting, and what else differs from the usual site."""
    site = cluster.site
    odd = [
        *(["limits enforced"] if site.limits else []),
        *([] if site.requeue else ["no requeue"]),
        *([] if site.max_array_size == Kind.max_array_size else [f"MaxArraySize {site.max_array_size}"]),
    ]
    return ", ".join([f"Slurm with {site.node_count} nodes {'and' if site.accounting else 'without'} accounting", *odd])


def exports(cluster: Cluster) -> str:
    """Shell lines that point Slurm's commands at the cluster."""
    lines = [f"export SLURM_CONF={shlex.quote(str(cluster.site.slurm_conf))}"]
    sbatch = find_program("sbatch")
    if sbatch and not shutil.which("sbatch"):
        lines.append(f'export PATH="$PATH:{Path(sbatch).parent}"')
    return "\n".join(lines)
