"""The processes below a payload: bash and what it starts, in a process group of their own."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from typing import IO

__all__ = ["Chain", "rule_environment"]

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


class Chain:
    """A command in bash, from entering the block on; leaving it early, by an exception, ends every process of it."""

    def __init__(self, command: str, workdir: str, output: IO[str], variables: Mapping[str, str]) -> None:
        self.command, self.workdir, self.output = command, workdir, output
        self.environment = rule_environment(os.environ) | dict(variables)

    def __enter__(self) -> "Chain":
        # As one argument, a command may be longer than the kernel allows.
        self.script = tempfile.NamedTemporaryFile("w", prefix="snakemake-job-", suffix=".sh")
        self.script.write(f"trap '' USR2\n{self.command}\n")
        self.script.flush()
        pressed: list[int] = []  # Ctrl-C while bash starts: nobody could end it yet
        before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
        try:
            self.process = self.start()
        finally:
            signal.signal(signal.SIGINT, before)
        if pressed:
            self.__exit__()
            signal.raise_signal(signal.SIGINT)
        return self

    def start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["bash", self.script.name],
            cwd=self.workdir,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def __exit__(self, *raised: object) -> None:
        if self.process.returncode is None:
            self.end()
        self.script.close()

    def wait(self) -> int:
        """The exit code, negative for a signal."""
        return self.process.wait()

    def warn(self) -> None:
        """Hand the warning on; those that did not ask for it ignore it."""
        self.signal(signal.SIGUSR2)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)

    def signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def end(self) -> None:
        """End every process: SIGTERM, a moment to tidy up, SIGKILL."""
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave half of it running
        try:
            for number, patience in ((signal.SIGTERM, SECONDS_TO_END), (signal.SIGKILL, None)):
                self.signal(number)
                with suppress(subprocess.TimeoutExpired):
                    self.process.wait(patience)
        finally:
            signal.signal(signal.SIGINT, before)


def rule_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` without the variables of the step that started the payload."""
    return {name: value for name, value in environment.items() if not name.startswith(STEP_VARIABLES)}
