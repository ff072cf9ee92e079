"""The faults by name. Each takes the world and its event, and returns how it ends, if it lasts.

Those in `DEFAULT` must change no result and no training may run twice at once under them. `node-lost` is left out of
it: a node without network trains on beside the new copy, until that copy's lease stops it. So is `slurmctld-crashed`:
Slurm then forgets jobs of the last seconds.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

from loopback.faults import crash_node, return_node, start_daemon, stop_daemon

from .schedule import Event
from .world import Ended, NothingToHit, World

__all__ = ["DEFAULT", "FAULTS", "Fault", "strike"]

REFUSALS = (
    "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)",
    "sbatch: error: QOSMaxSubmitJobPerUserLimit\n"
    "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy "
    "(job submit limit, user's size and/or time limits)",
    "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation",
)


@dataclass(frozen=True)
class Fault:
    """`touches_jobs`: attempts end by it; `two_copies`: it makes two copies of a job run at once."""

    strike: Callable[[World, Event], Ended | None]
    touches_jobs: bool = False
    needs_controller: bool = False
    two_copies: bool = False


def strike(world: World, event: Event) -> Ended | None:
    """Let one fault happen, say so, and return how it ends, if it lasts. Raises NothingToHit."""
    fault = FAULTS[event.fault]
    if fault.needs_controller and "slurmctld" in world.away:
        raise NothingToHit
    ended = fault.strike(world, event)
    world.struck.append(event.fault)
    world.touched_jobs |= fault.touches_jobs
    return ended


def head_killed(world: World, event: Event) -> Ended:
    if not world.head.alive:
        raise NothingToHit
    world.head.kill()
    return gone(world, event, "head", world.head.start, length=event.length / 2)


def head_interrupted(world: World, event: Event) -> Ended:
    if not world.head.alive:
        raise NothingToHit
    began = time.monotonic()
    world.head.interrupt()
    world.say(f"head-interrupted: ended after {time.monotonic() - began:.1f} s")
    return gone(world, event, "head", world.head.start, length=event.length / 2)


def payload_killed(world: World, event: Event) -> None:
    victim = world.pick(world.payloads(), event.choice)
    world.say(f"payload-killed: pid {victim.pid}")
    world.kill_tree(victim)


def rule_killed(world: World, event: Event) -> None:
    victim = world.pick(world.trainers(), event.choice)
    world.say(f"rule-killed: pid {victim.pid}")
    victim.signal(9)


def warned(world: World, event: Event) -> None:
    job = world.pick(world.running_jobs(), event.choice)
    world.say(f"warned: {job}")
    world.slurm.run("scancel", "--signal=USR2", job, check=False)


def requeued(world: World, event: Event) -> None:
    job = world.pick(world.running_jobs(), event.choice)
    world.say(f"requeued: {job}")
    world.slurm.run("scontrol", "requeue", job, check=False)


def node_crashed(world: World, event: Event, *, with_jobs: bool = True) -> Ended:
    cluster = world.slurm.cluster
    node = world.pick([name for name in cluster.site.node_names if name in cluster.processes], event.choice)
    if sum(name in cluster.processes for name in cluster.site.node_names) == 1:
        raise NothingToHit
    crash_node(world.slurm, node, with_jobs=with_jobs)
    return gone(world, event, node, partial(return_node, world.slurm, node), needs_controller=True)


def daemon_stopped(world: World, event: Event, name: str, *, kill_it: bool = False) -> Ended:
    if name in world.away:
        raise NothingToHit
    stop_daemon(world.slurm, name, kill_it=kill_it)
    return gone(world, event, name, partial(start_daemon, world.slurm, name))


def command_fails(world: World, event: Event, command: str, messages: tuple[str, ...], *, done: bool = False) -> Ended:
    message = world.pick(list(messages), event.choice)
    return lasts(world, event, command, world.calls.failing(command, message, done=done))


def command_hangs(world: World, event: Event, command: str) -> Ended:
    return lasts(world, event, command, world.calls.hanging(command))


def lasts(world: World, event: Event, command: str, fault: AbstractContextManager[None]) -> Ended:
    """A fault of a command, one at a time for each."""
    if command in world.away:
        raise NothingToHit
    fault.__enter__()
    return gone(world, event, command, lambda: fault.__exit__(None, None, None))


def gone(
    world: World,
    event: Event,
    what: str,
    back: Callable[[], object],
    *,
    length: float | None = None,
    needs_controller: bool = False,
) -> Ended:
    """Something is away for a while."""
    seconds = event.length if length is None else length
    world.away.add(what)
    world.say(f"{event.fault}: {what} for {seconds:.1f} s")

    def come_back() -> None:
        back()
        world.away.discard(what)

    return Ended(time.monotonic() + seconds, f"{event.fault}: {what}", come_back, needs_controller)


FAULTS = {
    "head-killed": Fault(head_killed),
    "head-interrupted": Fault(head_interrupted, touches_jobs=True),
    "payload-killed": Fault(payload_killed, touches_jobs=True),
    "rule-killed": Fault(rule_killed, touches_jobs=True),
    "warned": Fault(warned, touches_jobs=True, needs_controller=True),
    "requeued": Fault(requeued, touches_jobs=True, needs_controller=True),
    "node-crashed": Fault(node_crashed, touches_jobs=True, needs_controller=True),
    "slurmctld-restarted": Fault(partial(daemon_stopped, name="slurmctld")),
    "slurmdbd-stopped": Fault(partial(daemon_stopped, name="slurmdbd")),
    "sbatch-refused": Fault(partial(command_fails, command="sbatch", messages=REFUSALS)),
    "sbatch-answer-lost": Fault(partial(command_fails, command="sbatch", messages=REFUSALS[2:], done=True)),
    "sacct-hangs": Fault(partial(command_hangs, command="sacct")),
    "squeue-fails": Fault(
        partial(
            command_fails, command="squeue", messages=("slurm_load_jobs error: Unable to contact slurm controller",)
        )
    ),
    "scontrol-missing": Fault(partial(command_fails, command="scontrol", messages=("scontrol: command not found",))),
    "node-lost": Fault(
        partial(node_crashed, with_jobs=False), touches_jobs=True, needs_controller=True, two_copies=True
    ),
    "slurmctld-crashed": Fault(
        partial(daemon_stopped, name="slurmctld", kill_it=True), touches_jobs=True, two_copies=True
    ),
}
DEFAULT = tuple(name for name, fault in FAULTS.items() if not fault.two_copies)
