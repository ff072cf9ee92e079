"""The head dies at any moment, and the next call ends with the same bytes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

from projects import make_project, run_snakemake, snakemake_command

METRICS = "results/tiny/collected/metrics.parquet"
SEED = int(os.environ.get("DATAVOLUME_TEST_SEED", "20261121"))


def start(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        snakemake_command(folder, METRICS),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def kill_after(folder: Path, seconds: float) -> bool:
    """Run the workflow and kill -9 the head and all below it; whether it was still running then."""
    head = start(folder)
    try:
        head.wait(timeout=seconds)
        return False
    except subprocess.TimeoutExpired:
        os.killpg(head.pid, signal.SIGKILL)
        head.wait()
        return True


def nobody_is_left(group: int) -> bool:
    """Whether the whole process group ends by itself."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def deterministic_files(folder: Path) -> dict[str, bytes]:
    names = ("metrics.csv", "summary.csv", "predictions.npz")
    runs = folder / "results/tiny/runs"
    return {str(path.relative_to(runs)): path.read_bytes() for path in runs.rglob("*") if path.name in names}


def test_killed_at_ten_random_moments(tmp_path: Path) -> None:
    straight, folder = (make_project(tmp_path / name) for name in ("straight", "killed"))
    assert run_snakemake(straight, METRICS).returncode == 0
    moments = random.Random(SEED)
    killed = 0
    for _ in range(10):
        if not kill_after(folder, moments.uniform(1.0, 6.0)):
            break
        killed += 1
        assert run_snakemake(folder, "--unlock").returncode == 0
    print(f"seed {SEED}: {killed} kills")
    assert killed >= 3, "the study is too short to be killed often; make it longer"
    told = run_snakemake(folder, METRICS)
    assert told.returncode == 0, told.stderr
    assert deterministic_files(folder) == deterministic_files(straight)


def test_ctrl_c_stops_within_seconds_and_the_next_call_goes_on(tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    head = start(folder)
    training = folder / "logs/tiny/train"
    until = time.monotonic() + 60
    while not training.exists() and time.monotonic() < until:
        time.sleep(0.1)
    os.killpg(head.pid, signal.SIGINT)  # as a terminal does: to all of the foreground
    assert head.wait(timeout=60) != 0
    assert nobody_is_left(head.pid)
    told = run_snakemake(folder, METRICS)
    assert told.returncode == 0, told.stderr
