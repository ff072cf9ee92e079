"""Snakemake's resources as submitit's parameters: the table below is the whole mapping.

| a rule's resource             | sbatch                | notes                                                        |
|-------------------------------|-----------------------|--------------------------------------------------------------|
| `runtime` (minutes)           | `--time`              |                                                              |
| `mem_mb` (on each node)       | `--mem`               | 0 leaves it to the site                                      |
| `mem_mb_per_cpu`              | `--mem-per-cpu`       | counts more than `mem_mb`                                    |
| `threads`, `cpus_per_task`    | `--cpus-per-task`     | the latter counts more                                       |
| `cpus_per_gpu`                | `--cpus-per-task`     | shared by the tasks of a node                                |
| `gpu`, `gpus` (in all)        | `--gpus-per-node`     |                                                              |
| `gpu_model`                   | `--gpus-per-node`     | `gpu=2, gpu_model="a100"` asks for `a100:2`                  |
| `gres`                        | `--gres`              | for GPUs instead of `gpu`, not beside it                     |
| `nodes`                       | `--nodes`             |                                                              |
| `tasks` (in all)              | `--ntasks-per-node`   | or `tasks_per_node`, or `tasks_per_gpu`                      |
| `slurm_partition`             | `--partition`         |                                                              |
| `slurm_account`               | `--account`           |                                                              |
| `qos`, `constraint`           | `--qos, --constraint` |                                                              |
| `exclude` (nodes)             | `--exclude`           | nodes that failed are added to it                            |
| `warning_seconds`             | `--signal`            | before the time limit; 90, and at most half of `runtime`     |
| `requeues`                    |                       | how often a job of this rule may be requeued                 |
| `slurm_extra` (long options)  | as written            | `--exclusive --reservation=course --licenses=matlab`         |

They carry the names of snakemake-executor-plugin-slurm, so profiles work with both. Of its own, `mpi` needs nothing
here: however many nodes and tasks a job asks for, its inner Snakemake runs once, on the first node, and the rule's
command starts the rest with `srun` or torchrun. Only `cluster`, one for each job, is refused.
"""

import difflib
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from snakemake_interface_common.exceptions import WorkflowError

from .layout import laid_out
from .options import resources_and_options

__all__ = ["Defaults", "parameters_of", "requeues_of"]

Defaults = Mapping[str, int | str]

UNSET = (None, "", "<TBD>")  # <TBD>: what Snakemake leaves where an input did not exist yet
WARNING_SECONDS = 90
LATEST_WARNING = 65_535  # sbatch takes no more
OTHER_CLUSTER = ("cluster", "clusters", "slurm_cluster")


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


def model(value: Any) -> str:
    """The name of a type of GPU, without the number that `gpu` gives."""
    if not re.fullmatch(r"[\w.+-]+", str(value)):
        raise ValueError("must be a name such as a100; their number is the resource gpu")
    return str(value)


def gres(value: Any) -> str:
    """Generic resources with their numbers, such as `gpu:a100:2,nvme:100G`."""
    if not re.fullmatch(r"[\w.+-]+(:[\w.+-]+){0,2}(,[\w.+-]+(:[\w.+-]+){0,2})*", str(value)):
        raise ValueError("is not of the form name, name:number or name:type:number")
    return str(value)


def gigabytes(value: Any) -> float | None:
    """Megabytes as the gigabytes that submitit asks for; 0 as no request."""
    return at_least(0)(value) / 1024 or None


def megabytes(value: Any) -> str:
    """Megabytes as sbatch reads them."""
    return f"{at_least(1)(value)}MB"


Converter = Callable[[Any], Any]
# Resources with their parameter of submitit's AutoExecutor.
TABLE: Mapping[str, tuple[str, Converter]] = {
    "runtime": ("timeout_min", at_least(1)),
    "mem_mb": ("mem_gb", gigabytes),
    "mem_mb_per_cpu": ("slurm_mem_per_cpu", megabytes),
    "slurm_partition": ("slurm_partition", word),
    "slurm_account": ("slurm_account", word),
    "qos": ("slurm_qos", word),
    "constraint": ("slurm_constraint", str),
    "exclude": ("slurm_exclude", word),
    "warning_seconds": ("slurm_signal_delay_s", at_least(1)),
}
# Resources that `layout` makes parameters of, together.
LAYOUT: Mapping[str, Converter] = {
    "nodes": at_least(1),
    "tasks": at_least(1),
    "tasks_per_node": at_least(1),
    "tasks_per_gpu": at_least(1),
    "cpus_per_task": at_least(1),
    "cpus_per_gpu": at_least(1),
    "gpu": at_least(0),
    "gpu_model": model,
    "gres": gres,
}


