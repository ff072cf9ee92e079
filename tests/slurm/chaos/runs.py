"""One quiet run, and rounds of the same grid under faults until the time is up and the last round is done."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from loopback.client import Slurm
from loopback.processes import wait_until

from .faults import FAULTS, strike
from .grids import Grid
from .head import Head
from .schedule import Event, schedule
from .verdict import differences, repeated, twice
from .witness import attempts
from .world import Ended, NothingToHit, World

__all__ = ["Outcome", "Plan", "Quiet", "quiet_run", "run_under_faults"]

SECONDS_FOR_QUIET = 1200
SECONDS_TO_END = 900  # for the last round, when the faults are over
SECONDS_TO_EMPTY = 90  # for the queue, when the head is done: submitit looks a minute for files of a lost submission
HEADS_TO_END = 5  # starts of the head, when the faults are over
SECONDS_TO_FIND = 6  # a job, a process or a node for a fault
TICK = 0.1


@dataclass(frozen=True)
class Plan:
    """What is asked for."""

    grid: Grid
    seed: int
    seconds: float
    faults: tuple[str, ...]
    retries: int


@dataclass(frozen=True)
class Quiet:
    """What a run without faults gives."""

    files: dict[str, bytes]
    starts: int
    submissions: int


@dataclass
class Outcome:
    """What became of the rounds under faults; no `breaches`: all is well."""

    quiet: Quiet
    breaches: list[str] = field(default_factory=list)
    struck: list[str] = field(default_factory=list)
    rounds: int = 0
    starts: int = 0
    submissions: int = 0
    heads: int = 0
    failed_heads: int = 0


def quiet_run(slurm: Slurm, folder: Path, plan: Plan) -> Quiet:
    """Run the grid without faults. Raises AssertionError where that fails."""
    world = new_world(slurm, folder, plan)
    began = time.monotonic()
    try:
        world.head.start()
        wait_until(lambda: not world.head.alive, SECONDS_FOR_QUIET)
    finally:
        world.head.kill()
    assert world.head.done, f"the quiet run failed, see {folder / 'head.log'}"
    files = plan.grid.files(folder)
    world.say(f"quiet run: {len(files)} files after {time.monotonic() - began:.1f} s")
    return Quiet(files, len(attempts(world.witnesses)), world.calls["sbatch"])


def new_world(slurm: Slurm, folder: Path, plan: Plan) -> World:
    """A new round: a prepared folder, counted commands, a head that is not yet started."""
    plan.grid.prepare(folder)
    with slurm.counted(folder / "bin") as calls:
        environment = plan.grid.environment(folder, calls.environment)
    head = Head(plan.grid.command(folder, plan.retries), folder, environment, print)
    return World(slurm, calls, head, folder / "witness")


def run_under_faults(slurm: Slurm, folder: Path, plan: Plan, quiet: Quiet) -> Outcome:
    """Rounds until the time is up; each is held against the quiet run when it is done."""
    outcome = Outcome(quiet)
    events = schedule(plan.seed, plan.seconds, plan.faults)
    began = time.monotonic()
    while not outcome.breaches and (outcome.rounds == 0 or events):
        outcome.rounds += 1
        world = new_world(slurm, folder / f"round{outcome.rounds}", plan)
        world.began = began
        world.say(f"round {outcome.rounds}")
        try:
            ended_well = Round(world, events).play()
        finally:
            world.head.kill()
        take_stock(outcome, world, plan, folder / f"round{outcome.rounds}", ended_well)
    return outcome


class Round:
    """One grid to its end; takes the events that befall it from the list, and ends every fault that it began."""

    def __init__(self, world: World, events: list[Event]) -> None:
        self.world, self.events = world, events
        self.lasting: list[Ended] = []

    def play(self) -> bool:
        """Whether the head ended well."""
        self.world.head.start()
        while self.events and not (self.world.head.done and "head" not in self.world.away):
            self.tick()
        self.end_all()
        return self.last_heads()

    def tick(self) -> None:
        """End what is due, keep the head going, let the next fault happen when its time has come."""
        self.end_due()
        self.keep_head()
        late = time.monotonic() - self.world.began - self.events[0].at
        if late >= 0:
            self.let_happen(self.events[0], late)
        time.sleep(TICK)

    def let_happen(self, event: Event, late: float) -> None:
        """Let a fault happen; one that finds nothing to hit waits for some seconds."""
        try:
            ended = strike(self.world, event)
            self.lasting += [ended] if ended else []
        except NothingToHit:
            if late < SECONDS_TO_FIND:
                return
            self.world.say(f"{event.fault}: nothing to hit")
        self.events.remove(event)

    def keep_head(self) -> None:
        """Start a head again that has ended by itself with an error."""
        head = self.world.head
        if not head.alive and not head.done and "head" not in self.world.away:
            self.world.say("the head ended with an error, and is started again")
            head.errors += 1
            head.start()

    def end_due(self, *, all_of_them: bool = False) -> None:
        """End the faults whose time is up, slurmctld's first: others may need it."""
        for ended in sorted(self.lasting, key=lambda one: one.needs_controller):
            away = ended.needs_controller and "slurmctld" in self.world.away
            if (all_of_them or time.monotonic() >= ended.due) and not away:
                self.lasting.remove(ended)
                ended.action()
                self.world.say(f"{ended.fault} is back")

    def end_all(self) -> None:
        """End every fault."""
        self.end_due(all_of_them=True)

    def last_heads(self) -> bool:
        """Without faults: start the head until it ends well, some times at most."""
        head = self.world.head
        until = time.monotonic() + SECONDS_TO_END
        for _ in range(HEADS_TO_END):
            wait_until(lambda: not head.alive, until - time.monotonic(), TICK)
            if head.done or head.alive:
                break
            self.world.say("the head ended with an error, and is started again, without faults")
            head.errors += 1
            head.start()
        return head.done


def take_stock(outcome: Outcome, world: World, plan: Plan, folder: Path, ended_well: bool) -> None:
    """Count a round, and note every breach."""
    emptied = wait_until(lambda: queue(world) == "", SECONDS_TO_EMPTY, 0.5)
    found = attempts(world.witnesses)
    breaches = [] if ended_well else [f"the head did not come to its end, see {folder / 'head.log'}"]
    breaches += [] if emptied else [f"left in the queue: {queue(world)}"]
    breaches += differences(outcome.quiet.files, plan.grid.files(folder))
    if not any(FAULTS[name].two_copies for name in plan.faults):
        breaches += twice(found)
    if not world.touched_jobs and not world.head.errors:
        breaches += repeated(found, plan.grid.trainings)
    world.say(f"round {outcome.rounds}: {len(found)} starts of trainings, {len(breaches)} breaches")
    outcome.breaches += breaches
    outcome.struck += world.struck
    outcome.starts += len(found)
    outcome.submissions += world.calls["sbatch"]
    outcome.heads += world.head.starts
    outcome.failed_heads += world.head.errors


def queue(world: World) -> str:
    """The jobs that Slurm still has."""
    told = world.slurm.run("squeue", "-h", "-o", "%i %T", check=False)
    return "; ".join(told.stdout.split("\n")[:-1])
