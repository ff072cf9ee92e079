"""The processes of one training job: those that torchrun started, or this one alone.

with joined(gpus=resources.gpus) as group:
    rows = group.gather(row)            [size, ...], the same on every process
    value = group.share(compute)        computed by the first process, had by all; so are its errors
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist

from datavolume.errors import UserError
from datavolume.training.surviving.lease import TakenOver
from datavolume.training.surviving.signals import Interrupted

__all__ = ["Group", "joined"]

Value = TypeVar("Value")
_EXPECTED = (UserError, Interrupted, TakenOver)
_PATIENCE = timedelta(hours=6)  # the others wait while the first evaluates and reads checkpoints


@dataclass(frozen=True)
class Group:
    """Process `rank` of `size`, working on `device`."""

    rank: int
    size: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def gather(self, tensor: torch.Tensor) -> torch.Tensor:
        """Every process's tensor, in order of rank: [size, *tensor.shape]."""
        if self.size == 1:
            return tensor[None]
        gathered = tensor.new_empty((self.size, *tensor.shape))
        with _others_alive():
            dist.all_gather(list(gathered.unbind()), tensor)
        return gathered

    def broadcast(self, tensors: Iterable[torch.Tensor]) -> None:
        """Give every process the first one's values, in place."""
        if self.size > 1:
            with _others_alive():
                for tensor in tensors:
                    dist.broadcast(tensor, src=0)

    def share(self, compute: Callable[[], Value]) -> Value:
        """What `compute` gives on the first process; on the others it is not called.

        Where it raises UserError, Interrupted or TakenOver, every process does, after the same update.
        """
        if self.size == 1:
            return compute()
        box: list[Any] = [_outcome(compute) if self.is_first else None]
        with _others_alive():
            dist.broadcast_object_list(box, src=0, device=self.device)
        value, error = box[0]
        if error is not None:
            raise error
        return value  # type: ignore[no-any-return]


def _outcome(compute: Callable[[], Value]) -> tuple[Value | None, Exception | None]:
    try:
        return compute(), None
    except _EXPECTED as error:
        return None, error


@contextmanager
def _others_alive() -> Iterator[None]:
    """A process that ends leaves the others with a broken connection: that is not their mistake."""
    try:
        yield
    except RuntimeError as error:
        reason = str(error).split(". ")[0]
        raise UserError(f"another process of this job ended, so this one does ({reason})") from error


@contextmanager
def joined(gpus: int) -> Iterator[Group]:
    """The group of this job: on the GPU where the study asks for one and one is visible.

    Raises UserError where a node has more processes than GPUs.
    """
    rank, size = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    device = _device(gpus)
    if size == 1:
        yield Group(rank, size, device)
        return
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=_PATIENCE)
    try:
        yield Group(rank, size, device)
    finally:
        dist.destroy_process_group()


def _device(gpus: int) -> torch.device:
    if gpus == 0:
        return torch.device("cpu")
    if not torch.cuda.is_available():
        print("the study asks for a GPU and none is visible: training on the CPU", file=sys.stderr, flush=True)
        return torch.device("cpu")
    own, here = int(os.environ.get("LOCAL_RANK", "0")), int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    if here > torch.cuda.device_count():
        raise UserError(
            f"resources.processes: {here} processes on a node with {torch.cuda.device_count()} visible GPUs; ask for "
            "as many GPUs as processes (resources.gpus)"
        )
    torch.cuda.init()  # type: ignore[no-untyped-call] # a device's generator is there only then
    torch.cuda.set_device(own)
    return torch.device("cuda", own)
