"""The command runs once, its output is where a person looks, and it stops as Slurm, or a newer copy of it, wants.

`Node` runs payloads as a batch script does, by submitit's own program in a process of its own.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from submitit.core.utils import DelayedSubmission

from snakemake_executor_plugin_submitit.files import Ending, JobFiles
from snakemake_executor_plugin_submitit.ledger import Claim, Ledger, take
from snakemake_executor_plugin_submitit.node import lease
from snakemake_executor_plugin_submitit.node.attempts import read_attempts
from snakemake_executor_plugin_submitit.node.chain import Chain, rule_environment
from snakemake_executor_plugin_submitit.node.payload import Payload, PayloadError, SupersededError

# Both end by themselves, should a test go wrong.
LISTENS = "trap 'exit 5' USR2; echo $$ > ready; for ((n = 0; n < 1000; n++)); do sleep 0.02; done"
DEAF = "echo $$ > ready; for ((n = 0; n < 1000; n++)); do [ ! -e go ] || exit 0; sleep 0.02; done; exit 9"


def payload(tmp_path, command="true", **more):
    return Payload(command, str(tmp_path), "logs/train/a.log", "train.a", notes=str(tmp_path), **more)


def log_of(tmp_path):
    return (tmp_path / "logs/train/a.log").read_text()


@pytest.fixture(autouse=True)
def job_seven(monkeypatch):
    """Payloads that a test calls itself are job 7 too."""
    for name in [name for name in os.environ if name.startswith(("SLURM_", "SUBMITIT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SLURM_JOB_ID", "7")


# The command


def test_output_and_errors_are_appended_to_the_log_below_a_heading(tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "7")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "3")
    payload(tmp_path, "echo out; echo err >&2; pwd")()
    payload(tmp_path, "echo again", restarts=1, requeues=1)()
    first, *words, second, again = log_of(tmp_path).splitlines()
    assert words == ["out", "err", str(tmp_path)]
    assert again == "again"
    assert first.startswith("=== train.a: job 7_3 on ")
    assert second.startswith("=== train.a: job 7_3, restart 1 on ")


def test_an_exit_code_is_an_error(tmp_path):
    with pytest.raises(PayloadError, match="exit code 3"):
        payload(tmp_path, "exit 3")()


def test_a_killed_command_is_an_error(tmp_path):
    with pytest.raises(PayloadError, match="killed by signal 9"):
        payload(tmp_path, "kill -9 $$")()


def test_a_command_longer_than_one_argument_may_be_runs(tmp_path):
    payload(tmp_path, f"true {'x' * 300_000}\necho ran")()
    assert log_of(tmp_path).endswith("\nran\n")


def test_attempts_are_noted_with_their_ends(tmp_path):
    payload(tmp_path)()
    with pytest.raises(PayloadError):
        payload(tmp_path, "exit 3")()
    first, second = read_attempts(JobFiles(tmp_path, "7").notes)
    assert [(one.outcome, one.reason, one.restart) for one in (first, second)] == [
        ("ok", "", 0),
        ("failed", "exit code 3", 0),
    ]


def test_sigusr2_does_not_end_the_chain_but_reaches_who_wants_it(tmp_path):
    wants = "import os, signal as s; s.signal(s.SIGUSR2, lambda *_: print('noted')); os.kill(0, s.SIGUSR2)"
    payload(tmp_path, f'{sys.executable} -c "{wants}"; kill -USR2 $$; echo still here')()
    assert log_of(tmp_path).splitlines()[1:] == ["noted", "still here"]


def test_the_rule_sees_the_job_but_not_the_step():
    job = {"SLURM_JOB_ID": "7", "SLURM_CONF": "/etc/s", "CUDA_VISIBLE_DEVICES": "1", "SLURM_RESTART_COUNT": "2"}
    step = {"SLURM_PROCID": "0", "SLURM_STEP_ID": "0", "SLURM_CPU_BIND_TYPE": "mask_cpu:", "SUBMITIT_EXECUTOR": "slurm"}
    assert rule_environment(job | step) == job


def test_the_rule_knows_its_job_and_how_often_it_was_started_again(tmp_path, monkeypatch):
    """Twice by the head and once by Slurm."""
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    payload(tmp_path, "echo $SNAKEMAKE_SUBMITIT_JOB $SNAKEMAKE_SUBMITIT_RESTART", restarts=2, requeues=3)()
    assert log_of(tmp_path).splitlines()[1:] == ["7 3"]


def test_a_job_that_comes_back_once_too_often_does_not_run(tmp_path, monkeypatch):
    """As when a node reboots under it again and again."""
    monkeypatch.setenv("SLURM_RESTART_COUNT", "2")
    with pytest.raises(PayloadError, match=r"requeued 3 times, and 2 are allowed; .*--submitit-requeues"):
        payload(tmp_path, "touch ran", restarts=1, requeues=2)()
    assert not (tmp_path / "ran").exists()


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
    until = time.monotonic() + 30
    while (left := alive_in(tmp_path)) and time.monotonic() < until:  # what is killed ends when it is next at work
        time.sleep(0.1)
    assert left == []
    assert not psutil.pid_exists(pids[0])


def test_an_interrupt_while_the_chain_starts_ends_it(tmp_path, monkeypatch):
    """Before anyone could wait for it."""

    def start(chain, really=Chain.start):
        process = really(chain)
        signal.raise_signal(signal.SIGINT)
        return process

    monkeypatch.setattr(Chain, "start", start)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            payload(tmp_path, "trap '' TERM; sleep 1000")()
    finally:
        signal.signal(signal.SIGINT, before)
    assert alive_in(tmp_path) == []


def alive_in(folder):
    """The processes that run there."""
    here = [process for process in psutil.process_iter(["cwd", "status"]) if process.info["cwd"] == str(folder)]
    return [process.pid for process in here if process.info["status"] != psutil.STATUS_ZOMBIE]


def test_a_payload_is_found_again_by_the_job(tmp_path):
    """What submitit unpickles in the job needs nothing but the plugin."""
    code = "import snakemake_executor_plugin_submitit.node.payload, sys; print('datavolume' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == "False\n"


# Signals, in a job on Slurm


class Node:
    """Starts one payload as job 7."""

    def __init__(self, folder, path):
        self.folder, self.files, self.started = folder, JobFiles(folder, "7"), []
        self.environment = {"PATH": path, "SUBMITIT_EXECUTOR": "slurm", "SLURM_JOB_ID": "7", "HOME": str(folder)}
        self.environment |= {"SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_NODEID": "0", "SLURM_NTASKS": "1"}
        self.environment |= {"SLURM_JOB_NUM_NODES": "1", "SLURM_JOB_NODELIST": "n1"}

    def start(self, one, restart=0):
        """Start it and wait until its command is ready; the process, and the number of the command's."""
        ready = self.folder / "ready"
        ready.unlink(missing_ok=True)
        DelayedSubmission(one).dump(self.folder / "7_submitted.pkl")
        environment = self.environment | {"SLURM_RESTART_COUNT": str(restart)}
        program = [sys.executable, "-m", "submitit.core._submit", str(self.folder)]
        process = subprocess.Popen(program, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        while not (ready.exists() and ready.read_text()):
            assert process.poll() is None
            time.sleep(0.02)
        self.started.append((process, int(ready.read_text())))
        return self.started[-1]

    @property
    def outcomes(self):
        return [attempt.outcome for attempt in self.files.attempts()]


@pytest.fixture
def node(tmp_path, fake_slurm):
    node = Node(tmp_path, f"{fake_slurm.folder}:{os.environ['PATH']}")
    yield node
    for process, command in node.started:
        if process.poll() is None:
            process.kill()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(command, signal.SIGKILL)


def test_a_command_that_stops_at_the_warning_is_requeued(node, tmp_path, fake_slurm):
    process, _ = node.start(payload(tmp_path, LISTENS, requeues=1))
    process.send_signal(signal.SIGUSR2)
    assert process.wait() == 0
    assert fake_slurm.calls == ["scontrol requeue 7"]
    assert not node.files.result.exists()
    assert node.outcomes == ["stopped"]


def test_where_requeueing_is_refused_the_head_sends_it_again(node, tmp_path, fake_slurm):
    """Slurm complains in several lines, of which the head reads the last of the trace."""
    fake_slurm.refuse("scontrol", "scontrol: error: one thing\nscontrol: fatal: another\n")
    process, _ = node.start(payload(tmp_path, LISTENS, requeues=1))
    process.send_signal(signal.SIGUSR2)
    assert process.wait() == 1
    words = "scontrol: error: one thing; scontrol: fatal: another"
    assert node.files.ending() == Ending(
        False, f"stopped at a warning, and could not be requeued ({words})", again=True
    )


def test_where_scontrol_is_missing_the_head_sends_it_again(node, tmp_path):
    few = tmp_path / "few"
    few.mkdir()
    for name in ("bash", "sleep"):
        (few / name).symlink_to(shutil.which(name))
    node.environment["PATH"] = str(few)
    process, _ = node.start(payload(tmp_path, LISTENS, requeues=1))
    process.send_signal(signal.SIGUSR2)
    assert process.wait() == 1
    assert node.files.ending().again
    assert "No such file or directory: 'scontrol'" in node.files.ending().reason


def test_a_warning_that_comes_while_the_command_starts_is_handed_on(tmp_path, monkeypatch):
    """Between the start of bash and the payload's next line."""
    monkeypatch.setenv("SUBMITIT_EXECUTOR", "slurm")
    before = {number: signal.getsignal(number) for number in (signal.SIGUSR2, signal.SIGTERM)}
    enter = Chain.__enter__

    def slow(chain):
        started = enter(chain)
        while not (tmp_path / "ready").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGUSR2)
        return started

    monkeypatch.setattr(Chain, "__enter__", slow)
    try:
        with pytest.raises(PayloadError, match="stopped by its time limit or a preemption 1 times"):
            payload(tmp_path, LISTENS)()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_after_the_last_requeue_a_stop_is_an_error(node, tmp_path, fake_slurm):
    """One resubmission by the head and one restart by Slurm are the two that are allowed."""
    process, _ = node.start(payload(tmp_path, LISTENS, restarts=1, requeues=2), restart=1)
    process.send_signal(signal.SIGUSR2)
    assert process.wait() == 1
    ending = node.files.ending()
    assert (ending.ok, ending.again) == (False, False)
    assert ending.reason.startswith("failed: stopped by its time limit or a preemption 3 times, and 2 requeues are all")
    assert fake_slurm.calls == []


