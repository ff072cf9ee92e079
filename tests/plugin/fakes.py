"""What stands in for time, for threads and for Slurm in the tests of the head."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

from submitit.core.utils import cloudpickle_dump

from snakemake_executor_plugin_submitit.node.payload import Payload
from snakemake_executor_plugin_submitit.requests import Request

__all__ = [
    "Clock",
    "Hanging",
    "Immediate",
    "StateTable",
    "keys_in",
    "leave_note",
    "leave_result",
    "option",
    "request_for",
]


class Clock:
    """Time that passes when a test says so."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Immediate(Executor):
    """Does at once what others would do in the background."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments, **keywords))
        except Exception as problem:
            future.set_exception(problem)
        return future


class Hanging(Executor):
    """Does nothing until `answer` is called."""

    def __init__(self) -> None:
        self.calls: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.calls.append((future, lambda: function(*arguments, **keywords)))
        return future

    def answer(self) -> None:
        """Do the last of what hangs."""
        future, call = self.calls[-1]
        future.set_result(call())


class StateTable:
    """Slurm's word on jobs, `{id: state}`, and when which were asked for."""

    def __init__(self, clock: Callable[[], float], **states: str) -> None:
        self.clock = clock
        self.states = {name.removeprefix("j"): state for name, state in states.items()}
        self.questions: list[float] = []
        self.asked: list[set[str]] = []

    def __call__(self, ids: Iterable[str]) -> Mapping[str, str]:
        self.questions.append(self.clock())
        self.asked.append(set(ids))
        return {job_id: self.states[job_id] for job_id in ids if job_id in self.states}


def request_for(job: Any, key: str, *, command: str = "true", requeues: int = 3, **parameters: Any) -> Request:
    """A request of the rule `train` with this key; every run of it wants the same unless `parameters` differ."""
    payload = Payload(command, "/", f"logs/{key}.log", key, requeues=requeues)
    return Request(job("train", {"run": key}), key, f"train.{key}", {"cpus_per_task": 1, **parameters}, payload, "v1")


def leave_result(folder: Path, job_id: str, error: str = "") -> Path:
    """What submitit leaves when a payload has ended, well or with this last line of its trace."""
    path = folder / f"{job_id}_0_result.pkl"
    cloudpickle_dump(("error", f"Traceback…\n{error}\n") if error else ("success", None), path)
    return path


def leave_note(folder: Path, job_id: str, restart: int = 0, node: str = "n1", time: float = 0.0) -> None:
    """The note of an attempt's start."""
    with (folder / f"{job_id}_attempts.jsonl").open("a") as stream:
        stream.write(f'{{"event": "start", "restart": {restart}, "node": "{node}", "time": {time}}}\n')


def option(script: str, name: str) -> str:
    """The value of `#SBATCH --name=value` in a batch script, empty without it."""
    match = re.search(rf"^#SBATCH --{name}=(.*)$", script, re.MULTILINE)
    return match[1].strip("'\"") if match else ""


def keys_in(requests: Sequence[Request]) -> str:
    """`abc` for the requests a, b and c."""
    return "".join(request.key for request in requests)
