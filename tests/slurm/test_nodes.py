"""One training on two nodes: the bits of one process, and every way in which it is stopped."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from loopback.client import Slurm
from projects import make_project, run_snakemake
from unit.training.studies import command, deterministic_bytes, make_study, train_all, updates_in

from datavolume.study import Budget, Paths, Plan, Resources
from datavolume.training.__main__ import main

pytestmark = pytest.mark.slurm
UPDATES = 400
TWO_NODES = Resources(processes=2, nodes=2)


def make(root: Path) -> tuple[Paths, Plan]:
    return make_study(root, architecture="small_cnn", shards=2, budget=Budget(updates=UPDATES), resources=TWO_NODES)


class Job:
    """`python -m datavolume.training`, as a job of two nodes; the batch script becomes that very process."""

    def __init__(self, slurm: Slurm, paths: Paths, plan: Plan) -> None:
        self._slurm, self._log = slurm, paths.root / "job.log"
        train = [sys.executable, "-m", "datavolume.training", *command(paths, plan, "--cores", "1")]
        told = slurm.run(
            *("sbatch", "--parsable", "--nodes=2", "--ntasks-per-node=1", "--mem=500", "--time=20", "--no-requeue"),
            *(f"--output={self._log}", "--open-mode=append", f"--chdir={paths.root}"),
            *("--wrap", f"echo $$ > pid; exec {shlex.join([*train, '--checkpoint-seconds', '3600'])}"),
        )
        self.id = told.stdout.strip()
        self.checkpoints = paths.checkpoints(plan.runs[0].run)
        self._pid = paths.root / "pid"

    @property
    def pid(self) -> int:
        return int(self._pid.read_text())

    def trains(self) -> bool:
        return (self.checkpoints / "lease.json").exists() or not self.runs()

    def runs(self) -> bool:
        return bool(self._slurm.run("squeue", "-h", "-j", self.id, "-t", "PD,CF,R,S", check=False).stdout)

    def end(self) -> tuple[int, list[str]]:
        """Exit code, and what was said."""
        until(lambda: not self.runs())
        told = self._slurm.run("scontrol", "show", "job", self.id).stdout
        code = told.split("ExitCode=")[1].split(":")[0]
        return int(code), self._log.read_text().splitlines()


def until(true: Callable[[], bool]) -> None:
    last = time.monotonic() + 120
    while not true():
        assert time.monotonic() < last
        time.sleep(0.1)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """What one process writes."""
    study = make(tmp_path_factory.mktemp("quiet"))
    train_all(*study)
    return deterministic_bytes(*study)


def test_two_nodes_have_the_bits_of_one_process(slurm: Slurm, tmp_path: Path, quiet: list[bytes]) -> None:
    paths, plan = make(tmp_path)
    code, said = Job(slurm, paths, plan).end()
    assert code == 0, said
    assert len(said) == 1, said
    assert deterministic_bytes(paths, plan) == quiet
    environment = json.loads(paths.run_file(*next(iter(plan.blocks)), "environment.json").read_text())
    assert (environment["processes"], environment["nodes"]) == (2, 2)


def test_two_processes_of_one_node_have_them_too(tmp_path: Path, quiet: list[bytes]) -> None:
    paths, plan = make(tmp_path)
    options = ("--processes", "2", "--cores", "2")
    subprocess.run([sys.executable, "-m", "datavolume.training", *command(paths, plan, *options)], check=True)
    assert deterministic_bytes(paths, plan) == quiet


def test_without_slurm_one_process_trains_and_says_so(
    tmp_path: Path, quiet: list[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    paths, plan = make(tmp_path)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR2)}
    assert main(command(paths, plan)) == 0
    for number, handler in handlers.items():
        signal.signal(number, handler)
    assert capsys.readouterr().err == (
        "the study asks for 2 nodes and this job has 1: training on one, with 1 of 2 processes\n"
    )
    assert deterministic_bytes(paths, plan) == quiet


def warned_by_slurm(slurm: Slurm, job: Job) -> None:
    """As before a time limit or a preemption: every process of every step, srun too, which passes it on again."""
    slurm.run("scancel", "--signal=USR2", job.id)


def asked_by_the_executor(_: Slurm, job: Job) -> None:
    """The warning as the executor passes it on, and Slurm beside it: the launching process hears of it twice."""
    os.kill(job.pid, signal.SIGUSR2)
    os.kill(job.pid, signal.SIGUSR2)


def ended_by_the_executor(_: Slurm, job: Job) -> None:
    os.kill(job.pid, signal.SIGTERM)


def interrupted_twice(_: Slurm, job: Job) -> None:
    os.kill(job.pid, signal.SIGINT)
    time.sleep(0.2)
    os.kill(job.pid, signal.SIGINT)


@pytest.mark.parametrize(
    ("stop", "name"),
    [
        (warned_by_slurm, "SIGUSR2"),
        (asked_by_the_executor, "SIGUSR2"),
        (ended_by_the_executor, "SIGTERM"),
        (interrupted_twice, "SIGINT"),
    ],
)
def test_stopped_with_one_checkpoint_and_gone_on_to_the_same_bits(
    slurm: Slurm, tmp_path: Path, quiet: list[bytes], stop: Callable[[Slurm, Job], None], name: str
) -> None:
    paths, plan = make(tmp_path)
    job = Job(slurm, paths, plan)
    until(job.trains)
    stop(slurm, job)
    code, said = job.end()
    assert code == 128 + signal.Signals[name], said
    (update,) = updates_in(job.checkpoints.iterdir())
    assert 0 < update < UPDATES
    line = f"{name}: stopped {plan.runs[0].run} after update {update} of {UPDATES}; the same command goes on from there"
    assert sorted(said) == sorted([line, f"process 1: {line}"])
    if stop is warned_by_slurm:
        code, said = Job(slurm, paths, plan).end()
        assert code == 0, said
    else:  # two processes or one, it makes no difference
        train_all(paths, plan)
    assert deterministic_bytes(paths, plan) == quiet


def test_the_end_of_the_launching_process_ends_the_others_with_a_checkpoint(slurm: Slurm, tmp_path: Path) -> None:
    """Killed by hand or for its memory: nothing may train on unseen. The batch script waits, as the executor would."""
    paths, plan = make(tmp_path)
    train = shlex.join([sys.executable, "-m", "datavolume.training", *command(paths, plan, "--cores", "1")])
    told = slurm.run(
        *("sbatch", "--parsable", "--nodes=2", "--ntasks-per-node=1", "--mem=500", "--time=20", "--no-requeue"),
        *(f"--output={tmp_path}/job.log", f"--chdir={tmp_path}"),
        *("--wrap", f"{train} & echo $! > pid; wait $!; while pgrep -f {tmp_path}.*--block; do sleep 0.1; done"),
    )
    checkpoints = paths.checkpoints(plan.runs[0].run)
    until((checkpoints / "lease.json").exists)
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    until(lambda: not slurm.run("squeue", "-h", "-j", told.stdout.strip(), "-t", "PD,R", check=False).stdout)
    assert len(updates_in(checkpoints.glob("update-*.pt"))) == 1
    assert "SIGTERM: stopped" in (tmp_path / "job.log").read_text()


def test_a_process_that_is_killed_ends_the_job_in_words(slurm: Slurm, tmp_path: Path) -> None:
    paths, plan = make(tmp_path)
    job = Job(slurm, paths, plan)
    until(job.trains)
    (second,) = (pid for pid, environment in trainers(paths) if "RANK=1" in environment)
    os.kill(second, signal.SIGKILL)
    code, said = job.end()
    assert code == 137 or "another process of this job ended" in said[0]  # whichever of them is noticed first
    assert code in (1, 137)
    assert "Traceback" not in "".join(said)


def trainers(paths: Paths) -> list[tuple[int, list[str]]]:
    """Process ids and environments of this study's training processes."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode().split("\0")
            environment = (process / "environ").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if str(paths.root) in words and any(word.startswith("RANK=") for word in environment):
            found.append((int(process.name), environment))
    return found


def test_a_study_on_two_nodes(slurm: Slurm, tmp_path: Path) -> None:
    """The whole way: the rule's request, the executor, two nodes; beside the same study without Slurm."""
    results = []
    for profile in ("local", "slurm"):
        (tmp_path / profile).mkdir()
        project = make_project(tmp_path / profile)
        study = project / "config/studies/tiny.yaml"
        text = study.read_text().replace("[mlp, small_cnn]", "[small_cnn]").replace("[0.1, 0.5, 1]", "[0.1]")
        text = text.replace("evaluations: 3}", "evaluations: 3, shards: 2}") + "resources: {processes: 2, nodes: 2}\n"
        study.write_text(text)
        target = "results/tiny/collected/summary.parquet"
        told = run_snakemake(project, target, profile=profile, environment=slurm.environment)
        assert told.returncode == 0, told.stderr
        (folder,) = (project / "results/tiny/runs").glob("*/*")
        results.append(folder)
    local, remote = results
    for name in ("metrics.csv", "summary.csv", "predictions.npz"):
        assert (remote / name).read_bytes() == (local / name).read_bytes()
    environments = [json.loads((folder / "environment.json").read_text()) for folder in results]
    assert [environment["nodes"] for environment in environments] == [1, 2]
