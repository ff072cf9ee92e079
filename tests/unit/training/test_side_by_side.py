"""Runs side by side: handed out one by one, the bytes of one after another; signals, failures and deaths end all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from unit.training.studies import command, deterministic_bytes, make_study, train_all, updates_in

from datavolume.errors import UserError
from datavolume.study import Budget, Resources
from datavolume.training.loop import Training
from datavolume.training.measuring.recording import TrainingDiverged
from datavolume.training.processes.side_by_side import Turns, train_side_by_side, workers_of
from datavolume.training.surviving.lease import TakenOver
from datavolume.training.surviving.signals import Interrupted, StopRequest, listen

TRAIN = [sys.executable, "-m", "datavolume.training"]
PATIENCE = 60.0


@pytest.fixture
def stop() -> Iterator[StopRequest]:
    """As a job's: the workers' handlers are those of the process that forks them."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR2)
    before = {number: signal.getsignal(number) for number in numbers}
    yield listen()
    for number, handler in before.items():
        signal.signal(number, handler)


def until(true: object) -> None:
    """Wait for what comes soon, unless something is broken."""
    end = time.monotonic() + PATIENCE
    while not true():  # type: ignore[operator]
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)


def names(count: int) -> list[str]:
    return [f"run{number}" for number in range(count)]


def test_each_run_is_trained_once_by_whoever_is_free(tmp_path: Path, stop: StopRequest) -> None:
    """The first run ends after all others have: they can only have been trained by the other worker."""

    def work(turns: Turns) -> None:
        for turn in turns:
            if turn == 0:
                until(lambda: len(list(tmp_path.iterdir())) == 5)
            (tmp_path / f"{turn}").write_text(str(os.getpid()))

    train_side_by_side(names(6), 2, work, stop)
    workers = [(tmp_path / str(turn)).read_text() for turn in range(6)]
    assert len(set(workers[1:])) == 1
    assert workers[0] not in (workers[1], str(os.getpid()))


@pytest.mark.parametrize("workers", [1, 4, 9])
def test_all_are_trained_by_any_number_of_workers(tmp_path: Path, stop: StopRequest, workers: int) -> None:
    def work(turns: Turns) -> None:
        for turn in turns:
            with (tmp_path / str(turn)).open("x"):
                pass

    train_side_by_side(names(4), workers, work, stop)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1", "2", "3"]


@pytest.mark.parametrize("error", [UserError("mend it"), TakenOver("a newer copy"), TrainingDiverged("too fast")])
def test_what_one_worker_raises_stops_the_others_and_is_raised_here(
    tmp_path: Path, stop: StopRequest, error: Exception
) -> None:
    def work(turns: Turns) -> None:
        for turn in turns:
            if turn == 1:
                until((tmp_path / "at work").exists)
                raise error
            (tmp_path / "at work").touch()
            until(lambda: stop.signal)
            (tmp_path / "checkpoint").touch()
            raise Interrupted(stop.signal, "in the middle")

    with pytest.raises(type(error), match=str(error)):
        train_side_by_side(names(5), 2, work, stop)
    assert (tmp_path / "checkpoint").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR2, signal.SIGINT])
def test_a_signal_reaches_every_worker(tmp_path: Path, stop: StopRequest, number: int) -> None:
    def work(turns: Turns) -> None:
        for turn in turns:
            (tmp_path / f"at work {turn}").touch()
            until(lambda: stop.signal)
            (tmp_path / f"{turn} {stop.signal}").touch()
            raise Interrupted(stop.signal, f"run{turn}")

    asked = subprocess.Popen(
        ["sh", "-c", f"until [ -e '{tmp_path}/at work 2' ]; do sleep 0.01; done; kill -{number} {os.getpid()}"]
    )
    with pytest.raises(Interrupted) as caught:
        train_side_by_side(names(5), 3, work, stop)
    assert asked.wait() == 0
    assert caught.value.exit_code == 128 + number
    assert sorted(path.name for path in tmp_path.glob(f"? {int(number)}")) == [
        f"{turn} {int(number)}" for turn in range(3)
    ]


