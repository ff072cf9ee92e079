"""Jobs on the private cluster meet what they meet on a site: environment, GPUs, arrays, accounting, requeue."""

import os
from pathlib import Path

from loopback.client import Slurm
from loopback.processes import wait_until as eventually


def sacct_states(slurm: Slurm, job: str) -> list[str]:
    """The states that accounting tells of a job's tasks."""
    return slurm.run("sacct", "-n", "-X", "-P", "-j", job, "-o", "State").stdout.splitlines()


def squeue_state(slurm: Slurm, job: str) -> str:
    """The state of a job in the queue."""
    return slurm.run("squeue", "-h", "-j", job, "-o", "%T").stdout.strip()


def test_a_job_sees_the_environment_and_its_gpus(slurm: Slurm, tmp_path: Path) -> None:
    here = Slurm(slurm.cluster, slurm.environment | {"VOLUME": "12.5 per cent"})
    script = 'echo "$VOLUME|$CUDA_VISIBLE_DEVICES|$(pwd)"'
    here.run("sbatch", "--wait", "--gpus=2", "-o", "out.txt", "--wrap", script, cwd=tmp_path)
    assert (tmp_path / "out.txt").read_text() == f"12.5 per cent|0,1|{tmp_path}\n"


def test_jobs_at_the_same_time_get_different_gpus(slurm: Slurm, tmp_path: Path) -> None:
    script = (
        "echo $SLURMD_NODENAME $CUDA_VISIBLE_DEVICES; touch $SLURM_ARRAY_TASK_ID; until [ -e go ]; do sleep 0.1; done"
    )
    job = slurm.run(
        *("sbatch", "--parsable", "--array=1-3", "--gpus=1", "-w", "n1", "-o", "%a.txt", "--wrap", script), cwd=tmp_path
    ).stdout.strip()
    assert eventually(lambda: all((tmp_path / str(task)).exists() for task in (1, 2, 3)), 60)
    (tmp_path / "go").touch()
    assert eventually(lambda: squeue_state(slurm, job) == "", 60)
    assert sorted((tmp_path / f"{task}.txt").read_text() for task in (1, 2, 3)) == ["n1 0\n", "n1 1\n", "n1 2\n"]


def test_accounting_tells_how_jobs_ended(slurm: Slurm, tmp_path: Path) -> None:
    submit = ("sbatch", "--parsable", "-o", "/dev/null")
    good = slurm.run(*submit, "--wrap", "true", cwd=tmp_path).stdout.strip()
    array = slurm.run(*submit, "--array=0-2", "--wrap", "true", cwd=tmp_path).stdout.strip()
    bad = slurm.run(*submit, "--wrap", "exit 3", cwd=tmp_path).stdout.strip()
    ended = slurm.run(*submit, "--wrap", "sleep 600", cwd=tmp_path).stdout.strip()
    assert eventually(lambda: squeue_state(slurm, ended) == "RUNNING", 60)
    slurm.run("scancel", ended)
    assert eventually(lambda: sacct_states(slurm, good) == ["COMPLETED"], 60)
    assert eventually(lambda: sacct_states(slurm, bad) == ["FAILED"], 60)
    assert eventually(lambda: sacct_states(slurm, ended) == [f"CANCELLED by {os.getuid()}"], 60)
    assert eventually(lambda: sacct_states(slurm, array) == ["COMPLETED"] * 3, 60)


def test_a_requeued_job_runs_again(slurm: Slurm, tmp_path: Path) -> None:
    script = 'echo "${SLURM_RESTART_COUNT:-0}" >> starts; [ -e again ] || sleep 600'
    job = slurm.run("sbatch", "--parsable", "-o", "/dev/null", "--wrap", script, cwd=tmp_path).stdout.strip()
    assert eventually((tmp_path / "starts").exists, 60)
    (tmp_path / "again").touch()
    slurm.run("scontrol", "requeue", job)
    assert eventually(lambda: (tmp_path / "starts").read_text() == "0\n1\n", 60)


def test_impossible_jobs_are_refused_at_once(slurm: Slurm) -> None:
    too_many = slurm.run("sbatch", "-N1", "--gpus=9", "--wrap", "true", check=False)
    assert too_many.returncode != 0
    nowhere = slurm.run("sbatch", "-p", "nowhere", "--wrap", "true", check=False)
    assert "invalid partition" in nowhere.stderr
