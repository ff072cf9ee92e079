"""When which fault comes: a pure function of the seed, so that a run can be asked for again."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Event", "schedule"]

PAUSE = (2.0, 7.0)  # seconds between two faults
LENGTH = (0.5, 10.0)  # seconds for which one lasts, where it lasts


@dataclass(frozen=True)
class Event:
    """A fault `at` seconds after the start; `choice`, from 0 to 1, picks what it befalls; `length` is in seconds."""

    at: float
    fault: str
    length: float
    choice: float


def schedule(seed: int, seconds: float, faults: Sequence[str]) -> list[Event]:
    """The faults of so many seconds: each kind in turn, in an order that the seed shuffles, at its times."""
    chance = random.Random(seed)
    events: list[Event] = []
    kinds: list[str] = []
    at = chance.uniform(*PAUSE)
    while at < seconds:
        if not kinds:
            kinds = chance.sample(list(faults), len(faults))
        events.append(Event(at, kinds.pop(), chance.uniform(*LENGTH), chance.random()))
        at += chance.uniform(*PAUSE)
    return events
