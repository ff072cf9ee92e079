"""The faults that tests bring on: commands that fail or hang, nodes that crash, daemons that stop, strict sites."""

import subprocess
import threading
from pathlib import Path

import pytest
from loopback.client import Slurm
from loopback.processes import wait_until as eventually


def test_calls_are_counted_outside_and_inside_of_jobs(slurm: Slurm, tmp_path: Path) -> None:
    with slurm.counted(tmp_path / "bin") as calls:
        site = slurm.behind(calls)
        job = site.run(
            "sbatch", "--parsable", "-o", "/dev/null", "--wrap", "scontrol ping\nscontrol ping", cwd=tmp_path
        )
        site.run("squeue", "-h", "-j", job.stdout.strip())
        assert eventually(lambda: calls.in_jobs("scontrol") == 2, 60)
    assert {name: count for name, count in calls.items() if count} == {"sbatch": 1, "squeue": 1}
    assert calls.arguments("scontrol", "jobs") == ["ping", "ping"]
    (arguments,) = calls.arguments("sbatch")
    assert arguments == "--parsable -o /dev/null --wrap scontrol ping\nscontrol ping"


def test_calls_at_the_same_moment_are_all_counted(slurm: Slurm, tmp_path: Path) -> None:
    with slurm.counted(tmp_path / "bin") as calls:
        started = [
            subprocess.Popen(["sacct", "--version"], env=calls.environment, stdout=subprocess.DEVNULL)
            for _ in range(20)
        ]
        assert [process.wait() for process in started] == [0] * 20
    assert calls["sacct"] == 20


def test_a_command_fails_for_as_long_as_a_test_says(slurm: Slurm, tmp_path: Path) -> None:
    with slurm.counted(tmp_path / "bin") as calls:
        site = slurm.behind(calls)
        with calls.failing("squeue", "slurm_load_jobs error: Unable to contact slurm controller"):
            refused = site.run("squeue", check=False)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr == "slurm_load_jobs error: Unable to contact slurm controller\n"
        assert site.run("squeue", "-h").returncode == 0
    assert calls["squeue"] == 2


def test_a_command_fails_only_inside_of_jobs(slurm: Slurm, tmp_path: Path) -> None:
    with slurm.counted(tmp_path / "bin") as calls:
        site = slurm.behind(calls)
        with calls.failing("scontrol", "no such command here", places=("jobs",)):
            site.run("scontrol", "ping")
            told = site.run("srun", "scontrol", "ping", check=False)
    assert "no such command here" in told.stderr


def test_a_submission_whose_answer_is_lost_has_still_been_made(slurm: Slurm, tmp_path: Path) -> None:
    with slurm.counted(tmp_path / "bin") as calls:
        site = slurm.behind(calls)
        with calls.failing("sbatch", "Socket timed out on send/recv operation", done=True):
            lost = site.run("sbatch", "-o", "/dev/null", "--wrap", "touch ran", check=False, cwd=tmp_path)
    assert (lost.returncode, lost.stdout) == (1, "")
    assert eventually((tmp_path / "ran").exists, 60)


def test_a_command_hangs_until_a_test_lets_it_go_on(slurm: Slurm, tmp_path: Path) -> None:
    with slurm.counted(tmp_path / "bin") as calls:
        with calls.hanging("sacct"):
            with pytest.raises(subprocess.TimeoutExpired):
                subprocess.run(["sacct", "-n"], env=calls.environment, capture_output=True, timeout=1)
            answers: list[int] = []
            waiting = threading.Thread(
                target=lambda: answers.append(slurm.behind(calls).run("sacct", "--version").returncode)
            )
            waiting.start()
            assert eventually(lambda: calls["sacct"] == 2, 60)
            assert answers == []
        waiting.join(60)
    assert answers == [0]


def test_no_fault_for_a_command_without_a_wrapper(slurm: Slurm, tmp_path: Path) -> None:
    with slurm.counted(tmp_path / "bin") as calls, pytest.raises(ValueError, match="rsync in head: choose of sbatch"):
        calls["rsync"]
