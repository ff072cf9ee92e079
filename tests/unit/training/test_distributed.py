"""Two processes, as torchrun starts them: the same bits as one, also stopped and resumed on another number of them."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from unit.training.studies import command, deterministic_bytes, make_study, train_all

from datavolume.study import Budget, Paths, Plan, Resources
from datavolume.training.surviving.lease import Lease
from datavolume.training.surviving.signals import StopRequest

LAUNCH = [sys.executable, "-m", "datavolume.training.processes.launch", "--standalone", "--nproc-per-node", "2"]
STUDY: dict[str, Any] = {"architecture": "small_cnn", "shards": 2, "resources": Resources(processes=2)}


def launch(paths: Paths, plan: Plan, *options: str) -> subprocess.Popen[str]:
    train = [*LAUNCH, "-m", "datavolume.training", *command(paths, plan, "--cores", "2", *options)]
    return subprocess.Popen(train, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_two_processes_have_the_bits_of_one(tmp_path: Path) -> None:
    one, two = (make_study(tmp_path / name, seeds=(0, 1), **STUDY) for name in ("one", "two"))
    train_all(*one)
    said, errors = (job := launch(*two)).communicate()
    assert (job.returncode, errors) == (0, "")
    finished = re.findall(r"(small_cnn f0.1 seed \d): top-1", said)  # gloo of torch 2.8 adds lines of its own
    assert finished == [f"small_cnn f0.1 seed {n}" for n in (0, 1)]
    assert deterministic_bytes(*two) == deterministic_bytes(*one)


def test_the_plan_says_how_many_processes_there_are(tmp_path: Path) -> None:
    paths, plan = make_study(tmp_path, **STUDY)
    train = [sys.executable, "-m", "datavolume.training", *command(paths, plan, "--cores", "2")]
    subprocess.run(train, check=True, capture_output=True)
    environment = paths.run_file(*next(iter(plan.blocks)), "environment.json")
    assert json.loads(environment.read_text())["processes"] == 2


def test_two_processes_stop_together_and_one_goes_on(tmp_path: Path) -> None:
    budget = Budget(updates=400)
    one, two = (make_study(tmp_path / name, budget=budget, **STUDY) for name in ("one", "two"))
    train_all(*one)
    job = launch(*two, "--checkpoint-seconds", "0")
    checkpoints = two[0].checkpoints(two[1].runs[0].run)
    while job.poll() is None and not any(checkpoints.glob("update-*.pt")):
        time.sleep(0.01)
    job.send_signal(signal.SIGUSR2)
    time.sleep(0.2)
    job.send_signal(signal.SIGUSR2)  # the executor passes on what Slurm has sent already
    _, errors = job.communicate()
    assert job.returncode == 128 + signal.SIGUSR2
    first, second = sorted(errors.splitlines())
    assert first.startswith("SIGUSR2: stopped small_cnn-")
    assert second == f"process 1: {first}"  # after the same update
    train_all(*two)
    assert deterministic_bytes(*two) == deterministic_bytes(*one)


def test_a_mistake_is_not_buried_under_torchrun(tmp_path: Path) -> None:
    paths, plan = make_study(tmp_path, architecture="small_cnn", shards=1)
    _, errors = (job := launch(paths, plan)).communicate()
    assert job.returncode == 1
    said = {line.removeprefix("process 1: ") for line in errors.splitlines()}  # the first to end ends the other
    assert len(said) == 1
    assert said.pop().startswith("Error: run small_cnn-f0.1-bs32-s0-")


def test_two_processes_are_taken_over_together(tmp_path: Path) -> None:
    budget = Budget(updates=4000)
    paths, plan = make_study(tmp_path, budget=budget, **STUDY)
    job = launch(paths, plan, "--checkpoint-seconds", "0")
    checkpoints = paths.checkpoints(plan.runs[0].run)
    while job.poll() is None and not any(checkpoints.glob("update-*.pt")):
        time.sleep(0.01)
    newer = Lease(StopRequest(), {"SLURM_JOB_ID": "8", "SLURMD_NODENAME": "n2"})
    newer.take(checkpoints)
    _, errors = job.communicate()
    assert job.returncode == 75
    line = "another copy of this run, job 8 restart 0 on node n2, has taken over; this one stops"
    assert sorted(errors.splitlines()) == [line, f"process 1: {line}"]
    assert newer.look() == 0
