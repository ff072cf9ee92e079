"""Result files tell first; Slurm is asked rarely, about all jobs at once, and no question holds anything up.

Expected times follow from the intervals: the first question after 2 s, each next one after twice the time, at most 60.
"""

import pytest
from plugin.fakes import Clock, Hanging, Immediate, StateTable, leave_note, leave_result

from snakemake_executor_plugin_submitit.files import Ending, JobFiles
from snakemake_executor_plugin_submitit.slurm.commands import GONE
from snakemake_executor_plugin_submitit.slurm.status import Watcher

DOUBLING = [2, 6, 14, 30, 62]  # 2, then 4, 8, 16, 32 later


class Site:
    """A watcher with its clock, its folder and Slurm's state table."""

    def __init__(self, folder, background, patience=5.0, **states):
        self.folder, self.clock = folder, Clock()
        self.table = StateTable(self.clock, **states)
        self.watcher = Watcher(self.table, patience, clock=self.clock, background=background)
        self.files = {job_id: JobFiles(folder, job_id) for job_id in self.table.states}
        self.next = 0

    def look(self, now=None):
        """The endings at a moment."""
        self.clock.now = self.clock.now if now is None else now
        endings = self.watcher.endings(self.files)
        self.files = {job_id: files for job_id, files in self.files.items() if job_id not in endings}
        return endings

    def ends(self, until, **changes):
        """Look each second up to `until`: `{job: (when, state)}`. `t9_j7="PENDING"` changes the table at 9 s."""
        moments = {int(name.split("_j")[0][1:]): (name.split("_j")[1], state) for name, state in changes.items()}
        ends = {}
        for now in range(self.next, until + 1):
            if now in moments:
                job_id, state = moments[now]
                self.table.states[job_id] = state
            ends |= {job_id: (now, ending.state) for job_id, ending in self.look(now).items()}
        self.next = until + 1
        return ends

    def hint(self, job_id):
        """The batch script has ended without a result."""
        self.files[job_id].ended.touch()

    @property
    def questions(self):
        return self.table.questions


@pytest.fixture
def site(tmp_path):
    return lambda patience=5.0, background=None, **states: Site(tmp_path, background or Immediate(), patience, **states)


def test_results_are_read_without_asking_slurm(site, tmp_path):
    three = site(j7_0="RUNNING", j7_1="RUNNING", j7_2="RUNNING")
    leave_result(tmp_path, "7_0")
    leave_result(tmp_path, "7_1", "PayloadError: exit code 3")
    assert three.look() == {"7_0": Ending(True), "7_1": Ending(False, "failed: exit code 3")}
    assert three.questions == []


def test_intervals_double_to_a_minute_and_every_question_is_for_all_jobs(site):
    quiet = site(j7="RUNNING", j8="PENDING", j9="RUNNING")
    assert quiet.ends(3600) == {}
    # Then a minute each, 122, 182, …, 3542: 58 of them.
    assert quiet.questions == [*DOUBLING, *range(122, 3601, 60)]
    assert len(quiet.questions) == 63
    assert quiet.table.asked[0] == {"7", "8", "9"}


def test_new_jobs_are_looked_at_closely(site):
    quiet = site(j7="RUNNING")
    quiet.ends(70)
    quiet.watcher.submitted()
    quiet.ends(100)
    assert quiet.questions == [*DOUBLING, 72, 76, 84, 100]


def test_jobs_that_keep_coming_do_not_keep_the_others_from_being_looked_at(site):
    busy = site(j7="CANCELLED by 0")
    for now in range(30):
        busy.watcher.submitted()
        if busy.look(now):
            break
    assert now <= 10


@pytest.mark.parametrize("state", ["CANCELLED by 1000", "FAILED", "TIMEOUT", "OUT_OF_MEMORY", "DEADLINE", "CANCELLED+"])
def test_a_final_end_without_a_result_counts_within_seconds(site, state):
    """Even where a slow file system is given a minute: Slurm's word at 2 s, four more for a late result."""
    slow = site(patience=60, j7=state, j8="RUNNING")
    assert slow.ends(100) == {"7": (6, state)}


@pytest.mark.parametrize("state", ["NODE_FAIL", "PREEMPTED", "BOOT_FAIL", GONE])
def test_an_end_that_slurm_may_undo_counts_when_it_was_said_for_twenty_seconds(site, state):
    """Asked at 2 s, 6 s and then each 5 s: said at 26 s, 20 s after the first time, for the first time."""
    lost = site(j7=state)
    assert lost.ends(100) == {"7": (26, state)}
    assert lost.questions == [2, 6, 11, 16, 21, 26]


def test_such_an_end_is_no_fault_of_the_jobs(site):
    lost = site(j1="NODE_FAIL", j2="PREEMPTED", j3=GONE, j4="CANCELLED by 0", j5="FAILED", j6="TIMEOUT", j7="COMPLETED")
    endings = {}
    for now in range(60):
        endings |= lost.look(now)
    assert "".join(sorted(job for job, ending in endings.items() if ending.again)) == "123"
    assert endings["1"].reason == "ended as NODE_FAIL and left no result"
    assert endings["3"].reason == "is unknown to Slurm, which has lost it"
    assert endings["6"].reason == "ended at its time limit: its program did not stop at the warning before it"


