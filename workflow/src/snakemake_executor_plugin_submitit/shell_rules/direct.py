"""A plain shell rule without a second Snakemake: its command, and in bash what Snakemake does around it.

    script = script_of_plain(job, workflow)     # a bash script, or None: then the inner Snakemake must run
    why_not_plain(job, workflow)                # why None: "it runs no shell command"; "" for a plain job

The inner Snakemake that a remote job normally starts parses the workflow again to do what bash does at once: wait for
inputs, refuse write-protected outputs, remove old outputs and logs, create folders, run the command, look for its
outputs. What is recorded or undone (touch(), ensure(), protected(), temp(), provenance, the removal of a failed job's
outputs) the head's Snakemake does for every job in any case. Which jobs are plain stands in `plain`, the functions of
the script in `direct.sh`; both were read against Snakemake 9.27: prepare in jobs.py, shell.py, executors/local.py,
wait_for_files and remove in io.
"""

import math
import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from snakemake.utils import format as snakemake_format

from .plain import NotPlainError, refuse_not_plain, refuse_not_plain_command

__all__ = ["script_of_plain", "why_not_plain"]

FUNCTIONS = Path(__file__).with_name("direct.sh").read_text(encoding="utf-8")
THREADS = ("OMP_NUM", "GOTO_NUM", "OPENBLAS_NUM", "MKL_NUM", "VECLIB_MAXIMUM", "NUMEXPR_NUM")
TMPDIRS = ("TMPDIR", "TMP", "TEMPDIR", "TEMP")


def script_of_plain(job: Any, workflow: Any) -> str | None:
    """The bash script that runs a Snakemake job as the inner Snakemake would, or None when the job is not plain.

    It is for bash in the head's working directory, and ends with the exit code of the command, or with 1 for inputs or
    outputs that are missing, write-protected or of the wrong kind. It says so in its last line.
    """
    try:
        return plain_script(job, workflow)
    except NotPlainError:
        return None


def why_not_plain(job: Any, workflow: Any) -> str:
    """The first reason why a job needs the inner Snakemake, empty for a plain job."""
    try:
        plain_script(job, workflow)
    except NotPlainError as reason:
        return str(reason)
    return ""


def plain_script(job: Any, workflow: Any) -> str:
    """The script; raises NotPlainError."""
    try:
        refuse_not_plain(job, workflow)
        command = command_of(job)
        refuse_not_plain_command(command, workflow)
        script = "\n".join([FUNCTIONS, *before(job, workflow), run(job, command), *after(job, workflow), ""])
        script.encode()
    except NotPlainError:
        raise
    except Exception as problem:  # the inner Snakemake will say what is wrong
        raise NotPlainError(f"it cannot be judged: {type(problem).__name__}: {problem}") from problem
    return script


def command_of(job: Any) -> str:
    """What Snakemake would hand to bash -c."""
    values = {name: getattr(job, name)._plainstrings() for name in ("input", "output", "log")}
    values |= {name: getattr(job, name) for name in ("params", "wildcards", "threads", "resources")}
    values |= {"rule": job.rule.name, "config": job.rule.run_func.__globals__.get("config")}
    return f"set -euo pipefail;  {snakemake_format(job.rule.shellcmd, **values)}".strip()


def before(job: Any, workflow: Any) -> Iterator[str]:
    """What Snakemake does before the command, in its order."""
    yield f"submitit_rule={shlex.quote(job.rule.name)}"
    yield array("files", (file for file in job.output if not file.is_directory))
    yield array("folders", (file for file in job.output if file.is_directory))
    yield array("logs", job.log)
    yield from (f"submitit_need_variable {shlex.quote(name)}" for name in sorted(declared(workflow)))
    yield f"{await_files(workflow)} '' {shlex.join(job.input)}"
    yield 'submitit_refuse_protected "${submitit_files[@]}" "${submitit_folders[@]}"'
    yield "submitit_remove_old"
    yield f"submitit_tmp={tmpdir_of(job)} || exit 1"
    parents = {str(Path(file).parent) for file in [*job.output, *job.log]}
    yield f'submitit_make_folders ${{submitit_tmp:+"$submitit_tmp"}} {shlex.join(sorted(parents))}'


def run(job: Any, command: str) -> str:
    """The command in the environment that Snakemake gives it."""
    variables = [f"{name}_THREADS={job.threads}" for name in THREADS]
    if tmpdir_of(job):
        variables += [f'{name}="$submitit_tmp"' for name in TMPDIRS]
    start = '"$BASH" -c "$submitit_command" || submitit_command_failed $?'
    return "\n".join([f"export {' '.join(variables)}", f"submitit_command={shlex.quote(command)}", start])


def after(job: Any, workflow: Any) -> Iterator[str]:
    """Outputs that are missing are found here: the head, which looks too, would hold all jobs up while it waits."""
    words = shlex.quote("Job completed successfully, but some output files are missing. ")
    awaited = [file for file in job.output if file not in job.touch_output]
    yield f"{await_files(workflow)} {words} {shlex.join(awaited)}"
    yield "submitit_refuse_wrong_kind"


def await_files(workflow: Any) -> str:
    """The start of a wait for files: how long, and how long between two looks."""
    wait = math.ceil(workflow.execution_settings.latency_wait)
    return f"submitit_await {wait} {max(wait / 10, 1):g}"


def array(name: str, files: Iterable[str]) -> str:
    """Files as an array of bash."""
    return f"submitit_{name}=({shlex.join(files)})"


def declared(workflow: Any) -> set[str]:
    """Environment variables that the workflow asks for."""
    return {*workflow.envvars, *workflow.remote_execution_settings.envvars}


def tmpdir_of(job: Any) -> str:
    """The tmpdir of a job as a word of bash, empty for none: system_tmpdir is that of the node."""
    resource = job.rule.resources.get("tmpdir")
    if resource is None or not resource.is_evaluable():
        return shlex.quote(str(resource.value)) if resource is not None and resource.value else ""
    if resource.raw == "system_tmpdir":
        return '"$(submitit_tmpdir)"'
    constant = re.fullmatch(r"(['\"]?)(/[\w./+-]+)\1", str(resource.raw))  # with or without quotes, Python sees a text
    if constant is None:
        raise NotPlainError("its tmpdir is an expression")
    return shlex.quote(constant[2])
