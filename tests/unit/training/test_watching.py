"""What is shown of a run: lines in logs, a bar in a terminal, TensorBoard's files; never at the run's cost."""

from __future__ import annotations

import errno
import io
import math
import os
import sys
from contextlib import redirect_stdout
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from datavolume.study import Dataset, Recipe, Run, Volume
from datavolume.study.identity import run_id
from datavolume.training.measuring import watching
from datavolume.training.measuring.watching import TENSORBOARD, Watch

RUN = Run(dataset=Dataset(name="digits"), architecture="mlp", volume=Volume(fraction=0.25), recipe=Recipe(), seed=3)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """`time.monotonic`, as the test says."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(watching, "time", clock)
    return clock


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    terminal = Terminal()
    monkeypatch.setattr(watching, "sys", SimpleNamespace(stderr=terminal))  # capsys holds the real one
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    return terminal


@pytest.fixture(autouse=True)
def _no_board_and_no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TENSORBOARD, raising=False)
    monkeypatch.setattr(watching, "SECONDS_BETWEEN_LINES", 0.0)


def test_lines_keep_their_distance(
    clock: Clock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "SECONDS_BETWEEN_LINES", 10.0)
    with Watch(RUN, 0, 1000) as watch:
        for update, seconds in ((100, 4.0), (200, 7.0), (300, 9.0), (400, 2.0)):
            clock.now += seconds
            watch.evaluated(*measured(update))
    assert [line.split(",")[0] for line in capsys.readouterr().out.splitlines()] == [
        "mlp f0.25 seed 3: update 200 of 1000",
        "mlp f0.25 seed 3: update 400 of 1000",
    ]


def measured(update: int, **timing: float) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    point = {"phase": 0, "update": update, "epoch": 1.5, "samples": 32 * update, "learning_rate": 0.01}
    rows = [
        {"split": "train", **point, "loss": 0.2014, "top1": 0.951, "margin_wrong": math.nan},
        {"split": "validation", **point, "loss": 0.3116, "top1": 0.9123, "margin_wrong": 0.5},
    ]
    used = {"gpu_utilisation": math.nan, "peak_memory_mb": 512.0, "data_wait_share": 0.0}
    return rows, {"update": update, "seconds": 2.0, "images_per_second": 52300.4, **used, **timing}


def test_a_line_at_each_evaluation(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with Watch(RUN, 0, 1000) as watch:
        clock.now += 10
        for update in range(1, 201):
            watch.step(update)
        watch.evaluated(*measured(200))
        watch.evaluated(*measured(1000))
    name, results = "mlp f0.25 seed 3", "top-1 91.2 % (train 95.1 %), loss 0.312 (0.201), 52300 images/s"
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [
        f"{name}: update 200 of 1000, {results}, 40 s left",
        f"{name}: update 1000 of 1000, {results}",
    ]
    assert captured.err == ""


@pytest.mark.parametrize(("seconds", "left"), [(0.1, "1 s"), (20, "80 s"), (60, "4 min"), (7200, "8.0 h")])
def test_what_is_left_counts_from_where_this_process_began(
    clock: Clock, capsys: pytest.CaptureFixture[str], seconds: float, left: str
) -> None:
    """100 of the last 500 updates in so many seconds: four times as many are left."""
    with Watch(RUN, 500, 1000) as watch:
        clock.now += seconds
        watch.evaluated(*measured(600))
        watch.evaluated(*measured(500))  # repeated where a run goes on: no speed is known yet
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith(f"images/s, {left} left")
    assert lines[1].endswith("images/s")


def test_waiting_and_the_gpu_are_told_where_there_is_any(capsys: pytest.CaptureFixture[str]) -> None:
    with Watch(RUN, 0, 10) as watch:
        watch.evaluated(*measured(10, data_wait_share=0.123, gpu_utilisation=0.87, peak_memory_mb=3276.8))
    assert capsys.readouterr().out.endswith("52300 images/s, waiting for images 12 %, GPU 87 %, 3.2 GiB\n")


def test_a_bar_in_a_terminal(clock: Clock, terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    with Watch(RUN, 100, 1000) as watch:
        watch.step(101)
        assert "101/1000" in terminal.getvalue()
        watch.step(102)
        clock.now += 0.2
        watch.step(110)
        watch.evaluated(*measured(110))
        print("what others say stays on stdout")
    drawn = terminal.getvalue()
    assert "102/1000" not in drawn  # a picture ten times a second at most
    assert "mlp f0.25 seed 3" in drawn
    assert " 110/1000" in drawn
    assert "top-1 91.2 % (train 95.1 %), loss 0.312 (0.201), 52300 images/s" in drawn
    assert drawn.endswith("\x1b[2K")  # the line is wiped
    assert capsys.readouterr().out == "what others say stays on stdout\n"


@pytest.mark.usefixtures("terminal")
def test_lines_in_a_terminal_that_cannot_draw(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    with Watch(RUN, 0, 10) as watch:
        watch.evaluated(*measured(10))
    assert capsys.readouterr().out.startswith("mlp f0.25 seed 3: update 10 of 10, ")


def test_lines_in_a_worker_beside_others(tmp_path: Path, terminal: Terminal) -> None:
    def show() -> None:
        with (tmp_path / "out").open("w") as file, redirect_stdout(file), Watch(RUN, 0, 10) as watch:
            watch.evaluated(*measured(10))
        (tmp_path / "err").write_text(terminal.getvalue())

    worker = get_context("fork").Process(target=show)
    worker.start()
    worker.join()
    assert (tmp_path / "out").read_text().startswith("mlp f0.25 seed 3: update 10 of 10, ")
    assert (tmp_path / "err").read_text() == ""


def test_other_processes_of_a_run_show_nothing(
    tmp_path: Path, terminal: Terminal, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TENSORBOARD, str(tmp_path / "board"))
    with Watch(RUN, 0, 10, shown=False) as watch:
        watch.step(1)
        watch.evaluated(*measured(10))
    assert (terminal.getvalue(), capsys.readouterr().out, list(tmp_path.iterdir())) == ("", "", [])


def test_without_tensorboard_one_line_and_the_run_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TENSORBOARD, str(tmp_path))
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)  # as if not installed
    with Watch(RUN, 0, 10) as watch:
        watch.evaluated(*measured(10))
    captured = capsys.readouterr()
    assert captured.err == (
        "DATAVOLUME_TENSORBOARD: tensorboard is not installed: pip install tensorboard; training goes on without it\n"
    )
    assert captured.out.startswith("mlp f0.25 seed 3: update 10 of 10, ")


class Writer:
    """In place of TensorBoard's: what it is told, and a disk that fills up after so many values."""

    def __init__(self, log_dir: str, purge_step: int | None, space: float = math.inf) -> None:
        self.log_dir, self.purge_step, self.space = log_dir, purge_step, space
        self.values: dict[tuple[str, int], float] = {}

    def add_scalar(self, name: str, value: float, update: int) -> None:
        if len(self.values) >= self.space:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.values[name, update] = value

    def flush(self) -> None: ...

    close = flush


