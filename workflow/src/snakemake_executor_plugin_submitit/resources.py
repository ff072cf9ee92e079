"""Snakemake's resources as submitit's parameters: the table below is the whole mapping.

| a rule's resource          | submitit                      | sbatch                              |
|----------------------------|-------------------------------|-------------------------------------|
| `runtime` (minutes)        | `timeout_min`                 | `--time`                            |
| `mem_mb`                   | `mem_gb`                      | `--mem`; 0 leaves it to the site    |
| `threads`, `cpus_per_task` | `cpus_per_task`               | `--cpus-per-task`                   |
| `gpu`, `gpus` (in all)     | `gpus_per_node`               | `--gpus-per-node`                   |
| `nodes`                    | `nodes`                       | `--nodes`                           |
| `tasks` (in all)           | `slurm_tasks_per_node`        | `--ntasks-per-node`                 |
| `slurm_partition`          | `slurm_partition`             | `--partition`                       |
| `slurm_account`            | `slurm_account`               | `--account`                         |
| `qos`                      | `slurm_qos`                   | `--qos`                             |
| `constraint`               | `slurm_constraint`            | `--constraint`                      |
| `slurm_extra` (options)    | `slurm_additional_parameters` | as written: `--exclusive --gres=x`  |

However many nodes and tasks a job asks for, its inner Snakemake runs once, on the first node; the rule's command
starts the rest with `srun` or torchrun.
"""

import difflib
import shlex
from collections.abc import Callable, Mapping
from typing import Any

from snakemake_interface_common.exceptions import WorkflowError

__all__ = ["Defaults", "parameters_of"]

Defaults = Mapping[str, int | str]

# Options that would take a job away from the plugin that waits for it.
OWN_OPTIONS = frozenset(
    [
        "array",
        "chdir",
        "error",
        "export_file",
        "job_name",
        "open_mode",
        "output",
        "parsable",
        "test_only",
        "wait",
        "wrap",
    ]
)
UNSET = (None, "", "<TBD>")  # <TBD>: what Snakemake leaves where an input did not exist yet


def at_least(least: int) -> Callable[[Any], int]:
    """A converter to a whole number of at least `least`."""

    def convert(value: Any) -> int:
        try:
            number = int(str(value))
        except ValueError:
            raise ValueError("is not a whole number") from None
        if number < least:
            raise ValueError(f"must be at least {least}")
        return number

    return convert


def word(value: Any) -> str:
    """One word for sbatch, without blanks or line breaks."""
    text = str(value)
    if text.split() != [text]:
        raise ValueError("must be one word")
    return text


def gigabytes(value: Any) -> float | None:
    """Megabytes as the gigabytes that submitit asks for; 0 as no request."""
    return at_least(0)(value) / 1024 or None


def sbatch_options(value: Any) -> dict[str, str | bool]:
    """`--key=value`, `--key value` and `--flag` as submitit's additional parameters.

    Raises ValueError when the text is no list of long options or holds one that the plugin sets itself.
    """
    options: dict[str, str | bool] = {}
    key = ""
    for token in shlex.split(str(value)):
        if token.startswith("--") and len(token) > 2:
            name, equals, setting = token[2:].partition("=")
            key = name.replace("-", "_")
            options[key] = setting if equals else True
        elif key and options[key] is True and not token.startswith("-"):
            options[key] = token
        else:
            raise ValueError(f"has {token!r} where a long option such as --exclusive or --gres=gpu:1 is expected")
    own = sorted(name.replace("_", "-") for name in OWN_OPTIONS & options.keys())
    if own:
        raise ValueError(f"sets --{own[0]}, which the plugin sets itself")
    return options


TABLE: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "runtime": ("timeout_min", at_least(1)),
    "mem_mb": ("mem_gb", gigabytes),
    "cpus_per_task": ("cpus_per_task", at_least(1)),
    "gpu": ("gpus_per_node", at_least(0)),
    "gpus": ("gpus_per_node", at_least(0)),
    "nodes": ("nodes", at_least(1)),
    "tasks": ("slurm_tasks_per_node", at_least(1)),
    "slurm_partition": ("slurm_partition", word),
    "slurm_account": ("slurm_account", word),
    "qos": ("slurm_qos", word),
    "constraint": ("slurm_constraint", str),
    "slurm_extra": ("slurm_additional_parameters", sbatch_options),
}


def parameters_of(job: Any, defaults: Defaults) -> dict[str, Any]:
    """The parameters of submitit's AutoExecutor for a Snakemake job.

    `defaults` are resources for jobs that do not name them. Raises WorkflowError, one line that names the rule and
    the resource, for a value that Slurm could not understand.
    """
    asked: dict[str, Any] = {"cpus_per_task": max(1, job.threads)}
    for given in (defaults, dict(job.resources.items())):
        asked |= {name: value for name, value in given.items() if value not in UNSET}
    try:
        refuse_unknown(asked)
        parameters = converted(asked)
        share_over_nodes(parameters)
    except ValueError as problem:
        raise WorkflowError(f"rule {job.name}: resource {problem}") from None
    return parameters | {"slurm_srun_args": srun_arguments(parameters)}


def refuse_unknown(asked: Mapping[str, Any]) -> None:
    """Raise ValueError for a misspelt resource of Slurm; any other name may be the workflow's own."""
    for name in asked:
        if name.startswith("slurm_") and name not in TABLE:
            near = difflib.get_close_matches(name, TABLE, n=1, cutoff=0.8)
            known = ", ".join(known for known in TABLE if known.startswith("slurm_"))
            raise ValueError(f"{name} is unknown; " + (f"did you mean {near[0]}?" if near else f"there are {known}"))


def converted(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The rows of the table that `asked` names, converted; raises ValueError naming the resource."""
    parameters: dict[str, Any] = {}
    for name, (parameter, convert) in TABLE.items():
        if name not in asked:
            continue
        try:
            value = convert(asked[name])
        except ValueError as problem:
            raise ValueError(f"{name}={asked[name]!r} {problem}") from None
        if parameters.setdefault(parameter, value) != value:
            raise ValueError(f"{name}={asked[name]!r} contradicts another resource for {parameter}: name one")
    return {name: value for name, value in parameters.items() if value not in UNSET}


def share_over_nodes(parameters: dict[str, Any]) -> None:
    """Turn totals into numbers per node, in place; raises ValueError when they do not divide."""
    nodes = parameters.get("nodes", 1)
    for name, parameter in (("gpus", "gpus_per_node"), ("tasks", "slurm_tasks_per_node")):
        total = parameters.get(parameter, 0)
        if total % nodes:
            raise ValueError(f"{name}={total} cannot be shared equally by nodes={nodes}")
        if total:
            parameters[parameter] = total // nodes
        else:
            parameters.pop(parameter, None)


def srun_arguments(parameters: Mapping[str, Any]) -> list[str]:
    """Arguments of the srun that starts the payload: once, with its CPUs, which Slurm does not pass on since 22.05."""
    arguments = [f"--cpus-per-task={parameters['cpus_per_task']}"]
    if parameters.get("nodes", 1) * parameters.get("slurm_tasks_per_node", 1) > 1:
        arguments += ["--nodes=1", "--ntasks=1", "--overlap"]
    return arguments
