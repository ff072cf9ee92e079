"""Slurm's commands behind wrappers that count their calls, and that fail or hang when a test says so.

with slurm.counted(folder) as calls:
    subprocess.run([...], env=calls.environment)  # PATH has the wrappers first
    assert calls["sbatch"] == 1  # calls outside of jobs; calls.in_jobs("scontrol") tells those inside
    with calls.failing("sacct", "Unable to contact slurmdbd"):
        ...

Jobs inherit the PATH of their sbatch, so what happens inside them is counted too, and apart. A daemon's own programs
and `Slurm.run` of the plain cluster are not behind wrappers.
"""

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

__all__ = ["COMMANDS", "Calls", "counted"]

COMMANDS = ("sbatch", "sacct", "squeue", "scontrol", "scancel", "sinfo", "srun", "sacctmgr", "sstat", "sprio")
PLACES = ("head", "jobs")

# A NUL ends each record, so that calls which write at the same moment are still counted one by one.
# `hang` lasts as long as its file, so that a caller who kills the wrapper leaves nothing that waits. A program that
# takes SLURM_CONF out of its environment, because sites have /etc/slurm, still meets this cluster.
WRAPPER = r"""#!/bin/sh
: "${{SLURM_CONF:={conf}}}"
export SLURM_CONF
place=head
[ -n "$SLURM_JOB_ID" ] && place=jobs
here='{folder}/{name}.'$place
printf '%s\0' "$*" >>"$here.calls"
while [ -e "$here.hang" ]; do sleep 0.1; done
if [ -e "$here.lose" ]; then '{program}' "$@" >/dev/null 2>&1; fi
if [ -e "$here.fail" ]; then cat "$here.fail" >&2; exit 1; fi
exec '{program}' "$@"
"""


class Calls(Mapping[str, int]):
    """The calls of each command outside of jobs: `calls["sbatch"]`; `environment` is what to run things in."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.environment = {**environment, "PATH": f"{folder}:{environment['PATH']}"}

    def __getitem__(self, command: str) -> int:
        return len(self.arguments(command))

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)

    def in_jobs(self, command: str) -> int:
        """How often a command was called inside jobs."""
        return len(self.arguments(command, "jobs"))

    def arguments(self, command: str, place: str = "head") -> list[str]:
        """The arguments of each call, joined by spaces, in the order of the calls."""
        record = self.note(command, place, "calls")
        return record.read_text(errors="replace").split("\0")[:-1] if record.exists() else []

    @contextlib.contextmanager
    def failing(
        self, command: str, message: str, places: tuple[str, ...] = PLACES, *, done: bool = False
    ) -> Iterator[None]:
        """The command says `message` and exits with 1; with `done` only its answer is lost."""
        with contextlib.ExitStack() as faults:
            for place in places:
                faults.enter_context(self.noted(command, place, "fail", message + "\n"))
                if done:
                    faults.enter_context(self.noted(command, place, "lose"))
            yield

    @contextlib.contextmanager
    def hanging(self, command: str, places: tuple[str, ...] = PLACES) -> Iterator[None]:
        """The command does not answer; calls that still wait at the end of this block then go on."""
        with contextlib.ExitStack() as faults:
            for place in places:
                faults.enter_context(self.noted(command, place, "hang"))
            yield

    @contextlib.contextmanager
    def noted(self, command: str, place: str, fault: str, text: str = "") -> Iterator[None]:
        """A fault's file, there for this block, and whole from its first moment."""
        note, new = self.note(command, place, fault), self.note(command, place, f"{fault}.new")
        new.write_text(text)
        new.replace(note)
        try:
            yield
        finally:
            note.unlink(missing_ok=True)

    def note(self, command: str, place: str, kind: str) -> Path:
        """The file of a command's calls, or of one of its faults."""
        if command not in COMMANDS or place not in PLACES:
            raise ValueError(f"{command} in {place}: choose of {', '.join(COMMANDS)} in {' or '.join(PLACES)}")
        return self.folder / f"{command}.{place}.{kind}"


def counted(folder: Path, environment: Mapping[str, str]) -> Calls:
    """Write wrappers of the commands that this environment has into a folder (made if need be)."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if "'" in str(folder):
        raise ValueError(f"{folder}: a quote in the path of the wrappers")
    for name in COMMANDS:
        program = shutil.which(name, path=environment["PATH"])
        if program:
            wrapper = folder / name
            conf = environment["SLURM_CONF"]
            wrapper.write_text(WRAPPER.format(folder=folder, name=name, program=program, conf=conf))
            wrapper.chmod(0o755)
    return Calls(folder, environment)
