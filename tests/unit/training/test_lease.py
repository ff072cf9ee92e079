"""Two copies of one run: the newer writes, the older stops itself; a dead one is in nobody's way."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from unit.training.studies import command, deterministic_bytes, make_study, train_all, updates_in

from datavolume.study import Budget, Paths, Plan
from datavolume.training.surviving import lease as module
from datavolume.training.surviving.lease import TAKEN_OVER, Lease, TakenOver
from datavolume.training.surviving.signals import Interrupted, StopRequest

TRAIN = [sys.executable, "-m", "datavolume.training"]


@pytest.fixture(autouse=True)
def _always_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look reads the disk, and a copy that is dead is known to be after half a second."""
    monkeypatch.setattr(module, "SECONDS_BETWEEN_LOOKS", 0.0)
    monkeypatch.setattr(module, "SECONDS_TO_SHOW_LIFE", 0.5)


def copy(job: str = "", restart: int = 0, *, cluster: str = "c", **more: str) -> Lease:
    """One copy of the run, by what the executor tells it."""
    told = {"SNAKEMAKE_SUBMITIT_JOB": job, "SNAKEMAKE_SUBMITIT_RESTART": str(restart)} if job else {}
    return Lease(StopRequest(), {"SLURM_CLUSTER_NAME": cluster, "SLURMD_NODENAME": "n2", **told, **more})


@contextmanager
def living(lease: Lease) -> Iterator[None]:
    """It goes on looking, as at its steps."""
    ended = threading.Event()

    def steps() -> None:
        while not ended.wait(0.01):
            lease.look()

    thread = threading.Thread(target=steps)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def holder_in(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "lease.json").read_text())
    return found


def test_the_holder_is_named(tmp_path: Path) -> None:
    with copy("123_4", 2) as lease:
        lease.take(tmp_path)
        found = holder_in(tmp_path)
        assert (found["job"], found["restart"], found["host"], found["pid"]) == ("123_4", 2, "n2", os.getpid())
        assert lease.look() == 0
        lease.check()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("environment", "job", "restart"),
    [
        ({}, "", 0),
        ({"SLURM_JOB_ID": "77", "SLURM_RESTART_COUNT": "3"}, "77", 3),
        ({"SLURM_JOB_ID": "95", "SLURM_ARRAY_JOB_ID": "77", "SLURM_ARRAY_TASK_ID": "5"}, "77_5", 0),
        ({"SLURM_JOB_ID": "95", "SLURM_RESTART_COUNT": "1", "SNAKEMAKE_SUBMITIT_JOB": "local-3"}, "local-3", 0),
    ],
)
def test_who_a_process_is(tmp_path: Path, environment: dict[str, str], job: str, restart: int) -> None:
    with Lease(StopRequest(), environment) as lease:
        lease.take(tmp_path)
        assert (holder_in(tmp_path)["job"], holder_in(tmp_path)["restart"]) == (job, restart)


NEWER = [
    (("7", 0), ("7", 1)),  # requeued by Slurm
    (("7", 1), ("8", 0)),  # submitted again by the head
    (("9", 0), ("10", 0)),  # as numbers, not as text
    (("7_3", 0), ("7_3", 1)),
    (("7_3", 5), ("8_1", 0)),
    (("local-1", 0), ("local-1", 0)),  # no Slurm: the one that takes it last
    (("", 0), ("", 0)),
    (("7_1", 1), ("7_2", 0)),  # two tasks of one array: likewise
    (("7", 0), ("7", 0)),  # started twice by hand inside one job
    (("9", 0), ("", 0)),
    (("", 0), ("9", 0)),
]


@pytest.mark.parametrize(("old", "new"), NEWER)
def test_the_newer_one_takes_over(tmp_path: Path, old: tuple[str, int], new: tuple[str, int]) -> None:
    with copy(*old) as first, copy(*new) as second:
        first.take(tmp_path)
        with living(first):
            second.take(tmp_path)
        assert first.look() == TAKEN_OVER
        with pytest.raises(TakenOver) as said:
            first.check()
        assert re.fullmatch(
            r"another copy of this run, .* on node n2, has taken over; this one stops", str(said.value)
        ), said.value
        first.release()
        assert second.look() == 0  # what the first does when it ends leaves it in peace
        assert holder_in(tmp_path)["job"] == new[0]


