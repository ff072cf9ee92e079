"""States are asked for together and rarely; a job that left no result is noticed."""

import pytest
from submitit.core.utils import cloudpickle_dump

from snakemake_executor_plugin_submitit.status import Ending, ResultFiles, SlurmStates, Watcher, tail


def result(folder, job_id, outcome="success", value=None):
    cloudpickle_dump((outcome, value), folder / f"{job_id}_0_result.pkl")


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Scheduler:
    """A state table that counts how often it is read."""

    def __init__(self, **states):
        self.states = {name[1:]: state for name, state in states.items()}
        self.questions = []

    def __call__(self, ids):
        self.questions.append(sorted(ids))
        return {job_id: self.states[job_id] for job_id in ids if job_id in self.states}


@pytest.fixture
def clock():
    return Clock()


def watcher_of(tmp_path, scheduler, clock, patience=5):
    return Watcher(ResultFiles(tmp_path), scheduler, interval=10, patience=patience, clock=clock)


def test_results_are_read_without_asking_slurm(tmp_path, clock):
    scheduler = Scheduler()
    result(tmp_path, "7_0")
    result(tmp_path, "7_1", "error", "Traceback…\n  File…\nPayloadError: exit code 3\n")
    endings = watcher_of(tmp_path, scheduler, clock).endings(["7_0", "7_1", "7_2"])
    assert endings == {"7_0": Ending(True), "7_1": Ending(False, "failed: exit code 3")}
    assert scheduler.questions == []


def test_slurm_is_asked_once_for_all_and_not_again_within_the_interval(tmp_path, clock):
    scheduler = Scheduler(j7="RUNNING", j8="PENDING", j9="RUNNING")
    watcher = watcher_of(tmp_path, scheduler, clock)
    for clock.now in range(25):
        assert watcher.endings(["7", "8", "9"]) == {}
    assert scheduler.questions == [["7", "8", "9"], ["7", "8", "9"]]  # at 10 and 20 seconds


