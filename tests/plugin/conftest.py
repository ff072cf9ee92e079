"""A Snakemake job as the plugin sees it, and a Slurm that is a table in a folder."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

PROGRAMS = {
    # The answer of the real sbatch; scripts, their comments and the environment are kept. One that `times_out` has
    # taken the job all the same.
    "sbatch": """
        id=$(cat "$0.next" 2>/dev/null || echo 42); echo $((id + 1)) > "$0.next"
        cat "$1" > "$0.script"; cat "$1" > "$0.script.$id"; env > "$0.environment"
        sed -n "s/^#SBATCH --comment=/$id|/p" "$1" >> "$(dirname "$0")/squeue.comments"
        if [ -e "$0.times_out" ]; then echo "sbatch: error: Socket timed out on send/recv operation" >&2; exit 1; fi
        echo "Submitted batch job $id" """,
    "sacct": """
        case "$*" in *" -n "*) ;; *) echo "JobID|State" ;; esac; cat "$0.table" """,
    "squeue": """
        case "$*" in
            *%k*) [ -s "$0.comments" ] && cat "$0.comments" || cat "$0.table" ;;
            *%r*) [ -s "$0.reasons" ] && cat "$0.reasons" || cat "$0.table" ;;
            *" -h "*) cat "$0.table" ;;
            *) echo "JOBID|STATE"; cat "$0.table" ;;
        esac""",
    "scancel": "",
    "scontrol": """
        case "$*" in *config) cat "$0.config" ;; *) cat "$0.table" ;; esac""",
    "srun": "exit 1",
}
# Every program notes its arguments, then hangs or refuses if a test says so.
FIRST = """#!/bin/sh
echo "{name} $*" >> "$(dirname "$0")/calls"
if [ -e "$0.hangs" ]; then sleep 600; fi
if [ -s "$0.refuses" ]; then cat "$0.refuses" >&2; exit 1; fi
"""


@dataclass
class FakeJob:
    """What the plugin reads of a Snakemake job."""

    name: str = "train"
    wildcards_dict: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, Any] = field(default_factory=dict)
    threads: int = 1
    group: str = ""
    jobid: int | str = 1
    input: Sequence[str] = ()
    output: Sequence[str] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    shellcmd: str = ""
    jobs: Sequence["FakeJob"] = ()

    @property
    def rule(self) -> SimpleNamespace:
        return SimpleNamespace(name=self.name)

    def is_group(self) -> bool:
        return bool(self.group)


class FakeSlurm:
    """Slurm's commands, first on the PATH: each answers from a table or refuses, and notes its arguments."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, body in PROGRAMS.items():
            program = folder / name
            program.write_text(f"{FIRST.format(name=name)}{body}\n")
            program.chmod(0o755)
            (folder / f"{name}.table").touch()
        (folder / "scontrol.config").touch()

    def refuse(self, command: str, words: str) -> None:
        """Let a command fail with these words; no words let it answer again."""
        (self.folder / f"{command}.refuses").write_text(words)

    def hang(self, command: str, hangs: bool = True) -> None:
        """Let a command take for ever, or answer again."""
        flag = self.folder / f"{command}.hangs"
        flag.touch() if hangs else flag.unlink()

    def output(self, command: str, text: str) -> None:
        """What a command prints; for `scontrol show config`, the command is `config`."""
        (self.folder / ("scontrol.config" if command == "config" else f"{command}.table")).write_text(text)

    def table(self, command: str, **states: str) -> None:
        """What sacct or squeue knows: `j7_1="RUNNING"` is job 7_1."""
        rows = "".join(f"{job[1:]}|{state}\n" for job, state in states.items())
        (self.folder / f"{command}.table").write_text(rows)

    @property
    def calls(self) -> list[str]:
        """The commands so far, with their arguments."""
        calls = self.folder / "calls"
        return calls.read_text().splitlines() if calls.exists() else []

    @property
    def script(self) -> str:
        """The script of the last sbatch."""
        return (self.folder / "sbatch.script").read_text()

    @property
    def scripts(self) -> dict[int, str]:
        """The scripts that sbatch has accepted, by their numbers, in order."""
        kept = {int(path.suffix[1:]): path for path in self.folder.glob("sbatch.script.*")}
        return {number: kept[number].read_text() for number in sorted(kept)}

    def called(self, command: str) -> list[str]:
        """The arguments of each call of a command so far."""
        return [call.partition(" ")[2] for call in self.calls if call.split()[0] == command]

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the last sbatch."""
        lines = (self.folder / "sbatch.environment").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)


@pytest.fixture
def fake_slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    """Slurm's commands without a Slurm."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return FakeSlurm(folder)


@pytest.fixture
def job() -> type[FakeJob]:
    """Makes fake jobs: `job(name, wildcards_dict, resources, threads)`."""
    return FakeJob