@pytest.fixture
def writers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Writer]:
    made: list[Writer] = []

    class Module:
        @staticmethod
        def SummaryWriter(log_dir: str, purge_step: int | None) -> Writer:  # noqa: N802
            made.append(Writer(log_dir, purge_step, space=4 if made else math.inf))
            return made[-1]

    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", Module)
    monkeypatch.setenv(TENSORBOARD, str(tmp_path))
    return made


def test_tensorboard_is_told_all_that_is_measured(tmp_path: Path, writers: list[Writer]) -> None:
    with Watch(RUN, 7, 10) as watch:
        watch.evaluated(*measured(10))
    (writer,) = writers
    assert (writer.log_dir, writer.purge_step) == (str(tmp_path / run_id(RUN)), 7)
    assert writer.values == {
        ("train/loss", 10): 0.2014,
        ("train/top1", 10): 0.951,
        ("validation/loss", 10): 0.3116,
        ("validation/top1", 10): 0.9123,
        ("validation/margin_wrong", 10): 0.5,  # what is not a number is left out
        ("training/learning_rate", 10): 0.01,
        ("training/seconds", 10): 2.0,
        ("training/images_per_second", 10): 52300.4,
        ("training/peak_memory_mb", 10): 512.0,
        ("training/data_wait_share", 10): 0.0,
    }


def test_a_full_disk_ends_tensorboard_and_not_the_run(
    writers: list[Writer], capsys: pytest.CaptureFixture[str]
) -> None:
    writers.append(Writer("", None))  # the next one has little space
    with Watch(RUN, 0, 10) as watch:
        for update in (2, 4, 6):
            watch.evaluated(*measured(update))
    assert len(writers[1].values) == 4
    assert capsys.readouterr().err == (
        "DATAVOLUME_TENSORBOARD: cannot be written (No space left on device); training goes on without it\n"
    )


def test_files_that_tensorboard_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupted run writes a point twice: the later one counts."""
    event_accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    monkeypatch.setenv(TENSORBOARD, str(tmp_path))
    for done, updates in ((0, (10, 20)), (20, (20, 30))):
        with Watch(RUN, done, 30) as watch:
            for update in updates:
                watch.evaluated(*measured(update))
    events = event_accumulator.EventAccumulator(str(tmp_path / run_id(RUN)))
    events.Reload()
    assert [event.step for event in events.Scalars("validation/top1")] == [10, 20, 30]
    assert events.Scalars("validation/top1")[0].value == pytest.approx(0.9123)
