"""Slurm is asked for all jobs at once; a program that fails or hangs ends nothing, and is left alone for a while."""

import os
import time

import pytest

from snakemake_executor_plugin_submitit.slurm.commands import GONE, Commands, Limits

SACCT = "sacct -X -P -n -o JobID,State -j"
SQUEUE = "squeue -a -h -t all -o %i|%T -j"
SCONTROL = "scontrol -a -o show job"
DOWN = "Unable to contact slurm controller (connect failure)"
# As Slurm 22.05 prints them; a cancelled rest of an array has lost its tasks' numbers.
JOBS = """\
JobId=7 JobName=train UserId=root(0) QOS=normal JobState=RUNNING Reason=None Dependency=(null)
JobId=8 ArrayJobId=8 ArrayTaskId=2-4%2 ArrayTaskThrottle=2 JobName=a JobState=b QOS=normal JobState=PENDING Reason=None
JobId=9 ArrayJobId=8 ArrayTaskId=0 ArrayTaskThrottle=2 JobName=train QOS=normal JobState=COMPLETED Reason=None
JobId=10 ArrayJobId=10 ArrayTaskId=4294967294 JobName=train QOS=normal JobState=CANCELLED Reason=None
"""


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def said():
    """What a person was told."""
    return []


@pytest.fixture
def slurm(said, clock):
    return Commands(said.append, clock)


def test_one_sacct_tells_of_all_jobs_and_arrays(fake_slurm, slurm, said):
    fake_slurm.table("sacct", j7="RUNNING", j8_0="FAILED", **{"j8_[1-3%2]": "CANCELLED by 0"}, j9="COMPLETED")
    states = slurm.states({"7", "8_0", "8_1", "8_3"})
    assert states == {"7": "RUNNING", "8_0": "FAILED", "8_1": "CANCELLED by 0", "8_3": "CANCELLED by 0"}
    assert fake_slurm.calls == [f"{SACCT} 7,8"]
    assert said == []


@pytest.mark.parametrize("order", [1, -1])
def test_a_task_of_its_own_counts_more_than_the_range_it_was_in(fake_slurm, slurm, order):
    rows = ["8_[1-9:4,12%2]|PENDING\n", "8_5|RUNNING\n"]
    fake_slurm.output("sacct", "".join(rows[::order]))
    states = slurm.states({"8_1", "8_5", "8_9", "8_12"})
    assert states == {"8_1": "PENDING", "8_5": "RUNNING", "8_9": "PENDING", "8_12": "PENDING"}


def test_squeue_tells_of_what_sacct_does_not_know_yet(fake_slurm, slurm):
    fake_slurm.table("sacct", j7="RUNNING")
    fake_slurm.table("squeue", j8="PENDING")
    assert slurm.states({"7", "8", "9_1"}) == {"7": "RUNNING", "8": "PENDING", "9_1": GONE}
    assert fake_slurm.calls[1:] == [f"{SQUEUE} 8,9"]


def test_tasks_cancelled_before_they_started_are_left_under_the_number_of_their_array(fake_slurm, slurm):
    fake_slurm.table("squeue", j8_0="RUNNING", j8="CANCELLED")
    assert slurm.states({"8_0", "8_1"}) == {"8_0": "RUNNING", "8_1": "CANCELLED"}


def test_without_accounting_squeue_answers_and_sacct_is_asked_once_an_hour(fake_slurm, slurm, said, clock):
    fake_slurm.refuse("sacct", "Slurm accounting storage is disabled\n")
    fake_slurm.table("squeue", j7="RUNNING")
    for _ in range(3):
        assert slurm.states({"7", "8_2"}) == {"7": "RUNNING", "8_2": GONE}
        clock.now += 1700
    assert said == [
        "this site keeps no accounts of its jobs (sacct: Slurm accounting storage is disabled); squeue is asked instead"
    ]
    clock.now += 1000
    slurm.states({"7"})
    assert [call.split()[0] for call in fake_slurm.calls].count("sacct") == 2


def test_jobs_that_squeue_has_forgotten_are_gone(fake_slurm, slurm, said):
    fake_slurm.refuse("squeue", "slurm_load_jobs error: Invalid job id specified\n")
    assert slurm.states({"7"}) == {"7": GONE}
    assert said == []


def test_scontrol_tells_where_squeue_cannot(fake_slurm, slurm, said):
    fake_slurm.refuse("squeue", "squeue: error: this site wants you to use our own command\n")
    fake_slurm.output("scontrol", JOBS)
    assert slurm.states({"7", "8_0", "8_1", "8_4", "10_3", "11"}) == {
        "7": "RUNNING",
        "8_0": "COMPLETED",
        "8_1": GONE,
        "8_4": "PENDING",
        "10_3": "CANCELLED",
        "11": GONE,
    }
    assert fake_slurm.calls[2:] == [SCONTROL]
    assert said == ["squeue does not answer (this site wants you to use our own command); going on without it"]