def parameters_of(job: Any, defaults: Defaults) -> dict[str, Any]:
    """The parameters of submitit's AutoExecutor for a Snakemake job.

    `defaults` are resources for jobs that do not name them. Raises WorkflowError, one line that names the rule and
    the resource, for a value that Slurm could not understand.
    """
    try:
        asked, options = all_asked(job, defaults)
        refuse_unknown(asked)
        converters = {name: convert for name, (_, convert) in TABLE.items()}
        values = converted(asked, converters)
        parameters = {TABLE[name][0]: value for name, value in values.items() if value not in UNSET}
        parameters |= laid_out(converted(one_name_for_gpus(asked), LAYOUT), max(1, job.threads))
        settle_warning(parameters)
    except ValueError as problem:
        raise WorkflowError(f"rule {job.name}: resource {problem}") from None
    settle_memory(parameters, options)
    parameters |= {"slurm_additional_parameters": options} if options else {}
    return parameters | {"slurm_srun_args": srun_arguments(parameters)}


def requeues_of(job: Any, default: int) -> int:
    """How often a job may be requeued: its resource `requeues`, else `default`; raises WorkflowError."""
    value = dict(job.resources.items()).get("requeues")
    try:
        return default if value in UNSET else at_least(0)(value)
    except ValueError as problem:
        raise WorkflowError(f"rule {job.name}: resource requeues={value!r} {problem}") from None


def all_asked(job: Any, defaults: Defaults) -> tuple[dict[str, Any], dict[str, Any]]:
    """The resources of a job that are set, with those that `slurm_extra` spells as options, and its other options."""
    asked: dict[str, Any] = {}
    for given in (defaults, dict(job.resources.items())):
        asked |= {name: value for name, value in given.items() if value not in UNSET}
    extra = asked.pop("slurm_extra", "")
    try:
        resources, options = resources_and_options(str(extra))
    except ValueError as problem:
        raise ValueError(f"slurm_extra={extra!r} {problem}") from None
    return asked | resources, options


def refuse_unknown(asked: Mapping[str, Any]) -> None:
    """Raise ValueError for a misspelt resource of Slurm; any other name may be the workflow's own."""
    for name in asked:
        if name in OTHER_CLUSTER:
            raise ValueError(f"{name} is not supported: start Snakemake on a login node of that cluster")
        if name.startswith("slurm_") and name not in TABLE:
            known = [*(known for known in TABLE if known.startswith("slurm_")), "slurm_extra"]
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise ValueError(f"{name} is unknown; {hint}")


def one_name_for_gpus(asked: Mapping[str, Any]) -> dict[str, Any]:
    """`asked` with `gpus`, the other name of `gpu`, under that name; raises ValueError when both are there."""
    if "gpus" not in asked:
        return dict(asked)
    if asked.get("gpu", asked["gpus"]) != asked["gpus"]:
        raise ValueError(f"gpus={asked['gpus']!r} contradicts gpu={asked['gpu']!r}: name one")
    return {**asked, "gpu": asked["gpus"]}


def converted(asked: Mapping[str, Any], converters: Mapping[str, Converter]) -> dict[str, Any]:
    """The resources of `asked` for which there are converters; raises ValueError naming the resource."""
    values: dict[str, Any] = {}
    for name, convert in converters.items():
        if name not in asked:
            continue
        try:
            values[name] = convert(asked[name])
        except ValueError as problem:
            raise ValueError(f"{name}={asked[name]!r} {problem}") from None
    return values


def settle_memory(parameters: dict[str, Any], options: Mapping[str, Any]) -> None:
    """Keep one request for memory: sbatch takes no two, and Snakemake often gives every job a mem_mb."""
    if "slurm_mem_per_cpu" in parameters:
        parameters.pop("mem_gb", None)
    if {"mem", "mem_per_cpu", "mem_per_gpu"} & options.keys():
        parameters.pop("mem_gb", None)
        parameters.pop("slurm_mem_per_cpu", None)


def settle_warning(parameters: dict[str, Any]) -> None:
    """See that the warning comes while the job runs; raises ValueError when it cannot."""
    limit = 60 * parameters["timeout_min"] if "timeout_min" in parameters else math.inf
    seconds = parameters.get("slurm_signal_delay_s")
    latest = min(limit - 1, LATEST_WARNING)
    if seconds is None and limit < 2 * WARNING_SECONDS:
        parameters["slurm_signal_delay_s"] = limit // 2
    elif seconds is not None and seconds > latest:
        raise ValueError(f"warning_seconds={seconds} must be at most {latest}: it is before the time limit")


def srun_arguments(parameters: Mapping[str, Any]) -> list[str]:
    """Arguments of the srun that starts the payload: once, with its CPUs, which Slurm does not pass on since 22.05."""
    arguments = [f"--cpus-per-task={parameters['cpus_per_task']}"]
    if parameters.get("nodes", 1) * parameters.get("slurm_tasks_per_node", 1) > 1:
        arguments += ["--nodes=1", "--ntasks=1", "--overlap"]
    return arguments
