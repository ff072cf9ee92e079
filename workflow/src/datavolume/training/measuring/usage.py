"""What the processes of a job use of their machines, for `timing.csv`: CPU time, memory, and GPUs where there are any.

    with Usage(group) as usage:
        row = timing_row(rows, update, batch_size, seconds, usage.since_last())     every process calls it

A GPU's utilisation is asked of its driver once a second, by a thread, through the library that nvidia-smi uses too.
Where there is none, or it does not answer, the value is NaN, and nothing is said of it.
"""

from __future__ import annotations

import ctypes
import math
import resource
import threading
import time
from dataclasses import dataclass
from typing import Any

import torch

from datavolume.training.processes.distributed import Group

__all__ = ["Usage", "Used"]

_SECONDS_BETWEEN_READINGS = 1.0


@dataclass(frozen=True)
class Used:
    """By all processes of a job: `gpu_utilisation` is the mean of their GPUs in 0..1, `cpu_seconds` the sum, both since
    the last time; the memory in MiB is that of the process with the most, so far.

    `peak_memory_mb` is what PyTorch had allocated on the GPU; where it trains on the CPU, the same as
    `peak_host_memory_mb`, the largest resident set.
    """

    gpu_utilisation: float
    cpu_seconds: float
    peak_memory_mb: float
    peak_host_memory_mb: float


class Usage:
    """Of this process; the first `cpu_seconds` count from its start, imports and all."""

    def __init__(self, group: Group) -> None:
        self._group, self._cpu = group, 0.0
        self._gpu = _GpuReadings(group.device) if group.device.type == "cuda" else None

    def __enter__(self) -> Usage:
        return self

    def __exit__(self, *_: object) -> None:
        if self._gpu:
            self._gpu.end()

    def since_last(self) -> Used:
        """Every process of the group calls this together."""
        own = torch.tensor(self._own(), dtype=torch.float64, device=self._group.device)
        utilisation, cpu, device, host = self._group.gather(own).cpu().T
        return Used(float(utilisation.nanmean()), float(cpu.sum()), float(device.max()), float(host.max()))

    def _own(self) -> tuple[float, float, float, float]:
        now, before = time.process_time(), self._cpu
        self._cpu = now
        host = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
        device = torch.cuda.max_memory_allocated(self._group.device) / 2**20 if self._gpu else host
        return self._gpu.mean() if self._gpu else math.nan, now - before, device, host


class _GpuReadings:
    """The utilisation of one GPU, read now and then until `end`."""

    def __init__(self, device: torch.device) -> None:
        self._readings: list[float] = []
        self._ended = threading.Event()
        try:
            self._nvml: _Nvml | None = _Nvml(str(torch.cuda.get_device_properties(device).uuid))
        except (OSError, AttributeError):  # no such library: another maker's GPU; or one too old
            self._nvml = None
            return
        threading.Thread(target=self._read_on, daemon=True).start()

    def _read_on(self) -> None:
        while not self._ended.wait(_SECONDS_BETWEEN_READINGS):
            self._read()

    def _read(self) -> None:
        value = self._nvml.utilisation() if self._nvml else None
        if value is not None:
            self._readings.append(value)

    def mean(self) -> float:
        """Of the readings since the last time, at least one."""
        if not self._readings:
            self._read()
        readings, self._readings = self._readings, []
        return sum(readings) / len(readings) if readings else math.nan

    def end(self) -> None:
        self._ended.set()


class _Nvml:
    """NVIDIA's management library, a part of the driver: one GPU, by the UUID that CUDA knows it by.

    https://docs.nvidia.com/deploy/nvml-api: nvmlUtilization_t holds two unsigned int, percent of GPU and of memory.
    """

    def __init__(self, uuid: str, library: Any = None) -> None:
        """Raises OSError or AttributeError where there is no such library."""
        self._library = library or ctypes.CDLL("libnvidia-ml.so.1")
        self._device = ctypes.c_void_p()
        name = f"GPU-{uuid.removeprefix('GPU-')}".encode()
        self._works = (
            self._library.nvmlInit_v2() == 0
            and self._library.nvmlDeviceGetHandleByUUID(name, ctypes.byref(self._device)) == 0
        )

    def utilisation(self) -> float | None:
        """In 0..1, over the last fraction of a second; None where this GPU does not tell, as a part of one (MIG)."""
        rates = (ctypes.c_uint * 2)()
        if not self._works or self._library.nvmlDeviceGetUtilizationRates(self._device, ctypes.byref(rates)) != 0:
            return None
        return float(rates[0]) / 100
