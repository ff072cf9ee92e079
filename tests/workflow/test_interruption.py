"""A training process killed at ten random moments and started again writes the bytes of one straight through."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

from unit.training.studies import command, deterministic_bytes, make_study, updates_in

from datavolume.study import Budget, Paths, Plan

SEED = int(os.environ.get("DATAVOLUME_TEST_SEED", "20261121"))
KILLS = 10
UPDATES = 150  # in each of two runs


def make(root: Path) -> tuple[Paths, Plan]:
    return make_study(root, seeds=(0, 1), budget=Budget(updates=UPDATES), evaluations=10)


def start(paths: Paths, plan: Plan, *options: str) -> subprocess.Popen[bytes]:
    train = [sys.executable, "-m", "datavolume.training", *command(paths, plan, *options)]
    return subprocess.Popen(train, stdout=subprocess.DEVNULL)


def updates_done(paths: Paths, plan: Plan) -> int:
    """By the newest checkpoint of each run."""
    folders = [paths.checkpoints(planned.run) for planned in plan.runs]
    return sum(max(updates_in(folder.glob("update-*.pt")), default=0) for folder in folders)


def wait_for(paths: Paths, plan: Plan, updates: int, job: subprocess.Popen[bytes]) -> None:
    while job.poll() is None and updates_done(paths, plan) < updates:
        time.sleep(0.002)


def test_killed_at_ten_random_moments(tmp_path: Path) -> None:
    print(f"DATAVOLUME_TEST_SEED={SEED}")
    moments = random.Random(SEED)
    straight, killed = make(tmp_path / "straight"), make(tmp_path / "killed")
    assert start(*straight).wait() == 0

    # After a random update, at a random moment of what follows: a step, an evaluation, a checkpoint, the next start.
    for updates in sorted(moments.sample(range(2 * UPDATES - 40), KILLS)):
        job = start(*killed, "--checkpoint-seconds", "0")
        wait_for(*killed, updates, job)
        time.sleep(moments.uniform(0, 0.02))
        assert job.poll() is None, "finished before it was killed: give the runs more updates"
        job.kill()
        job.wait()

    assert start(*killed).wait() == 0
    assert deterministic_bytes(*killed) == deterministic_bytes(*straight)
