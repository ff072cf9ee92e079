"""What runs inside a submitted job: the inner Snakemake, once, its output appended to a log that a person finds.

`Payload` is pickled by submitit at submission and called in the job. The chain below it (bash, the inner Snakemake,
the rule's command) is a process group of its own that ignores SIGUSR2, the warning before a time limit or a
preemption: a program of the rule that wants the warning installs its own handler.
"""

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

__all__ = ["Payload", "PayloadError", "rule_environment"]

# Variables of the step that started the payload. A rule's command must see what it would see in a batch
# script: what belongs to the job (SLURM_JOB_*, SLURM_CONF, CUDA_VISIBLE_DEVICES) stays, the step's own goes,
# else a library that looks for them believes it is one task of an srun, or an inner srun inherits a binding.
STEP_VARIABLES = (
    "SLURM_CPU_BIND",
    "SLURM_DISTRIBUTION",
    "SLURM_GTIDS",
    "SLURM_LAUNCH_NODE",
    "SLURM_LOCALID",
    "SLURM_MEM_BIND",
    "SLURM_NODEID",
    "SLURM_PROCID",
    "SLURM_SRUN_COMM",
    "SLURM_STEP",
    "SLURM_TASK_PID",
    "PMI_",
    "PMIX_",
    "SUBMITIT_",
)
SECONDS_TO_END = 0.5  # between SIGTERM and SIGKILL; submitit's local controller gives its task one second


class PayloadError(RuntimeError):
    """The inner Snakemake ended with an exit code other than 0."""


@dataclass(frozen=True)
class Payload:
    """The command of one job: call it where the job runs.

    `log` is relative to `workdir` or absolute; `title` names the job in the log. Raises PayloadError when the
    command fails, so that submitit reports the job as failed.
    """

    command: str
    workdir: str
    log: str
    title: str

    def __call__(self) -> None:
        log = Path(self.workdir, self.log)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as stream:
            print(self.heading(), file=stream, flush=True)
            code = run_chain(self.command, self.workdir, stream)
        if code:
            raise PayloadError(f"exit code {code}" if code > 0 else f"killed by signal {-code}")

    def heading(self) -> str:
        """The line that starts this attempt's part of the log."""
        array, index = (os.environ.get(f"SLURM_ARRAY_{part}_ID") for part in ("JOB", "TASK"))
        job = f"{array}_{index}" if array else os.environ.get("SLURM_JOB_ID", str(os.getpid()))
        return f"=== {self.title}: job {job} on {socket.gethostname()}, {time.strftime('%Y-%m-%d %H:%M:%S')}"


def rule_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` without the variables of the step that started the payload."""
    return {name: value for name, value in environment.items() if not name.startswith(STEP_VARIABLES)}


def run_chain(command: str, workdir: str, output: IO[str]) -> int:
    """Run `command` in bash and return its exit code; whatever interrupts the wait ends the whole chain first."""
    with script_of(command) as script:
        chain = subprocess.Popen(
            ["bash", script],
            cwd=workdir,
            env=rule_environment(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return chain.wait()
        except BaseException:
            end_chain(chain)
            raise


@contextmanager
def script_of(command: str) -> Iterator[str]:
    """A file that holds the command: as one argument it may be longer than the kernel allows."""
    with tempfile.NamedTemporaryFile("w", prefix="snakemake-job-", suffix=".sh") as script:
        script.write(f"trap '' USR2\n{command}\n")
        script.flush()
        yield script.name


def end_chain(chain: "subprocess.Popen[bytes]") -> None:
    """End every process of the chain: SIGTERM, a moment to tidy up, SIGKILL."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave half of it running
    try:
        for number, patience in ((signal.SIGTERM, SECONDS_TO_END), (signal.SIGKILL, None)):
            with suppress(ProcessLookupError):
                os.killpg(chain.pid, number)
            with suppress(subprocess.TimeoutExpired):
                chain.wait(patience)
    finally:
        signal.signal(signal.SIGINT, before)