def test_other_clusters_count_for_themselves(tmp_path: Path) -> None:
    with copy("9000", cluster="big") as first, copy("7", cluster="small") as second:
        first.take(tmp_path)
        second.take(tmp_path)
        assert (first.look(), second.look()) == (TAKEN_OVER, 0)


@pytest.mark.parametrize(("old", "new"), NEWER[:5])
def test_an_older_one_that_starts_late_stops_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: tuple[str, int], new: tuple[str, int]
) -> None:
    with copy(*old) as late, copy(*new) as first:
        first.take(tmp_path)
        monkeypatch.setattr(module, "SECONDS_TO_SHOW_LIFE", 60.0)  # it is alive, however busy the machine
        with living(first), pytest.raises(TakenOver) as said:
            late.take(tmp_path)
        job, restart = new
        assert str(said.value) == (
            f"a newer copy of this run, job {job} restart {restart} on node n2, is at work; this one stops"
        )
        assert (first.look(), late.look()) == (0, 0)


def test_a_dead_one_blocks_nobody_however_new_it_was(tmp_path: Path) -> None:
    dead, later = copy("9", 5), copy("7")
    dead.take(tmp_path)
    later.take(tmp_path)
    assert later.look() == 0
    assert dead.look() == 0  # it was not dead, only slow: it is the newer one, and takes the lease back
    assert later.look() == TAKEN_OVER


def test_clocks_say_nothing(tmp_path: Path) -> None:
    """A copy whose clock was years ahead, on a file system whose clock was too."""
    ahead, now = copy(), copy()
    ahead.take(tmp_path)
    file = tmp_path / "lease.json"
    file.write_text(file.read_text().replace('"taken": "20', '"taken": "29'))
    os.utime(file, (2**33, 2**33))
    now.take(tmp_path)
    assert (ahead.look(), now.look()) == (TAKEN_OVER, 0)


def test_of_two_that_take_it_at_once_one_is_left(tmp_path: Path) -> None:
    """Both have read the empty folder before either has written."""
    first, second = copy("7", 1), copy("7", 0)
    first.take(tmp_path)
    (tmp_path / "lease.json").rename(tmp_path / "first")
    second.take(tmp_path)
    assert (first.look(), second.look()) == (0, TAKEN_OVER)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"job": 7}', None])
def test_a_file_that_is_no_lease_counts_as_none(tmp_path: Path, content: str | None) -> None:
    lease, file = copy("7"), tmp_path / "lease.json"
    if content is not None:
        file.write_text(content)
    lease.take(tmp_path)
    if content is None:
        file.unlink()
    else:
        file.write_text(content)
    assert lease.look() == 0
    assert holder_in(tmp_path)["job"] == "7"


def test_one_run_after_another(tmp_path: Path) -> None:
    with copy("7") as lease:
        for name in ("a", "b"):
            lease.take(tmp_path / name)
        assert [file.name for file in (tmp_path / "a").iterdir()] == []
        assert holder_in(tmp_path / "b")["job"] == "7"


def test_a_signal_while_an_older_one_watches(tmp_path: Path) -> None:
    stop = StopRequest()
    stop.signal = signal.SIGUSR2
    first, late = copy("8"), Lease(stop, {"SNAKEMAKE_SUBMITIT_JOB": "7", "SLURM_CLUSTER_NAME": "c"})
    first.take(tmp_path)
    with pytest.raises(Interrupted, match="SIGUSR2: stopped while job 8 restart 0 on node n2 was watched"):
        late.take(tmp_path)


def test_looks_are_seconds_apart_but_a_check_always_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS_BETWEEN_LOOKS", 3600.0)
    first, second = copy(), copy()
    first.take(tmp_path)
    second.take(tmp_path)
    assert first.look() == 0
    with pytest.raises(TakenOver):
        first.check()
    assert first.look() == TAKEN_OVER


class TakesOverAtLook(StopRequest):
    """Another copy takes the lease of the run when this one looks for the n-th time."""

    def __init__(self, look: int, other: Lease, folder: Path) -> None:
        self._left, self._other, self._folder = look, other, folder

    @property
    def signal(self) -> int:
        self._left -= 1
        if self._left == 0:
            self._other.take(self._folder)
        return 0


