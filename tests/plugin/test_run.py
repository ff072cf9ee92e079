"""Snakemake itself with the plugin on this machine, as a person starts it."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

SNAKEFILE = """
envvars: "PLUGIN_TEST_SECRET"
rule all:
    input: "good.txt", "bad.txt", "refused.txt"
rule good:
    output: "{name}.txt"
    wildcard_constraints: name="good"
    threads: 2
    shell: "echo {threads} threads, secret of ${{#PLUGIN_TEST_SECRET}} letters; touch {output}"
rule bad:
    output: "bad.txt"
    shell: "echo what went wrong >&2; exit 3"
rule refused:
    output: "refused.txt"
    resources: nodes=2
    shell: "touch {output}"
rule unclear:
    output: "unclear.txt"
    resources: qos="a b"
    shell: "touch {output}"
rule long:
    output: "long.txt"
    shell: "echo $$ > pid; sleep 1000; touch {output}"
"""


@pytest.fixture
def workdir(tmp_path, monkeypatch):
    """A folder with the Snakefile."""
    monkeypatch.setenv("PLUGIN_TEST_SECRET", "correct-horse")
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    return tmp_path


def command(*arguments, cluster="local"):
    base = [sys.executable, "-m", "snakemake", "--executor", "submitit", "--submitit-cluster", cluster, "--jobs", "4"]
    return [*base, "--submitit-poll-seconds", "0.1", *arguments]


def snakemake(workdir, *arguments, cluster="local"):
    """Exit code and output of Snakemake."""
    done = subprocess.run(
        command(*arguments, cluster=cluster), cwd=workdir, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    return done.returncode, done.stdout


def test_each_job_is_reported_with_its_log_and_the_others_go_on(workdir):
    code, output = snakemake(workdir, "--keep-going", "--cores", "2")
    assert code == 1
    assert (workdir / "good.txt").exists()
    log = (workdir / "logs/submitit/good/good.log").read_text()
    assert "2 threads, secret of 13 letters" in log
    assert "failed: exit code 3; log: logs/submitit/bad/bad.log\n" in output
    assert "        what went wrong\n" in output
    assert "was not started: LocalExecutor can use only one node" in output
    written = [path for path in (workdir / "logs").rglob("*") if path.is_file()]
    assert any(path.suffix == ".pkl" for path in written)
    assert [path for path in written if b"correct-horse" in path.read_bytes()] == []


def test_a_resource_that_cannot_be_meant_is_that_jobs_error(workdir):
    code, output = snakemake(workdir, "unclear.txt")
    assert code == 1
    assert "    message: rule unclear: resource qos='a b' must be one word\n" in output
    assert "Traceback" not in output


def test_a_second_try_shows_its_own_log_and_a_folder_may_be_named(workdir):
    """Snakemake's --directory: logs and outputs stand there; the log keeps both tries, the message shows the last."""
    tries = [snakemake(workdir, "--directory", "there", "bad.txt")[1] for _ in range(2)]
    log = workdir / "there/logs/submitit/bad/bad.log"
    assert log.read_text().count("what went wrong\n") == 2
    assert [output.count("        what went wrong\n") for output in tries] == [1, 1]


def test_without_slurm_the_way_out_is_said(workdir, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    code, output = snakemake(workdir, "good.txt", cluster="slurm")
    assert code == 1
    assert "--submitit-cluster slurm: sbatch and srun are not on the PATH; " in output


@pytest.mark.parametrize("cluster", ["local", "debug"])
def test_ctrl_c_ends_what_runs(workdir, cluster):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # so that Snakemake does not inherit "ignored"
    try:
        head = subprocess.Popen(
            command("long.txt", cluster=cluster), cwd=workdir, stderr=subprocess.DEVNULL, start_new_session=True
        )
    finally:
        signal.signal(signal.SIGINT, before)
    pid = workdir / "pid"
    while not (pid.exists() and pid.read_text().strip()):
        assert head.poll() is None
        time.sleep(0.05)
    os.killpg(head.pid, signal.SIGINT)
    assert head.wait() == 1
    assert not running(int(pid.read_text()))
    assert not (workdir / "long.txt").exists()


def running(pid):
    """Whether a process is there and no zombie."""
    done = subprocess.run([shutil.which("ps"), "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return done.stdout.strip()[:1] not in ("", "Z")