def test_where_nobody_answers_nothing_is_said_of_a_job_and_scontrol_not_asked_in_vain(fake_slurm, slurm, said):
    refused = "Problem talking to the database: Connection refused"
    fake_slurm.refuse("sacct", f"sacct: error: Sending PersistInit msg: Connection refused\nsacct: error: {refused}\n")
    fake_slurm.refuse("squeue", f"slurm_load_jobs error: {DOWN}\n")
    assert slurm.states({"7"}) == {}
    assert [call.split()[0] for call in fake_slurm.calls] == ["sacct", "squeue"]
    assert said == [
        f"sacct does not answer ({refused}); going on without it",
        f"squeue does not answer (slurm_load_jobs error: {DOWN}); going on without it",
    ]


def test_a_program_that_fails_is_left_alone_for_longer_each_time_and_said_to_answer_again(
    fake_slurm, slurm, said, clock
):
    fake_slurm.refuse("sacct", "sacct: error: no\n")
    asked = []
    for second in range(0, 4000, 10):
        clock.now = 1000.0 + second
        before = len(fake_slurm.calls)
        slurm.accounted({"7"})
        asked += [second] * (len(fake_slurm.calls) - before)
    assert asked == [0, 30, 90, 210, 450, 930, 1530, 2130, 2730, 3330, 3930]  # 30 s doubling to 10 minutes
    assert said == ["sacct does not answer (no); going on without it"]
    fake_slurm.refuse("sacct", "")
    fake_slurm.table("sacct", j7="RUNNING")
    clock.now += 600
    assert slurm.accounted({"7"}) == {"7": "RUNNING"}
    assert said[1:] == ["sacct answers again"]
    fake_slurm.refuse("sacct", "sacct: error: no\n")
    assert slurm.accounted({"7"}) == {}
    clock.now += 30
    slurm.accounted({"7"})
    assert len(said) == 3  # and so from the start


def test_a_program_that_hangs_ends_with_all_it_has_started(fake_slurm, said, clock):
    slurm = Commands(said.append, clock, seconds=0.2)
    fake_slurm.hang("squeue")
    began = time.monotonic()
    assert slurm.queued({"7"}) == {}
    assert time.monotonic() - began < 300  # it sleeps for 600
    assert said == ["squeue does not answer (no answer within 0.2 s); going on without it"]
    fake_slurm.hang("squeue", False)
    clock.now += 30
    assert slurm.queued({"7"}) == {"7": GONE}