def test_a_signal_between_two_runs_hands_out_no_more(tmp_path: Path, stop: StopRequest) -> None:
    def work(turns: Turns) -> None:
        for turn in turns:
            (tmp_path / str(turn)).touch()
            os.kill(os.getppid(), signal.SIGTERM)
            until(lambda: stop.signal)

    with pytest.raises(Interrupted, match="SIGTERM: stopped before run1; the same command goes on from there"):
        train_side_by_side(names(3), 1, work, stop)
    assert [path.name for path in tmp_path.iterdir()] == ["0"]


def test_a_signal_when_all_is_trained_changes_nothing(stop: StopRequest) -> None:
    def work(turns: Turns) -> None:
        for _ in turns:
            pass
        os.kill(os.getppid(), signal.SIGTERM)
        until(lambda: stop.signal)

    train_side_by_side(names(3), 2, work, stop)
    assert stop.signal == signal.SIGTERM


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (signal.SIGKILL, "run run1: its process was killed, as happens when memory runs out: raise resources.mem_mb"),
        (signal.SIGXCPU, "run run1: its process was ended by SIGXCPU; the others have written checkpoints"),
    ],
)
def test_a_worker_that_dies_ends_the_block_with_one_line(
    tmp_path: Path, stop: StopRequest, number: int, said: str
) -> None:
    def work(turns: Turns) -> None:
        for turn in turns:
            if turn == 1:
                until((tmp_path / "at work").exists)
                os.kill(os.getpid(), number)
            (tmp_path / "at work").touch()
            until(lambda: stop.signal)
            (tmp_path / "checkpoint").touch()

    with pytest.raises(UserError) as caught:
        train_side_by_side(names(5), 2, work, stop)
    assert str(caught.value).startswith(said)
    assert (tmp_path / "checkpoint").exists()


def test_a_mistake_of_ours_shows_its_traceback(stop: StopRequest, capfd: pytest.CaptureFixture[str]) -> None:
    def work(turns: Turns) -> None:
        for _ in turns:
            raise ZeroDivisionError

    with pytest.raises(UserError, match="run run0: its process ended with the error that stands above"):
        train_side_by_side(names(1), 1, work, stop)
    assert "ZeroDivisionError" in capfd.readouterr().err


SLEEPERS = """
import os, sys, time
from pathlib import Path
from datavolume.training.processes.side_by_side import train_side_by_side
from datavolume.training.surviving.signals import listen

def work(turns):
    for turn in turns:
        Path(sys.argv[1], str(os.getpid())).touch()
        time.sleep(600)

train_side_by_side(["a", "b", "c"], 3, work, listen())
"""


def test_nothing_outlives_a_parent_that_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", SLEEPERS, str(tmp_path)])
    until(lambda: len(list(tmp_path.iterdir())) == 3)
    workers = [int(path.name) for path in tmp_path.iterdir()]
    assert all(map(_lives, workers))
    parent.kill()
    parent.wait()
    until(lambda: not any(map(_lives, workers)))


