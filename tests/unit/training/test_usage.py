"""What a job used: of its own processes as the kernel counts, of a GPU as its driver tells."""

from __future__ import annotations

import ctypes
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from unit.analysis.synthetic import files_of, make_plan, write_runs

from datavolume.analysis.collect import COLUMNS, collect, read_parts
from datavolume.training.measuring import usage as module
from datavolume.training.measuring.recording import timing_row
from datavolume.training.measuring.usage import Usage, Used
from datavolume.training.processes.distributed import Group

CPU = Group(0, 1, torch.device("cpu"))


def test_without_a_gpu() -> None:
    with Usage(CPU) as usage:
        first, second = usage.since_last(), usage.since_last()
    assert math.isnan(first.gpu_utilisation)
    assert first.cpu_seconds > second.cpu_seconds >= 0  # this process has done more before than in between
    assert first.peak_memory_mb == first.peak_host_memory_mb > 50


def test_several_processes_are_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = torch.tensor([[0.5, 2.0, 100.0, 900.0], [0.7, 3.0, 300.0, 800.0], [math.nan, 1.0, 200.0, 700.0]]).double()
    monkeypatch.setattr(Group, "gather", lambda *_: rows)
    assert Usage(CPU).since_last() == Used(pytest.approx(0.6), 6.0, 300.0, 900.0)


def test_cpu_seconds_add_up_over_rows_and_old_rows_have_none() -> None:
    used = Used(0.25, 2.0, 100.0, 200.0)
    first = timing_row([{"update": 10, "samples": 320, "seconds": 1.0}], 20, 640, 3.0, 0.6, used)
    second = timing_row([first], 30, 960, 4.0, 0.8, used)
    assert first == {
        "update": 20,
        "samples": 640,
        "seconds": 3.0,
        "images_per_second": 160.0,
        "step_seconds": 0.2,
        "data_wait_share": pytest.approx(0.3),
        "peak_memory_mb": 100.0,
        "gpu_utilisation": 0.25,
        "cpu_seconds": 2.0,
        "peak_host_memory_mb": 200.0,
    }
    assert second["cpu_seconds"] == 4.0


def test_files_from_before_are_collected_beside_those_of_now(tmp_path: Path) -> None:
    plan = make_plan(fractions=(1.0,), seeds=2, seeds_per_job=1)
    paths = write_runs(tmp_path, plan)
    first, *_ = files_of(paths, plan, "timing.csv")
    assert "cpu_seconds" not in first.read_text()
    used = {"gpu_utilisation": 0.5, "cpu_seconds": 3.0, "peak_host_memory_mb": 70.0}
    steps = {"samples": 320, "step_seconds": 0.1, "data_wait_share": 0.0}
    pd.read_csv(first).assign(**used, **steps).to_csv(first, index=False)
    parts = {name: read_parts(name, files_of(paths, plan, f"{name}.csv"), plan) for name in COLUMNS}
    timing = collect(plan, **parts).timing
    assert set(COLUMNS["timing"]) <= set(timing)
    noted = timing["cpu_seconds"].notna()
    assert set(timing.loc[noted, "run"]) == {plan.runs[0].run}
    assert timing["images_per_second"].notna().all()


class Driver:
    """NVML as its documentation has it: 0 is success, 999 an unknown error; percent through pointers."""

    def __init__(self, percent: int = 0, *, fails: str = "") -> None:
        self.percent, self.fails, self.asked_for = percent, fails, b""

    def nvmlInit_v2(self) -> int:  # noqa: N802
        return 999 if self.fails == "init" else 0

    def nvmlDeviceGetHandleByUUID(self, uuid: bytes, handle: Any) -> int:  # noqa: N802
        self.asked_for = uuid
        handle._obj.value = 7
        return 999 if self.fails == "handle" else 0

    def nvmlDeviceGetUtilizationRates(self, handle: ctypes.c_void_p, rates: Any) -> int:  # noqa: N802
        assert handle.value == 7
        rates._obj[0], rates._obj[1] = self.percent, 99
        return 999 if self.fails == "rates" else 0


def test_the_driver_is_asked_for_the_gpu_by_its_uuid() -> None:
    driver = Driver(37)
    assert module._Nvml("0ab1", driver).utilisation() == 0.37
    assert driver.asked_for == b"GPU-0ab1"


@pytest.mark.parametrize("fails", ["init", "handle", "rates"])
def test_a_driver_that_does_not_tell(fails: str) -> None:
    assert module._Nvml("0ab1", Driver(37, fails=fails)).utilisation() is None


class Properties:
    uuid = "0ab1"


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    """A GPU whose driver this is; its own readings are an hour apart."""
    driver = Driver()
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: Properties())
    monkeypatch.setattr(ctypes, "CDLL", lambda _: driver)
    monkeypatch.setattr(module, "_SECONDS_BETWEEN_READINGS", 3600.0)
    return driver


def test_the_mean_of_the_readings_since_the_last_time(driver: Driver) -> None:
    readings = module._GpuReadings(torch.device("cuda", 0))
    for driver.percent in (10, 30):
        readings._read()
    assert readings.mean() == pytest.approx(0.2)
    driver.percent = 90
    assert readings.mean() == 0.9  # none since: one is taken now
    driver.fails = "rates"
    assert math.isnan(readings.mean())
    readings.end()


@pytest.mark.parametrize("error", [OSError, AttributeError])
def test_no_driver_is_no_word(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: type[Exception]
) -> None:
    def missing(_: str) -> Driver:
        raise error("libnvidia-ml.so.1: cannot open shared object file")

    assert driver.percent == 0
    monkeypatch.setattr(ctypes, "CDLL", missing)
    readings = module._GpuReadings(torch.device("cuda", 0))
    assert math.isnan(readings.mean())
    readings.end()
    assert capsys.readouterr() == ("", "")
