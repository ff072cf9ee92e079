"""The command runs once, below a signal's reach, and its output is where a person looks."""

import os
import signal
import subprocess
import sys
import threading

import psutil
import pytest

from snakemake_executor_plugin_submitit.payload import Payload, PayloadError, rule_environment


def payload(tmp_path, command, log="logs/train/a.log"):
    return Payload(command, str(tmp_path), log, "train.a")


def test_output_and_errors_are_appended_to_the_log_below_a_heading(tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "7")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "3")
    payload(tmp_path, "echo out; echo err >&2; pwd")()
    payload(tmp_path, "echo again")()
    first, *words, second, again = (tmp_path / "logs/train/a.log").read_text().splitlines()
    assert words == ["out", "err", str(tmp_path)]
    assert again == "again"
    assert first.startswith("=== train.a: job 7_3 on ")
    assert second.startswith("=== train.a: job 7_3 on ")


def test_an_exit_code_is_an_error(tmp_path):
    with pytest.raises(PayloadError, match="exit code 3"):
        payload(tmp_path, "exit 3")()


def test_a_killed_command_is_an_error(tmp_path):
    with pytest.raises(PayloadError, match="killed by signal 9"):
        payload(tmp_path, "kill -9 $$")()


def test_a_command_longer_than_one_argument_may_be_runs(tmp_path):
    payload(tmp_path, f"true {'x' * 300_000}\necho ran")()
    assert (tmp_path / "logs/train/a.log").read_text().endswith("\nran\n")


def test_sigusr2_does_not_end_the_chain_but_reaches_who_wants_it(tmp_path):
    wants = "import os, signal as s; s.signal(s.SIGUSR2, lambda *_: print('noted')); os.kill(0, s.SIGUSR2)"
    payload(tmp_path, f'{sys.executable} -c "{wants}"; kill -USR2 $$; echo still here')()
    assert (tmp_path / "logs/train/a.log").read_text().splitlines()[1:] == ["noted", "still here"]


def test_the_rule_sees_the_job_but_not_the_step():
    job = {"SLURM_JOB_ID": "7", "SLURM_CONF": "/etc/s", "CUDA_VISIBLE_DEVICES": "1", "SLURM_RESTART_COUNT": "2"}
    step = {"SLURM_PROCID": "0", "SLURM_STEP_ID": "0", "SLURM_CPU_BIND_TYPE": "mask_cpu:", "SUBMITIT_EXECUTOR": "slurm"}
    assert rule_environment(job | step) == job


def test_what_interrupts_the_wait_ends_the_whole_chain(tmp_path):
    fifo = tmp_path / "started"
    os.mkfifo(fifo)
    stubborn = f"trap '' TERM; echo $$ $BASHPID > {fifo}; (trap '' TERM; sleep 1000) & wait; sleep 1000"
    pids: list[int] = []

    def interrupt():
        pids.extend(int(word) for word in fifo.read_text().split())
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    helper = threading.Thread(target=interrupt)
    helper.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            payload(tmp_path, stubborn)()
    finally:
        helper.join()
        signal.signal(signal.SIGINT, before)
    left = [process for process in psutil.process_iter(["cwd"]) if process.info["cwd"] == str(tmp_path)]
    assert [process.pid for process in left if process.status() != psutil.STATUS_ZOMBIE] == []
    assert not psutil.pid_exists(pids[0])


def test_a_payload_is_found_again_by_the_job(tmp_path):
    """What submitit unpickles in the job imports nothing but the plugin."""
    code = "import snakemake_executor_plugin_submitit.payload, sys; print('datavolume' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == "False\n"