def _lives(pid: int) -> bool:
    """Also where nobody has buried it: in a container, no one may."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_how_many_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Resources(parallel_seeds=8)
    assert workers_of(asked, runs=10, cores=16) == 8
    assert workers_of(asked, runs=3, cores=16) == 3
    assert workers_of(asked, runs=10, cores=2) == 2
    assert workers_of(Resources(parallel_seeds=8, threads=2, workers=1), runs=10, cores=16) == 5
    assert workers_of(Resources(parallel_seeds=8, threads=4), runs=10, cores=2) == 1
    assert workers_of(Resources(), runs=10, cores=16) == 1
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2})
    assert workers_of(asked, runs=10) == 3
    monkeypatch.setenv("RANK", "0")
    assert workers_of(asked, runs=10, cores=16) == 1


# From here on with real training.

SEEDS = {"seeds": (0, 1, 2, 3), "architecture": "small_cnn", "label_smoothing": 0.1}


@pytest.fixture
def three_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2})


@pytest.mark.usefixtures("three_cores")
def test_side_by_side_has_the_bytes_of_one_after_another(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    paths, plan = make_study(tmp_path / "a", **SEEDS)
    train_all(paths, plan)
    expected = deterministic_bytes(paths, plan)
    alone = [line.partition(",")[0] for line in capfd.readouterr().out.splitlines()]

    paths, plan = make_study(tmp_path / "b", resources=Resources(parallel_seeds=3), **SEEDS)
    with monkeypatch.context() as patched:  # in this process nothing is trained
        own, train = os.getpid(), Training.train
        patched.setattr(Training, "train", lambda self: train(self) if os.getpid() != own else self.checkpoints.load())
        train_all(paths, plan)
    assert deterministic_bytes(paths, plan) == expected
    assert sorted(line.partition(",")[0] for line in capfd.readouterr().out.splitlines()) == sorted(alone)
    assert not list(paths.root.glob("checkpoints/*/lease.json"))


@pytest.mark.usefixtures("three_cores")
def test_a_finished_seed_is_not_repeated(tmp_path: Path) -> None:
    """Two of four seeds were trained alone before: their checkpoints stay as they are."""
    paths, plan = make_study(tmp_path, **{**SEEDS, "seeds": (1, 2)})
    train_all(paths, plan)
    checkpoints = {file: file.stat().st_mtime_ns for file in paths.root.glob("checkpoints/*/*.pt")}
    paths, plan = make_study(tmp_path, resources=Resources(parallel_seeds=2), **SEEDS)
    train_all(paths, plan)
    assert {file: file.stat().st_mtime_ns for file in checkpoints} == checkpoints
    assert len({planned.run for planned in plan.runs}) == len(list(paths.root.glob("checkpoints/*"))) == 4


@pytest.mark.usefixtures("three_cores")
def test_a_run_that_diverges_is_named(tmp_path: Path) -> None:
    diverging = {"optimizer": "sgd", "learning_rate": 1e20, "schedule": "constant"}
    paths, plan = make_study(tmp_path, seeds=(0, 1), resources=Resources(parallel_seeds=2), **diverging)
    with pytest.raises(TrainingDiverged, match=r"diverged: .* lower recipe\.learning_rate"):
        train_all(paths, plan)
    assert not any(paths.root.glob("runs/*/*"))


@pytest.mark.usefixtures("three_cores")
def test_no_gpu_is_touched_before_the_fork(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CUDA does not work in a fork of a process that has used it. Here no GPU is found, by whoever asks."""
    asked_by = tmp_path / "asked by"

    def is_available() -> bool:
        with asked_by.open("a") as file:
            file.write(f"{os.getpid()}\n")
        return False

    monkeypatch.setattr(torch.cuda, "is_available", is_available)
    asked = Resources(gpus=1, parallel_seeds=2)
    paths, plan = make_study(tmp_path, seeds=(0, 1), budget=Budget(updates=3), resources=asked)
    train_all(paths, plan)
    own, processes = str(os.getpid()), asked_by.read_text().split()
    assert own in processes
    assert processes.index(own) >= 2
    assert len(set(processes[: processes.index(own)])) == 2
    assert not torch.cuda.is_initialized()


LONG = {"seeds": (0, 1), "architecture": "small_cnn", "budget": Budget(updates=150)}


@pytest.fixture(scope="module")
def straight_through(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    paths, plan = make_study(tmp_path_factory.mktemp("straight"), **LONG)
    train_all(paths, plan)
    return deterministic_bytes(paths, plan)


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core trains one run at a time")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR2, signal.SIGINT])
def test_a_job_that_is_stopped_goes_on_to_the_same_bytes(
    tmp_path: Path, straight_through: list[bytes], number: int
) -> None:
    """As users and Slurm start it: both runs get a checkpoint, and the exit code says which signal came."""
    paths, plan = make_study(tmp_path, resources=Resources(parallel_seeds=2), **LONG)
    train = [*TRAIN, *command(paths, plan, "--checkpoint-seconds", "0.1")]
    job = subprocess.Popen(train, stderr=subprocess.PIPE, text=True)
    folders = [paths.checkpoints(planned.run) for planned in plan.runs]
    until(lambda: all(map(newest, folders)))  # one that has only its lease may end before its first update
    before = [newest(folder) for folder in folders]
    job.send_signal(number)
    said = job.communicate(timeout=PATIENCE)[1]
    assert (job.returncode, len(said.splitlines())) == (128 + number, 1)
    assert said.endswith("the same command goes on from there\n")
    end = LONG["budget"].updates
    assert all(newest(folder) in (end, *range(seen + 1, end)) for folder, seen in zip(folders, before, strict=True))
    train_all(paths, plan)
    assert deterministic_bytes(paths, plan) == straight_through


def newest(folder: Path) -> int:
    """The update of its newest checkpoint, 0 without one."""
    return max(updates_in(folder.glob("update-*.pt")), default=0)
