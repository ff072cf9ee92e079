"""Ctrl-C: the first cancels, after some seconds in which a second one leaves the jobs running instead."""

import time
from collections.abc import Callable

from .names import count_of

__all__ = ["chance_to_leave"]

SECONDS = 3.0


def chance_to_leave(jobs: int, cluster: str, say: Callable[[str], None], seconds: float = SECONDS) -> bool:
    """Whether the jobs are to go on without this head: a second Ctrl-C came within `seconds`."""
    if cluster != "slurm":
        return False
    say(f"Cancelling {count_of(jobs)} in {seconds:.0f} s. Ctrl-C again leaves {'it' if jobs == 1 else 'them'} running.")
    try:
        time.sleep(seconds)
    except KeyboardInterrupt:
        return True
    return False
