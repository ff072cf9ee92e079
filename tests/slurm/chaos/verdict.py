"""What must hold when the faults are over; each breach is one line for a person."""

from collections.abc import Mapping, Sequence

from .witness import Attempt, together

__all__ = ["differences", "repeated", "twice"]


def differences(quiet: Mapping[str, bytes], found: Mapping[str, bytes]) -> list[str]:
    """Files that are lost, that differ, or that should not be there."""
    lost = [f"lost: {name}" for name in sorted(quiet.keys() - found.keys())]
    other = [f"differs: {name}" for name in sorted(quiet.keys() & found.keys()) if quiet[name] != found[name]]
    return lost + other + [f"unexpected: {name}" for name in sorted(found.keys() - quiet.keys())]


def twice(attempts: Sequence[Attempt]) -> list[str]:
    """Trainings that ran twice at once."""
    return [
        f"twice at once: {one.name} as {one.job} on {one.node} and, {one.seen - two.start:.1f} s before its end, "
        f"as {two.job} on {two.node}"
        for one, two in together(list(attempts))
    ]


def repeated(attempts: Sequence[Attempt], trainings: int) -> list[str]:
    """Where no fault has touched a job: every training was started once."""
    starts = len(attempts)
    return [] if starts == trainings else [f"{starts} starts of {trainings} trainings, though no fault touched a job"]