@pytest.mark.parametrize("checkpoint_seconds", [0.0, 60.0])
@pytest.mark.parametrize("look", [2, 12, 31])  # the first step, in the middle, the last step
def test_a_run_that_is_taken_over_writes_nothing_more(tmp_path: Path, look: int, checkpoint_seconds: float) -> None:
    paths, plan = make_study(tmp_path)
    folder, other = paths.checkpoints(plan.runs[0].run), copy("8")
    with pytest.raises(TakenOver):
        train_all(paths, plan, checkpoint_seconds=checkpoint_seconds, stop=TakesOverAtLook(look, other, folder))
    written = 0 if checkpoint_seconds else look - 2
    assert {file.name for file in folder.iterdir()} == {
        "lease.json",
        *(f"update-{update:08}.pt" for update in (written - 1, written) if update > 0),
    }
    assert not any(paths.root.glob("runs/*/*"))


def test_a_block_that_is_taken_over_at_its_end_writes_no_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths, plan = make_study(tmp_path, seeds=(0, 1))
    train_all(paths, plan)
    expected = deterministic_bytes(paths, plan)
    for file in paths.root.glob("runs/*/*/*"):
        file.unlink()
    last, real_take = paths.checkpoints(plan.runs[1].run), Lease.take

    def take(self: Lease, folder: Path) -> None:
        real_take(self, folder)
        if folder == last:
            real_take(copy("8"), folder)

    monkeypatch.setattr(Lease, "take", take)
    with pytest.raises(TakenOver):
        train_all(paths, plan)
    assert [file for file in paths.root.glob("runs/*/*/*") if file.is_file()] == []
    monkeypatch.undo()
    train_all(paths, plan)
    assert deterministic_bytes(paths, plan) == expected


def start(paths: Paths, plan: Plan, restart: int, *options: str) -> subprocess.Popen[str]:
    told = {"SNAKEMAKE_SUBMITIT_JOB": "123", "SNAKEMAKE_SUBMITIT_RESTART": str(restart), "SLURMD_NODENAME": "n2"}
    train = [*TRAIN, *command(paths, plan, *options)]
    return subprocess.Popen(train, env={**os.environ, **told}, stderr=subprocess.PIPE, text=True)


def wait_for_lease(folder: Path, process: subprocess.Popen[str]) -> None:
    while not (folder / "lease.json").exists() or holder_in(folder)["pid"] != process.pid:
        assert process.poll() is None, "it ended before it was seen: give its run more updates"
        time.sleep(0.001)


def newest_in(folder: Path) -> int:
    return max(updates_in(folder.glob("update-*.pt")), default=0)


def test_a_second_process_takes_over_and_the_first_stops_without_writing(tmp_path: Path) -> None:
    budget = Budget(updates=3000)
    quiet, paths, plan = make_study(tmp_path / "quiet", budget=budget), *make_study(tmp_path / "two", budget=budget)
    folder = paths.checkpoints(plan.runs[0].run)
    older = start(paths, plan, 0, "--checkpoint-seconds", "0")
    wait_for_lease(folder, older)
    older.send_signal(signal.SIGSTOP)  # as a node that hangs
    newer = start(paths, plan, 1, "--checkpoint-seconds", "60")
    wait_for_lease(folder, newer)
    newer.send_signal(signal.SIGSTOP)
    before = newest_in(folder)
    older.send_signal(signal.SIGCONT)  # whatever is written from now on, this one writes
    _, said = older.communicate()
    assert older.returncode == 75
    assert said == "another copy of this run, job 123 restart 1 on node n2, has taken over; this one stops\n"
    assert newest_in(folder) - before <= 1  # the checkpoint that was on its way
    assert holder_in(folder)["pid"] == newer.pid
    newer.send_signal(signal.SIGCONT)
    assert newer.wait() == 0
    train_all(*quiet)
    assert deterministic_bytes(paths, plan) == deterministic_bytes(*quiet)
    assert not (folder / "lease.json").exists()


DIES = """
import os, signal, sys
from datavolume.training.__main__ import main
from datavolume.training.surviving.lease import Lease

Lease.look = lambda _: os.kill(os.getpid(), signal.SIGKILL)
main(sys.argv[1:])
"""


def test_a_killed_process_holds_up_nobody(tmp_path: Path) -> None:
    paths, plan = make_study(tmp_path, budget=Budget(updates=300))
    lease = paths.checkpoints(plan.runs[0].run) / "lease.json"
    killed = subprocess.run([sys.executable, "-c", DIES, *command(paths, plan)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert lease.exists()
    assert start(paths, plan, 1).wait() == 0
    assert not lease.exists()