def test_a_command_that_does_not_listen_runs_on_to_its_end(node, tmp_path, fake_slurm):
    process, _ = node.start(payload(tmp_path, DEAF))
    process.send_signal(signal.SIGUSR2)
    process.send_signal(signal.SIGUSR2)
    (tmp_path / "go").touch()
    assert process.wait() == 0
    assert node.files.ending() == Ending(True)
    assert fake_slurm.calls == []


def test_what_slurm_ends_leaves_no_result(node, tmp_path):
    """SIGTERM to every process, as scancel and a time limit send it: the head asks Slurm what it was."""
    process, command = node.start(payload(tmp_path, DEAF))
    process.send_signal(signal.SIGTERM)
    os.killpg(command, signal.SIGTERM)
    assert process.wait() == 143
    assert not node.files.result.exists()
    assert node.outcomes == ["ended"]


def test_a_command_that_ends_well_in_spite_of_sigterm_has_ended_well(node, tmp_path):
    process, _ = node.start(payload(tmp_path, DEAF))
    process.send_signal(signal.SIGTERM)
    (tmp_path / "go").touch()
    assert process.wait() == 0
    assert (node.files.ending(), node.outcomes) == (Ending(True), ["ok"])


# Copies


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    monkeypatch.setattr(lease, "WATCH_SECONDS", 0.02)
    monkeypatch.setattr(lease, "RECORD_SECONDS", 0.5)
    return Ledger(tmp_path / "ledger")


