"""What a person sees of a run while it trains: a bar in a terminal, else lines; TensorBoard if wanted.

    with Watch(run, done, updates, shown=group.is_first) as watch:    from update `done` of `updates` on
        watch.step(update)                                            after each update; costs next to nothing
        watch.evaluated(rows, timing)                                 rows of metrics, and the row of timing

    mlp f0.25 seed 3: update 200 of 1000, top-1 91.2 % (train 95.1 %), loss 0.312 (0.201), 52300 images/s, 40 s left

The bar stands on stderr, the lines on stdout. Runs side by side write lines, since two bars would overwrite each other.
With DATAVOLUME_TENSORBOARD=folder, what is measured also goes to `folder`/<run>, for `tensorboard --logdir folder`.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing import parent_process
from pathlib import Path
from typing import Any, Protocol

from datavolume.study.identity import run_id
from datavolume.study.model import Run

__all__ = ["TENSORBOARD", "Watch"]

TENSORBOARD = "DATAVOLUME_TENSORBOARD"
SECONDS_BETWEEN_LINES = 10.0
_SECONDS_BETWEEN_PICTURES = 0.1
_POINT = frozenset({"split", "update", "epoch", "samples", "learning_rate", "phase"})

Row = Mapping[str, Any]


class _View(Protocol):
    def evaluated(self, rows: Sequence[Row], timing: Row) -> None: ...

    def close(self) -> None: ...


class Watch:
    """`shown` is False in all processes of a run but the first: they show nothing."""

    def __init__(self, run: Run, done: int, updates: int, shown: bool = True) -> None:
        self._bar = _Bar(run, done, updates) if shown and _in_a_terminal() else None
        self._views: list[_View] = [self._bar or _Lines(run, done, updates)] if shown else []
        self._views += _boards(run, done) if shown else []

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        for view in self._views:
            view.close()

    def step(self, update: int) -> None:
        """`update` updates are done."""
        if self._bar:
            self._bar.step(update)

    def evaluated(self, rows: Sequence[Row], timing: Row) -> None:
        """`rows`: those that `metric_rows` made at one point, one a split; `timing`: the one of `timing_row`."""
        for view in self._views:
            view.evaluated(rows, timing)


def _in_a_terminal() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb" and parent_process() is None


def _name(run: Run) -> str:
    return f"{run.architecture} {run.volume.label} seed {run.seed}"


def _results(rows: Sequence[Row]) -> str:
    """`top-1 91.2 % (train 95.1 %), loss 0.312 (0.201)`"""
    of = {row["split"]: row for row in rows}
    held_out, train = of["validation"], of["train"]
    return (
        f"top-1 {100 * held_out['top1']:.1f} % (train {100 * train['top1']:.1f} %), "
        f"loss {held_out['loss']:.3f} ({train['loss']:.3f})"
    )


def _speed(timing: Row) -> str:
    """Images a second; waiting for images, and the GPU, where there is any."""
    parts = [f"{timing['images_per_second']:.0f} images/s"]
    if timing.get("data_wait_share", 0.0) >= 0.01:
        parts.append(f"waiting for images {100 * timing['data_wait_share']:.0f} %")
    if not math.isnan(timing.get("gpu_utilisation", math.nan)):
        parts.append(f"GPU {100 * timing['gpu_utilisation']:.0f} %, {timing['peak_memory_mb'] / 1024:.1f} GiB")
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    if seconds < 99.5:
        return f"{math.ceil(seconds)} s"
    return f"{seconds / 60:.0f} min" if seconds < 99.5 * 60 else f"{seconds / 3600:.1f} h"


class _Lines:
    """For logs: a line at an evaluation, not more often than a person reads; small runs say only how they ended."""

    def __init__(self, run: Run, done: int, updates: int) -> None:
        self._name, self._done, self._updates = _name(run), done, updates
        self._since = self._last = time.monotonic()

    def evaluated(self, rows: Sequence[Row], timing: Row) -> None:
        if time.monotonic() - self._last < SECONDS_BETWEEN_LINES:
            return
        self._last, update = time.monotonic(), timing["update"]
        left = f", {_duration(self._seconds_left(update))} left" if self._done < update < self._updates else ""
        said = f"{self._name}: update {update} of {self._updates}, {_results(rows)}, {_speed(timing)}{left}"
        print(said, flush=True)

    def _seconds_left(self, update: int) -> float:
        """As fast as since this process began, evaluations and checkpoints included."""
        return (time.monotonic() - self._since) / (update - self._done) * (self._updates - update)

    def close(self) -> None:
        """Nothing is open."""


class _Bar:
    """For a terminal; drawn by the training's own thread, now and then, and taken away at the end."""

    def __init__(self, run: Run, done: int, updates: int) -> None:
        from rich.console import Console  # some 50 ms that jobs on a cluster need not pay
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        results = TextColumn("{task.fields[results]}")
        console = Console(file=sys.stderr)
        self._progress = Progress(
            *columns, results, console=console, auto_refresh=False, transient=True, redirect_stdout=False
        )
        self._task = self._progress.add_task(_name(run), total=updates, completed=done, results="")
        self._next = 0.0
        self._progress.start()

    def step(self, update: int) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _SECONDS_BETWEEN_PICTURES
            self._progress.update(self._task, completed=update, refresh=True)

    def evaluated(self, rows: Sequence[Row], timing: Row) -> None:
        results = f"{_results(rows)}, {_speed(timing)}"
        self._progress.update(self._task, completed=timing["update"], results=results, refresh=True)

    def close(self) -> None:
        self._progress.stop()


def _boards(run: Run, done: int) -> Iterator[_Board]:
    """One, where it is asked for and can be had."""
    folder = os.environ.get(TENSORBOARD)
    if not folder:
        return
    try:
        yield _Board(Path(folder) / run_id(run), done)
    except ImportError:
        _complain("tensorboard is not installed: pip install tensorboard")
    except OSError as error:
        _complain(f"{folder} cannot be written ({error.strerror})")


def _complain(reason: str) -> None:
    print(f"{TENSORBOARD}: {reason}; training goes on without it", file=sys.stderr, flush=True)


class _Board:
    """TensorBoard's files: every metric as <split>/<metric>, and what training uses as training/<name>."""

    def __init__(self, folder: Path, done: int) -> None:
        """Raises ImportError where TensorBoard is not installed, OSError where the folder cannot be written."""
        from torch.utils.tensorboard import SummaryWriter

        # What an earlier call wrote of points that this one reaches again is hidden.
        self._writer = SummaryWriter(str(folder), purge_step=done or None)
        self._works = True

    def evaluated(self, rows: Sequence[Row], timing: Row) -> None:
        values = {f"{row['split']}/{name}": row[name] for row in rows for name in row.keys() - _POINT}
        values["training/learning_rate"] = rows[0]["learning_rate"]
        values |= {f"training/{name}": value for name, value in timing.items() if name not in _POINT}
        self._try(lambda: self._add(values, timing["update"]))

    def _add(self, values: Row, update: int) -> None:
        for name, value in sorted(values.items()):
            if not math.isnan(value):
                self._writer.add_scalar(name, value, update)
        self._writer.flush()

    def _try(self, write: Any) -> None:
        if self._works:
            try:
                write()
            except OSError as error:  # a full disk: no reason to lose the run
                self._works = False
                _complain(f"cannot be written ({error.strerror or error})")

    def close(self) -> None:
        self._try(self._writer.close)
