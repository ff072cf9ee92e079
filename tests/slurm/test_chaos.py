"""A short chaos run on stand-in trainers, and that its witnesses, its schedule and its verdict can be trusted."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from chaos import witness
from chaos.faults import DEFAULT, FAULTS
from chaos.grids import GRIDS
from chaos.runs import Plan, Quiet, quiet_run, run_under_faults
from chaos.schedule import schedule
from chaos.verdict import differences, repeated, twice
from chaos.witness import Attempt, attempts
from loopback.client import Slurm, held_cluster
from loopback.processes import wait_until as eventually

GRID = replace(GRIDS["standin"], trainings=8)  # as many as run at once: `make chaos` is for longer nights
HARMLESS = tuple(name for name in DEFAULT if not FAULTS[name].touches_jobs)
SECONDS = 17.0


def plan(seed: int, faults: tuple[str, ...]) -> Plan:
    """A short run under these faults."""
    return Plan(GRID, seed, SECONDS, faults, retries=5)


@pytest.fixture(scope="module")
def cluster(slurm_packages: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:  # noqa: ARG001
    """A cluster of this file's own: others must not meet its faults."""
    with held_cluster(tmp_path_factory.mktemp("cluster")) as private:
        yield private


@pytest.fixture(scope="module")
def quiet(cluster: Slurm, tmp_path_factory: pytest.TempPathFactory) -> Quiet:
    """The grid left in peace."""
    return quiet_run(cluster, tmp_path_factory.mktemp("quiet") / "run", plan(0, ()))


def test_left_in_peace_each_training_is_started_once(quiet: Quiet) -> None:
    assert quiet.starts == GRID.trainings
    assert len(quiet.files) == 2 * GRID.trainings


@pytest.mark.parametrize(("seed", "faults"), [(18, HARMLESS), (14, DEFAULT), (21, DEFAULT)])
def test_faults_change_no_result_and_start_no_second_copy(
    cluster: Slurm, quiet: Quiet, tmp_path: Path, seed: int, faults: tuple[str, ...]
) -> None:
    outcome = run_under_faults(cluster, tmp_path, plan(seed, faults), quiet)
    assert outcome.breaches == []
    assert outcome.struck


def test_the_same_seed_gives_the_same_faults_and_another_gives_others() -> None:
    events = schedule(7, 600, DEFAULT)
    assert events == schedule(7, 600, DEFAULT)
    assert events != schedule(8, 600, DEFAULT)
    assert [event.at for event in events] == sorted(event.at for event in events)
    assert {event.fault for event in events[: len(DEFAULT)]} == set(DEFAULT)
    assert all(0 < event.at < 600 for event in events)


def test_a_witness_tells_when_a_process_was_last_alive(tmp_path: Path) -> None:
    script = "from witness import watch; import sys, time; watch(sys.argv[1], 'cnn'); time.sleep(600)"
    environment = os.environ | {"PYTHONPATH": str(Path(witness.__file__).parent), "SLURM_JOB_ID": "12"}
    environment |= {"SLURM_ARRAY_JOB_ID": "11", "SLURM_ARRAY_TASK_ID": "3"}
    with subprocess.Popen([sys.executable, "-c", script, tmp_path], env=environment) as process:
        assert eventually(lambda: bool(attempts(tmp_path)), 30)
        first = attempts(tmp_path)[0]
        assert eventually(lambda: attempts(tmp_path)[0].seen > first.seen, 30)
        process.kill()
        process.wait()
        killed = time.time()
    (attempt,) = attempts(tmp_path)
    assert (attempt.name, attempt.pid, attempt.job) == ("cnn", process.pid, "11_3")
    assert attempt.start < attempt.seen <= killed
    assert attempts(tmp_path) == [attempt]


def attempt(name: str, start: float, seen: float) -> Attempt:
    """One attempt at a training."""
    return Attempt(name, 1, f"job-{start:.0f}", "n1", start, seen)


def test_only_attempts_at_one_training_that_overlap_are_a_breach() -> None:
    apart = [attempt("a", 1, 2), attempt("a", 3, 5), attempt("b", 4, 6)]
    assert twice(apart) == []
    late = attempt("a", 4.5, 9)
    assert twice([*apart, late]) == ["twice at once: a as job-3 on n1 and, 0.5 s before its end, as job-4 on n1"]


def test_lost_changed_and_unexpected_files_are_told() -> None:
    quiet = {"a": b"1", "b": b"2", "c": b"3"}
    assert differences(quiet, dict(quiet)) == []
    assert differences(quiet, {"a": b"1", "b": b"two", "d": b"4"}) == ["lost: c", "differs: b", "unexpected: d"]


def test_a_training_started_again_is_told_where_no_fault_touched_a_job() -> None:
    assert repeated([attempt("a", 1, 2), attempt("b", 1, 2)], 2) == []
    assert repeated([attempt("a", 1, 2), attempt("a", 3, 4), attempt("b", 1, 2)], 2) == [
        "3 starts of 2 trainings, though no fault touched a job"
    ]


def test_a_step_left_out_of_a_stand_in_shows_in_its_result(tmp_path: Path) -> None:
    """Stopped and started again it gives the same bytes; from another's checkpoint it does not."""
    GRID.prepare(tmp_path)
    environment = os.environ | {"CHAOS_WITNESS": str(tmp_path / "witness"), "PYTHONPATH": str(tmp_path / "site")}
    command = [sys.executable, tmp_path / "site/standin.py"]

    def train(name: str, checkpoint: str) -> bytes:
        result = tmp_path / f"{name}.{checkpoint}.csv"
        arguments = [name, "12", tmp_path / checkpoint, result]
        with subprocess.Popen([*command, *arguments], env=environment) as process:
            assert eventually((tmp_path / checkpoint).exists, 30)
            process.terminate()
        assert process.returncode == 143
        assert not result.exists()
        subprocess.run([*command, *arguments], env=environment, check=True)
        return result.read_bytes()

    straight = tmp_path / "straight.csv"
    subprocess.run([*command, "a", "12", tmp_path / "unused", straight], env=environment, check=True)
    assert train("a", "one") == straight.read_bytes()
    (tmp_path / "other").write_text('["stolen"]')
    subprocess.run([*command, "a", "12", tmp_path / "other", tmp_path / "wrong.csv"], env=environment, check=True)
    assert (tmp_path / "wrong.csv").read_bytes() != straight.read_bytes()