@pytest.fixture
def claimed(tmp_path, ledger):
    """A payload whose job is claimed; recorded as job 7 if so."""

    def make(command="touch ran", recorded=True):
        token, _ = ledger.claim(tmp_path, [Claim("a")])
        if recorded:
            ledger.record(token, {"a": "7"})
        return payload(tmp_path, command, ledger=str(ledger.folder), key="a", token=token, requeues=9)

    return make


def after_start(tmp_path, act):
    """Do something as soon as the command is ready."""

    def wait():
        while not (tmp_path / "ready").exists():
            time.sleep(0.01)
        act()

    threading.Thread(target=wait).start()


def test_a_job_whose_claim_is_recorded_runs(tmp_path, claimed):
    claimed()()
    assert (tmp_path / "ran").exists()


def test_a_job_that_started_before_its_head_noted_it_waits(tmp_path, claimed, ledger):
    one = claimed(recorded=False)
    threading.Timer(0.1, ledger.record, (one.token, {"a": "7"})).start()
    one()
    assert (tmp_path / "ran").exists()


def test_a_job_that_nobody_ever_noted_does_not_run(tmp_path, claimed):
    with pytest.raises(SupersededError, match="its submission was never recorded; its head died while it submitted"):
        claimed(recorded=False)()
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda ledger, one: ledger.release(one.token, "a"), "its submission has been withdrawn"),
        (lambda ledger, one: ledger.record(one.token, {"a": "8"}), "its submission is recorded as job 8"),
    ],
)
def test_a_job_that_no_longer_counts_does_not_run(tmp_path, claimed, ledger, change, words):
    one = claimed()
    change(ledger, one)
    with pytest.raises(SupersededError, match=words):
        one()
    assert not (tmp_path / "ran").exists()
    assert read_attempts(JobFiles(tmp_path, "7").notes) == []


