"""What Slurm's words mean: `hopeless` for the reason of a pending job, `submission_problem` for sbatch's errors."""

from typing import Literal

__all__ = ["Problem", "hopeless", "submission_problem", "worth_a_warning"]

Problem = Literal["limit", "busy", "refused"]

BUSY = ("Unable to contact slurm controller", "timed out", "Zero Bytes", "no answer within")


def hopeless(reason: str) -> str | None:  # noqa: ARG001
    """A sentence about a reason for which Slurm would let a job wait for ever, else None."""
    return None


def worth_a_warning(reason: str) -> str | None:  # noqa: ARG001
    """A sentence about a reason for which a job waits until a person does something, else None."""
    return None


def submission_problem(words: str) -> Problem:
    """What sbatch's error means for a submission."""
    return "busy" if any(word in words for word in BUSY) else "refused"
