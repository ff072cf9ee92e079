"""What a job asks for in all, or for each GPU, as numbers for one node and one task, which is what sbatch is told."""

from collections.abc import Mapping
from typing import Any

__all__ = ["laid_out"]


def laid_out(asked: Mapping[str, Any], threads: int) -> dict[str, Any]:
    """Submitit's parameters for the nodes, tasks, CPUs and GPUs of `asked`: converted resources by their names.

    Raises ValueError, which begins with a resource's name, when they contradict each other.
    """
    nodes, requested = asked.get("nodes"), asked.get("gres", "")
    number = shared("gpu", asked.get("gpu", 0), nodes or 1)
    if number and gpus_in(requested):
        raise ValueError(f"gres={requested!r} asks for GPUs, as gpu={asked['gpu']} does: name one")
    gpus = number or gpus_in(requested)
    tasks = tasks_of_a_node(asked, gpus, nodes or 1)
    parameters = gpu_parameters(number, asked.get("gpu_model"), requested)
    parameters |= {"cpus_per_task": cpus_of_a_task(asked, gpus, tasks or 1) or threads}
    return parameters | {key: n for key, n in (("nodes", nodes), ("slurm_tasks_per_node", tasks)) if n}


def shared(name: str, total: int, nodes: int) -> int:
    """What each node has of a total."""
    if total % nodes:
        raise ValueError(f"{name}={total} cannot be shared equally by nodes={nodes}")
    return total // nodes


def gpus_in(gres: str) -> int:
    """The GPUs on each node that `gpu`, `gpu:2` or `gpu:a100:2,nvme:1` asks for."""
    requests = (request.split(":") for request in gres.split(","))
    numbers = (parts[-1] for parts in requests if parts[0] == "gpu")
    return sum(int(number) if number.isdecimal() else 1 for number in numbers)


def gpu_parameters(number: int, model: str | None, gres: str) -> dict[str, Any]:
    """The parameters for so many GPUs of a model on each node, or for those in `gres`; for local jobs the number."""
    if model and not number:
        raise ValueError(f"gpu_model={model!r} needs their number: gpu=1, say" + (", and no gres" if gres else ""))
    parameters: dict[str, Any] = {"slurm_gres": gres} if gres else {}
    if gpus_in(gres):
        parameters["local_gpus_per_node"] = gpus_in(gres)
    if number:
        parameters["gpus_per_node"] = number
    if model:
        parameters["slurm_gpus_per_node"] = f"{model}:{number}"  # counts more than the number, but on Slurm alone
    return parameters


def tasks_of_a_node(asked: Mapping[str, Any], gpus: int, nodes: int) -> int:
    """Tasks on each node; 0 where none are asked for."""
    named = [name for name in ("tasks", "tasks_per_node", "tasks_per_gpu") if name in asked]
    if len(named) > 1:
        raise ValueError(f"{named[1]}={asked[named[1]]} is named beside {named[0]}={asked[named[0]]}: name one")
    for_each_gpu: int = asked.get("tasks_per_gpu", 0)
    if for_each_gpu:
        needs_gpus("tasks_per_gpu", for_each_gpu, gpus)
    for_each_node: int = asked.get("tasks_per_node", 0)
    return for_each_node or for_each_gpu * gpus or shared("tasks", asked.get("tasks", 0), nodes)


def cpus_of_a_task(asked: Mapping[str, Any], gpus: int, tasks: int) -> int:
    """CPUs for each task; 0 where only the rule's threads say."""
    cpus: int = asked.get("cpus_per_task", 0)
    for_each_gpu: int = asked.get("cpus_per_gpu", 0)
    if not for_each_gpu:
        return cpus
    needs_gpus("cpus_per_gpu", for_each_gpu, gpus)
    if cpus:
        raise ValueError(f"cpus_per_gpu={for_each_gpu} is named beside cpus_per_task={cpus}: name one")
    if for_each_gpu * gpus % tasks:
        raise ValueError(f"cpus_per_gpu={for_each_gpu} for {gpus} GPUs cannot be shared equally by {tasks} tasks")
    return for_each_gpu * gpus // tasks


def needs_gpus(name: str, value: int, gpus: int) -> None:
    """Raise ValueError where there are none."""
    if not gpus:
        raise ValueError(f"{name}={value} needs GPUs: gpu=1, say")