def test_a_newer_submission_stops_the_older_copy(tmp_path, claimed, ledger):
    one = claimed(DEAF)

    def take_over():
        ledger.release(one.token, "a")
        ledger.claim(tmp_path, [Claim("a")])

    after_start(tmp_path, take_over)
    with pytest.raises(SupersededError, match=r"a newer submission has taken its place|nobody waits for it any longer"):
        one()
    assert [attempt.outcome for attempt in read_attempts(JobFiles(tmp_path, "7").notes)] == ["superseded"]


def test_a_restart_elsewhere_stops_the_older_copy_which_leaves_the_result_to_it(tmp_path, claimed, ledger):
    """A node that was given up is still alive: both copies have the same result file."""
    one = claimed(DEAF)
    after_start(tmp_path, lambda: take(ledger.folder, "a", "7", 1))
    with pytest.raises(SystemExit) as caught:
        one()
    assert str(caught.value) == "Slurm has started it again elsewhere"


def test_an_older_start_that_comes_late_does_not_run(tmp_path, claimed, ledger):
    take(ledger.folder, "a", "7", 1)
    with pytest.raises(SystemExit, match="Slurm has started it again elsewhere"):
        claimed()()
    assert not (tmp_path / "ran").exists()


def test_a_restart_is_noted_before_it_runs(tmp_path, claimed, ledger, monkeypatch):
    monkeypatch.setenv("SLURM_RESTART_COUNT", "2")
    one = replace(claimed(), command=f"ls {ledger.starts} > starts")
    one()
    assert Path(tmp_path, "starts").read_text() == "a-7-2\n"


def test_a_ledger_that_is_away_for_a_moment_stops_nothing(tmp_path, claimed, ledger):
    """As a network file system that hangs: only a newer claim counts."""
    one = claimed(DEAF)

    def away():
        ledger.folder.rename(tmp_path / "moved")
        time.sleep(0.2)
        (tmp_path / "moved").rename(ledger.folder)
        (tmp_path / "go").touch()

    after_start(tmp_path, away)
    one()