def test_a_program_that_is_not_there_is_no_error(slurm, said, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert slurm.states({"7"}) == {}
    assert slurm.cancel(["7"]) == "[Errno 2] No such file or directory: 'scancel'"
    assert len(said) == 3


def test_a_persons_own_filters_and_formats_change_nothing(fake_slurm, slurm, monkeypatch):
    for name in ("SQUEUE_FORMAT", "SQUEUE_PARTITION", "SACCT_FORMAT", "SCANCEL_INTERACTIVE", "SLURM_BITSTR_LEN"):
        monkeypatch.setenv(name, "64")
    (fake_slurm.folder / "squeue").write_text('#!/bin/sh\nenv > "$0.environment"\n')
    slurm.queued({"7"})
    names = {"SQUEUE_", "SACCT_", "SCANCEL_", "SLURM_BITSTR_LEN"}
    lines = (fake_slurm.folder / "squeue.environment").read_text().splitlines()
    assert [line for line in lines if line.startswith(tuple(names))] == ["SLURM_BITSTR_LEN=0"]
    assert os.environ["SQUEUE_PARTITION"] == "64"


def test_the_reason_of_each_pending_job(fake_slurm, slurm):
    fake_slurm.output("squeue", "7|Priority\n8_[0-1]|ReqNodeNotAvail, UnavailableNodes:n[1-2]\n9|None\n")
    assert slurm.pending({"7", "8_1", "10"}) == {"7": "Priority", "8_1": "ReqNodeNotAvail, UnavailableNodes:n[1-2]"}
    assert fake_slurm.calls == ["squeue -a -h -t PENDING -o %i|%r -j 7,8,10"]


def test_a_comment_finds_the_submission_whose_answer_was_lost(fake_slurm, slurm):
    fake_slurm.output("squeue", "7|(null)\n8|submitit:a1\n8|submitit:a1\n9|x|y\n10|\n")
    assert slurm.tokens() == {"submitit:a1": "8", "x|y": "9"}
    assert fake_slurm.calls == ["squeue --me -a -h -t all -o %F|%k"]


def test_no_answer_about_comments_is_not_the_answer_that_there_are_none(fake_slurm, slurm):
    assert slurm.tokens() == {}
    fake_slurm.refuse("squeue", DOWN)
    assert slurm.tokens() is None


def test_a_lost_submission_is_cancelled_as_soon_as_squeue_tells_of_it(fake_slurm, slurm, clock):
    fake_slurm.table("sacct", j7="RUNNING")
    fake_slurm.refuse("squeue", DOWN)
    slurm.cancel_lost({"a1"})
    slurm.states({"7"})
    assert fake_slurm.called("scancel") == []
    fake_slurm.refuse("squeue", "")
    fake_slurm.output("squeue", "7|submitit:f0\n8|submitit:a1\n")
    clock.now += 30
    slurm.states({"7"})
    slurm.states({"7"})
    assert fake_slurm.called("scancel") == ["8"]


@pytest.mark.parametrize(
    ("config", "size"),
    [
        ("MaxArraySize            = 5000\nMaxJobCount = 7\n", 5000),
        ("MaxArraySize = 5000\nSchedulerParameters = defer,max_array_tasks=300,bf_interval=1\n", 300),
        ("", 1001),
    ],
)
def test_the_limits_of_a_site_are_asked_once(fake_slurm, slurm, config, size):
    fake_slurm.output("config", config)
    assert slurm.limits() == slurm.limits() == Limits(size)
    assert fake_slurm.calls == ["scontrol show config"]


def test_limits_that_nobody_tells_are_slurms_defaults_until_somebody_does(fake_slurm, slurm, clock):
    fake_slurm.refuse("scontrol", DOWN)
    fake_slurm.output("config", "MaxArraySize = 5000\n")
    assert slurm.limits() == Limits(1001)
    fake_slurm.refuse("scontrol", "")
    clock.now += 30
    assert slurm.limits() == Limits(5000)


def test_jobs_tasks_and_arrays_are_cancelled_with_one_command(fake_slurm, slurm):
    assert slurm.cancel(["10", "8_1", "8_0", "9", "9_3"]) is None
    assert slurm.cancel(["8_0"], ["PENDING", "SUSPENDED"]) is None
    assert fake_slurm.calls == ["scancel 8_[0,1] 9 10", "scancel --state=PENDING,SUSPENDED 8_[0]"]
    assert slurm.cancel([]) is None
    assert len(fake_slurm.calls) == 2


def test_the_words_of_a_failed_cancellation(fake_slurm, slurm):
    fake_slurm.refuse(
        "scancel",
        f"scancel: error: Kill job error on job id 7: {DOWN}\nscancel: error: Kill job error on job id 8: {DOWN}\n",
    )
    assert slurm.cancel(["7", "8"]) == DOWN
    fake_slurm.refuse("scancel", "scancel: error: Kill job error on job id 7: Access/permission denied\n")
    assert slurm.cancel(["7"]) == "Access/permission denied"


def test_to_cancel_what_has_ended_is_no_failure(fake_slurm, slurm):
    fake_slurm.refuse(
        "scancel",
        "scancel: error: Kill job error on job id 998_1: Invalid job id specified\n"
        "scancel: error: Kill job error on job id 7: Job/step already completing or completed\n",
    )
    assert slurm.cancel(["998_1", "7"]) is None


def test_no_command_line_is_longer_than_linux_takes(fake_slurm, slurm):
    ids = {str(10_000_000 + n) for n in range(25_000)}
    assert slurm.states(ids) == dict.fromkeys(ids, GONE)
    assert slurm.cancel({f"7_{n}" for n in range(25_000)}) is None
    programs = [call.split()[0] for call in fake_slurm.calls]
    assert [programs.count(name) for name in ("sacct", "squeue", "scancel")] == [3, 3, 3]
    assert max(len(word) for call in fake_slurm.calls for word in call.split()) < 128 * 1024


def test_nodes_are_excluded_for_all_arrays_at_once_and_a_refusal_is_no_matter(fake_slurm, slurm, said):
    slurm.exclude(["8", "7_1", "7_2"], {"n2", "n1"})
    assert fake_slurm.calls == ["scontrol update jobid=7,8 excnodelist=n1,n2"]
    slurm.exclude(["8"], [])
    slurm.exclude([], ["n1"])
    assert fake_slurm.calls[1:] == ["scontrol update jobid=8 excnodelist="]
    fake_slurm.refuse("scontrol", "Job is no longer pending execution for job 8\n")
    slurm.exclude(["8"], ["n1"])
    assert said == []
