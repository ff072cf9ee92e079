"""Programs of Slurm that may fail or hang: each call has an end, and one that does not answer is left alone a while.

    programs = Programs(logger.warning)
    programs.ask(["squeue", "--me"])       # what it prints, or None
    programs.told(["scancel", "1234"])     # "", or what it complained of

A program that fails or hangs is named once in a warning and then not asked for half a minute at first, ten minutes at
most; a second line says when it answers again.
"""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

__all__ = ["SECONDS", "Programs"]

SECONDS = 30.0  # a program that takes longer does not answer
FIRST_WAIT, LONGEST_WAIT = 30.0, 600.0  # seconds in which a program that failed is not asked
NO_ACCOUNTING = "accounting storage is disabled"
NO_ACCOUNTING_WAIT = 3600.0  # whoever administers the site may turn accounting on
PREFIXES = ("SQUEUE_", "SACCT_", "SCANCEL_", "SCONTROL_")  # a person's own filters and formats would change answers
PREFIX = re.compile(r"^((sacct|squeue|scancel|scontrol): )?(error: )?(Kill job error on job id \S+: )?")


@dataclass(frozen=True)
class Answer:
    """Output and complaints of a program; `ok` when it ended with 0."""

    ok: bool
    output: str
    words: str


@dataclass
class Outage:
    """A program that does not answer: what it last said, until when it is left alone, and the wait after that."""

    words: str
    until: float
    wait: float


class Programs:
    """Slurm's programs; `warn` is called with one line when one of them fails or answers again."""

    def __init__(
        self, warn: Callable[[str], None], clock: Callable[[], float] = time.monotonic, seconds: float = SECONDS
    ) -> None:
        self.warn, self.clock, self.seconds = warn, clock, seconds
        self.outages: dict[str, Outage] = {}

    def ask(self, command: Sequence[str], empty: str = "") -> str | None:
        """What a program prints, or None when it does not answer; a failure with the words `empty` is an answer."""
        if self.resting(command[0]):
            return None
        answer = run(command, self.seconds)
        if answer.ok or (empty and empty in answer.words):
            self.answered(command[0])
            return answer.output
        self.unanswered(command[0], answer.words)
        return None

    def told(self, command: Sequence[str], harmless: Sequence[str] = ()) -> str:
        """Run a command that changes something; what it complains of, without lines that are `harmless`."""
        answer = run(command, self.seconds)
        if answer.ok:
            return ""
        lines = complaints(answer.words) or ["no reason given"]
        return "; ".join(line for line in lines if not any(word in line for word in harmless))

    def resting(self, program: str) -> bool:
        """Whether a program that failed is to be left alone for now."""
        outage = self.outages.get(program)
        return outage is not None and self.clock() < outage.until

    def answered(self, program: str) -> None:
        """Note that a program answers, and say so if it did not."""
        if self.outages.pop(program, None):
            self.warn(f"{program} answers again")

    def unanswered(self, program: str, words: str) -> None:
        """Note that a program fails, warn the first time, and leave it alone, each time for longer."""
        words = "; ".join(complaints(words)) or "no reason given"
        before = self.outages.get(program)
        if not before:
            self.warn(warning(program, words))
        wait = NO_ACCOUNTING_WAIT if NO_ACCOUNTING in words else before.wait if before else FIRST_WAIT
        self.outages[program] = Outage(words, self.clock() + wait, min(2 * wait, LONGEST_WAIT))

    def last_words(self, program: str) -> str:
        """What a program that does not answer complained of; empty for one that answers."""
        outage = self.outages.get(program)
        return outage.words if outage else ""


def complaints(words: str) -> list[str]:
    """Each thing that Slurm complained of, once, without the program's name and the job's number before it."""
    lines = (PREFIX.sub("", line.strip()) for line in words.splitlines())
    return list(dict.fromkeys(line for line in lines if line))


def warning(program: str, words: str) -> str:
    """One line about a program that does not answer: the last thing it said tells most."""
    if NO_ACCOUNTING in words:
        return f"this site keeps no accounts of its jobs ({program}: {words}); squeue is asked instead"
    return f"{program} does not answer ({words.rpartition('; ')[2]}); going on without it"


def run(command: Sequence[str], seconds: float) -> Answer:
    """Run a program in a session of its own, which Ctrl-C in the terminal does not reach; never raises OSError."""
    try:
        process = subprocess.Popen(
            command,
            env=environment(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as problem:
        return Answer(False, "", str(problem))
    try:
        output, words = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return Answer(False, "", f"no answer within {seconds:g} s")
    finally:
        end(process)
    return Answer(process.returncode == 0, output, words.strip())


def end(process: subprocess.Popen[str]) -> None:
    """End a program that hangs, and what it started; one that even SIGKILL does not reach is left behind."""
    if process.returncode is None:
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=1)


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """`given` without a person's own filters and formats, and with ranges of arrays printed whole."""
    return {name: value for name, value in given.items() if not name.startswith(PREFIXES)} | {"SLURM_BITSTR_LEN": "0"}