@pytest.mark.parametrize(
    "state", ["CANCELLED by 1000", "FAILED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "CANCELLED+"]
)
def test_a_job_that_ended_without_a_result_is_reported_after_a_while(tmp_path, clock, state):
    (tmp_path / "7_0_log.err").write_text("one\ntwo\nslurmstepd: error: *** STEP 7.0 CANCELLED ***\n")
    watcher = watcher_of(tmp_path, Scheduler(j7=state, j8="RUNNING"), clock)
    clock.now = 10
    assert watcher.endings(["7", "8"]) == {}
    clock.now = 15
    words = ("one", "two", "slurmstepd: error: *** STEP 7.0 CANCELLED ***")
    assert watcher.endings(["7", "8"]) == {"7": Ending(False, f"ended as {state} and left no result", words)}
    assert watcher.endings(["8"]) == {}


def test_a_slow_file_system_delays_only_what_is_not_final(tmp_path, clock):
    watcher = watcher_of(tmp_path, Scheduler(j7="CANCELLED by 0", j8="COMPLETED"), clock, patience=60)
    clock.now = 10
    assert watcher.endings(["7", "8"]) == {}
    clock.now = 15
    assert set(watcher.endings(["7", "8"])) == {"7"}
    clock.now = 70
    assert set(watcher.endings(["8"])) == {"8"}


def test_a_result_that_arrives_late_counts(tmp_path, clock):
    watcher = watcher_of(tmp_path, Scheduler(j7="COMPLETED"), clock)
    clock.now = 10
    assert watcher.endings(["7"]) == {}
    result(tmp_path, "7")
    clock.now = 15
    assert watcher.endings(["7"]) == {"7": Ending(True)}


def test_a_job_that_runs_again_has_not_ended(tmp_path, clock):
    scheduler = Scheduler(j7="PREEMPTED")
    watcher = watcher_of(tmp_path, scheduler, clock, patience=15)
    clock.now = 10
    assert watcher.endings(["7"]) == {}
    scheduler.states["7"] = "PENDING"
    for clock.now in (20, 30, 40):
        assert watcher.endings(["7"]) == {}


def test_a_failure_shows_what_the_nodes_daemon_said(tmp_path):
    result(tmp_path, "7", "error", "PayloadError: killed by signal 15")
    (tmp_path / "7_0_log.err").write_text("srun: got SIGCONT\nslurmstepd: error: *** JOB 7 CANCELLED ***\nTraceback…\n")
    ending = ResultFiles(tmp_path).endings(["7"])["7"]
    assert ending == Ending(False, "failed: killed by signal 15", ("slurmstepd: error: *** JOB 7 CANCELLED ***",))


def test_an_unreadable_result_is_a_failure(tmp_path):
    (tmp_path / "7_0_result.pkl").write_bytes(b"")
    ending = ResultFiles(tmp_path).endings(["7"])["7"]
    assert not ending.ok
    assert ending.reason.startswith("left an unreadable result")


def test_a_folder_that_is_away_for_a_moment_ends_nothing(tmp_path):
    assert ResultFiles(tmp_path / "away").endings(["7"]) == {}


def test_sacct_answers_for_jobs_and_arrays_with_one_call(fake_slurm):
    warnings = []
    fake_slurm.table("sacct", j7="RUNNING", j8_0="FAILED", **{"j8_[1-3%2]": "CANCELLED by 0"}, j9="COMPLETED")
    states = SlurmStates(warnings.append)(["7", "8_0", "8_1", "8_3"])
    assert states == {"7": "RUNNING", "8_0": "FAILED", "8_1": "CANCELLED by 0", "8_3": "CANCELLED by 0"}
    assert fake_slurm.calls == ["sacct -X -P -o JobID,State -j 7,8"]
    assert warnings == []


def test_squeue_answers_for_what_sacct_does_not_know_yet(fake_slurm):
    fake_slurm.table("sacct", j7="RUNNING")
    fake_slurm.table("squeue", j8="PENDING")
    assert SlurmStates(print)(["7", "8"]) == {"7": "RUNNING", "8": "PENDING"}
    assert fake_slurm.calls[1:] == ["squeue -r -t all -o %i|%T -j 8"]


def test_without_accounting_squeue_answers_and_one_warning_is_given(fake_slurm):
    warnings = []
    states = SlurmStates(warnings.append)
    fake_slurm.refuse("sacct", "Slurm accounting storage is disabled\n")
    fake_slurm.table("squeue", j7="RUNNING", j8_1="CANCELLED")
    for _ in range(2):
        assert states(["7", "8_1", "8_2"]) == {"7": "RUNNING", "8_1": "CANCELLED", "8_2": "UNKNOWN to Slurm"}
    assert warnings == ["sacct does not answer (Slurm accounting storage is disabled); going on without it"]


def test_a_job_that_squeue_has_forgotten_is_gone(fake_slurm, tmp_path, clock):
    fake_slurm.refuse("sacct", "Slurm accounting storage is disabled\n")
    fake_slurm.refuse("squeue", "slurm_load_jobs error: Invalid job id specified\n")
    watcher = Watcher(ResultFiles(tmp_path), SlurmStates(lambda _: None), interval=10, patience=5, clock=clock)
    clock.now = 10
    assert watcher.endings(["7"]) == {}
    clock.now = 15
    assert watcher.endings(["7"])["7"].reason == "ended as UNKNOWN to Slurm and left no result"


def test_a_slurm_that_does_not_answer_ends_no_job(fake_slurm, tmp_path, clock):
    fake_slurm.refuse("sacct", "sacct: error: Unable to connect to database\n")
    fake_slurm.refuse("squeue", "slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n")
    watcher = Watcher(ResultFiles(tmp_path), SlurmStates(lambda _: None), interval=10, patience=5, clock=clock)
    for clock.now in range(0, 100, 10):
        assert watcher.endings(["7"]) == {}


def test_the_tail_skips_blank_lines_and_the_inner_snakemakes_farewell(tmp_path):
    log = tmp_path / "log"
    log.write_text("\n".join([*map(str, range(20)), "", "Elapsed time: 0:01", "WorkflowError:"]))
    assert tail(log, 3) == ["17", "18", "19"]
    assert tail(tmp_path / "none") == []


def test_the_tail_leaves_out_what_was_there_before(tmp_path):
    log = tmp_path / "log"
    log.write_text("yesterday\n")
    size = log.stat().st_size
    assert tail(log, start=size) == []
    log.write_text("yesterday\ntoday\n")
    assert tail(log, start=size) == ["today"]


def test_the_tail_of_a_long_line_of_any_bytes(tmp_path):
    (tmp_path / "log").write_bytes(b"\xff" * 100_000 + b"\nlast\n")
    assert tail(tmp_path / "log", 2)[-1] == "last"