def test_a_warning_that_came_before_the_payload_could_listen_is_no_fault_of_the_job(site, tmp_path):
    warned = site(j7="FAILED", j8="CANCELLED by 0")
    for job_id in "78":
        (tmp_path / f"{job_id}_0_log.err").write_text("srun: error: n1: task 0: User defined signal 2\n")
    endings = {job_id: ending for now in range(10) for job_id, ending in warned.look(now).items()}
    assert (endings["7"].again, endings["7"].reason) == (True, "was warned before it had begun")
    assert not endings["8"].again


def test_a_node_that_failed_is_no_end_where_slurm_starts_the_job_again(site):
    requeued = site(j7="NODE_FAIL")
    assert requeued.ends(100, t5_j7="PENDING", t12_j7="RUNNING") == {}
    # When it fails again, its time of grace begins anew: asked at 122 s, then each 5 s.
    assert requeued.ends(300, t101_j7="NODE_FAIL") == {"7": (142, "NODE_FAIL")}


def test_a_result_that_arrives_late_counts(site, tmp_path):
    late = site(j7="COMPLETED")
    assert late.ends(9) == {}
    leave_result(tmp_path, "7")
    assert late.look(10) == {"7": Ending(True)}


def test_a_completed_job_whose_result_never_comes_ends_with_the_file_systems_patience(site):
    """Said at 2 s, then at 6, 11, 16, …: at 31 s that is 29 s ago, at 36 s the 30 s of patience are over."""
    assert site(patience=30, j7="COMPLETED").ends(100) == {"7": (36, "COMPLETED")}


def test_a_batch_script_that_ended_without_a_result_is_asked_about_at_once(site):
    """Between the questions at 62 s and 122 s."""
    hinted = site(j7="RUNNING", j8="RUNNING")
    hinted.ends(70)
    hinted.hint("7")
    assert hinted.ends(100, t71_j7="CANCELLED by 0") == {"7": (75, "CANCELLED by 0")}
    assert hinted.questions == [*DOUBLING, 71]


def test_where_accounting_lags_it_is_asked_again_soon(site):
    hinted = site(j7="RUNNING")
    hinted.ends(69)
    hinted.hint("7")
    assert hinted.ends(100, t77_j7="FAILED") == {"7": (84, "FAILED")}
    assert hinted.questions == [*DOUBLING, 70, 75, 80]


def test_a_requeued_job_is_not_asked_about_again_and_again(site):
    """Its hint stays until its next start: PENDING explains it."""
    hinted = site(j7="RUNNING")
    hinted.ends(69)
    hinted.hint("7")
    assert hinted.ends(200, t71_j7="PENDING") == {}
    assert hinted.questions == [*DOUBLING, 70, 75, 135, 195]


def test_a_hint_that_nothing_explains_wears_off(site):
    """Each 5 s for a minute, then as before: the clocks of disk and Slurm may differ, the controller is spared."""
    hinted = site(j7="RUNNING")
    hinted.ends(69)
    hinted.hint("7")
    hinted.ends(300)
    assert hinted.questions == [*DOUBLING, *range(70, 126, 5), 185, 245]


def test_many_hints_are_one_question_a_second(site):
    states = {f"j{number}": "RUNNING" for number in range(10)}
    hinted = site(**states)
    hinted.ends(64)
    for number in range(10):
        hinted.hint(str(number))
        hinted.look(65 + number / 10)
    assert hinted.questions == [*DOUBLING, 65]


def test_a_question_that_hangs_stops_nothing(site, tmp_path):
    slurm = Hanging()
    hanging = site(background=slurm, j7="TIMEOUT", j8="RUNNING")
    assert hanging.ends(600) == {}
    assert len(slurm.calls) == 1  # no second question beside it
    leave_result(tmp_path, "8")
    assert hanging.look(601) == {"8": Ending(True)}
    slurm.answer()
    assert hanging.ends(610) == {"7": (605, "TIMEOUT")}


def test_a_question_that_fails_ends_nothing(site):
    failing = site(j7="RUNNING")
    failing.table.states = None
    assert failing.ends(100) == {}
    assert failing.questions == DOUBLING


def test_what_nobody_can_tell_is_waited_for(site):
    silent = site(j7="RUNNING")
    silent.table.states.clear()
    assert silent.ends(3600) == {}


def test_a_folder_that_is_away_for_a_moment_ends_nothing(site, tmp_path):
    away = site(j7="RUNNING")
    away.files = {"7": JobFiles(tmp_path / "away", "7")}
    assert away.ends(30) == {}


def test_running_are_those_that_have_begun_and_do_not_wait_again(site, tmp_path):
    three = site(j7="RUNNING", j8="RUNNING", j9="PENDING")
    leave_note(tmp_path, "7")
    leave_note(tmp_path, "8")
    three.look(0)
    assert three.watcher.running(three.files) == 2  # by their notes, before any question
    assert not three.watcher.started("7")
    three.table.states["8"] = "PENDING"  # requeued
    three.look(2)
    assert three.watcher.running(three.files) == 1
    assert [three.watcher.started(job_id) for job_id in "789"] == [True, False, False]
