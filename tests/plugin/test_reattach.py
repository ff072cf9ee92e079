"""What a head that is started again does about the jobs of the one before it: a table of decisions."""

import os
import time
from pathlib import Path

import pytest
from plugin.fakes import leave_result, request_for

from snakemake_executor_plugin_submitit.ledger import Entry, Head
from snakemake_executor_plugin_submitit.slurm.commands import GONE
from snakemake_executor_plugin_submitit.slurm.reattach import Reattach

SINCE = 1000.0  # when this head began
DEAD = Head(Head.this().host, 2**22 + 1, "1")
ELSEWHERE = Head("another-host", 1, "1")


@pytest.fixture
def entry(tmp_path):
    """The job `a`, submitted as 7 at 500 s by a head that has died."""

    def make(job_id="7", fingerprint="v1", head=DEAD, claimed=499.0):
        return Entry("a", "token", job_id, tmp_path, claimed, 500.0, head, fingerprint, 0)

    return make


def decide(job, entry, states=None, now=SINCE + 1, **more):
    request = request_for(job, "a")
    return Reattach({"a": entry}, lambda _: states or {}, SINCE, clock=lambda: now, **more).decide(request, entry)


@pytest.mark.parametrize(
    ("state", "same", "changed"),
    [
        ("PENDING", "follow", "replace"),
        ("RUNNING", "follow", "replace"),
        ("COMPLETING", "follow", "replace"),
        ("REQUEUED", "follow", "replace"),
        ("", "follow", "replace"),  # Slurm does not answer: running nothing twice comes first
        ("NODE_FAIL", "follow", "replace"),  # it may run again; followed, it is sent again and counted
        ("PREEMPTED", "follow", "replace"),
        (GONE, "follow", "anew"),
        ("CANCELLED by 1000", "anew", "anew"),
        ("FAILED", "anew", "anew"),
        ("TIMEOUT", "anew", "anew"),
        ("OUT_OF_MEMORY", "anew", "anew"),
        ("COMPLETED", "anew", "anew"),
    ],
)
def test_a_job_without_a_result(job, entry, state, same, changed):
    states = {"7": state} if state else {}
    assert decide(job, entry(), states) == same
    assert decide(job, entry(fingerprint="v0"), states) == changed


@pytest.mark.parametrize(
    ("error", "ended", "same"),
    [
        ("", 1500, "follow"),  # while this head lives: Snakemake has not seen its outputs yet
        ("PayloadError: exit code 1", 1500, "follow"),
        ("PayloadError: exit code 1", 900, "anew"),  # it is asked for again because it failed
        ("StoppedError: no requeue", 900, "follow"),  # no fault of its own: sent again, and counted
        ("SupersededError: a newer one", 900, "follow"),
    ],
)
def test_a_job_with_a_result(job, entry, tmp_path, error, ended, same):
    result = leave_result(tmp_path, "7", error)
    os.utime(result, (ended, ended))
    assert decide(job, entry()) == same
    assert decide(job, entry(fingerprint="v0")) == "anew"


@pytest.mark.parametrize(
    ("times", "forced", "decision"),
    [
        ({"out": 899, "in": 400}, False, "follow"),
        ({"out": 899, "in": 400}, True, "anew"),  # --forcerun
        ({"out": 950, "in": 400}, False, "anew"),  # somebody has changed the output since
        ({"out": 899, "in": 600}, False, "anew"),  # the input is newer than the submission
        ({"in": 400}, False, "anew"),  # the output has been deleted
        ({"out": 899}, False, "anew"),
        ({"out": 901.5, "in": 501.5}, False, "follow"),  # clocks of nodes and file servers differ a little
    ],
)
def test_a_job_that_ended_well_while_no_head_lived(job, entry, tmp_path, times, forced, decision):
    os.utime(leave_result(tmp_path, "7"), (900, 900))
    for name, when in times.items():
        Path(tmp_path, name).touch()
        os.utime(tmp_path / name, (when, when))
    request = request_for(job, "a")
    request.job.output, request.job.input = [str(tmp_path / "out")], [str(tmp_path / "in")]
    one = entry()
    assert Reattach({"a": one}, lambda _: {}, SINCE, forced).decide(request, one) == decision


@pytest.mark.parametrize(
    ("head", "waited", "decision"),
    [
        (Head.this(), 1, "wait"),
        (ELSEWHERE, 1, "wait"),
        (ELSEWHERE, 599, "wait"),
        (ELSEWHERE, 601, "anew"),  # nobody can see whether it lives
        (DEAD, 1, "anew"),
    ],
)
def test_a_submission_that_has_no_answer_yet(job, entry, head, waited, decision):
    one = entry(job_id=None, head=head, claimed=2000.0)
    assert decide(job, one, now=2000.0 + waited) == decision


def test_slurm_is_asked_once_for_all_jobs_and_again_for_a_new_one(job, tmp_path):
    asked = []

    def states(ids):
        asked.append(sorted(ids))
        return dict.fromkeys(ids, "RUNNING")

    entries = {
        key: Entry(key, "token", job_id, tmp_path, time.time(), 0.0, DEAD, "v1", 0)
        for key, job_id in (("a", "7_0"), ("b", "7_1"), ("c", None), ("d", "9"))
    }
    known = {key: entries[key] for key in "abc"}
    reattach = Reattach(known, states, SINCE)
    assert {key: reattach.decide(request_for(job, key), entries[key]) for key in "abd"} == dict.fromkeys(
        "abd", "follow"
    )
    assert asked == [["7_0", "7_1"], ["9"]]
