"""Slurm as a whole, told as stories: what the head does when jobs, nodes, heads and Slurm itself fail.

Slurm is the fake programs on the PATH and a state table that a story changes; time passes as it says.
"""

import os
import time

import pytest
from plugin.fakes import Clock, Immediate, leave_note, leave_result, option, request_for
from submitit.core.utils import DelayedSubmission

from snakemake_executor_plugin_submitit.files import JobFiles
from snakemake_executor_plugin_submitit.ledger import Head, Ledger
from snakemake_executor_plugin_submitit.requests import Counts
from snakemake_executor_plugin_submitit.slurm.cluster import SlurmCluster
from snakemake_executor_plugin_submitit.slurm.commands import Commands
from snakemake_executor_plugin_submitit.slurm.reattach import Reattach
from snakemake_executor_plugin_submitit.slurm.status import Watcher

LIMIT = (
    "sbatch: error: AssocMaxSubmitJobLimit\nsbatch: error: Batch job submission failed: Job violates accounting/QOS "
    "policy (job submit limit, user's size and/or time limits)\n"
)


class Site:
    """A workplace: its ledger, its Slurm, its clock, and the heads that come and go."""

    def __init__(self, folder, slurm):
        self.folder, self.slurm, self.clock = folder, slurm, Clock(1000.0)
        self.states, self.warnings, self.said, self.heads = {}, [], [], 0

    def head(self, forced=False):
        """A Snakemake starts."""
        self.heads += 1
        folder = self.folder / f"jobs-{self.heads}"
        folder.mkdir()
        ledger, commands = Ledger(self.folder / "ledger"), Commands(self.warnings.append, self.clock)
        watcher = Watcher(commands.states, 5.0, clock=self.clock, background=Immediate())
        reattach = Reattach(ledger.find(ledger.keys()), commands.states, time.time(), forced)
        cluster = SlurmCluster(
            folder, ledger, commands, watcher, reattach, 0, self.warnings.append, self.said.append, Immediate()
        )
        cluster.outbox.clock = cluster.queue.clock = self.clock
        cluster.queue.background = Immediate()
        return cluster

    def slurm_says(self, **states):
        """`j42_0="RUNNING"`: what sacct and squeue tell from now on; of other jobs that they are PENDING."""
        for number, script in self.slurm.scripts.items():
            tasks = option(script, "array").partition("%")[0].rpartition("-")[2]
            names = [f"j{number}_{task}" for task in range(int(tasks) + 1)] if tasks else [f"j{number}"]
            self.states |= {name: "PENDING" for name in names if name not in self.states}
        self.states |= states
        self.slurm.table("sacct", **self.states)
        self.slurm.table("squeue", **self.states)

    def runs(self, cluster, *ids, node="n1", restart=0):
        for job_id in ids:
            leave_note(cluster.folder, job_id, restart, node)
        self.slurm_says(**{f"j{job_id}": "RUNNING" for job_id in ids})

    def ends(self, cluster, *ids, error="", ago=0.0):
        """Jobs leave results, `ago` seconds before now."""
        for job_id in ids:
            result = leave_result(cluster.folder, job_id, error)
            os.utime(result, (time.time() - ago, time.time() - ago))
        self.slurm_says(**{f"j{job_id}": "COMPLETED" for job_id in ids})

    def looks(self, cluster, seconds):
        """Look once a second; what has ended."""
        reports = {}
        for _ in range(seconds):
            self.clock.now += 1
            self.slurm_says()
            new = cluster.ended()
            assert not new.keys() & reports.keys()
            reports |= new
        return reports

    @property
    def arrays(self):
        """`--array` of each accepted submission, empty for a plain job."""
        return [option(script, "array") for script in self.slurm.scripts.values()]


@pytest.fixture
def site(tmp_path, fake_slurm):
    return Site(tmp_path, fake_slurm)


@pytest.fixture
def requests(job):
    """One request for each key."""
    return lambda keys, **asked: [request_for(job, key, **asked) for key in keys]


def ok(reports):
    return "".join(sorted(key for key, report in reports.items() if report.ending.ok))


def test_a_quiet_grid(site, requests):
    """One array, results one after the other, and an empty ledger at the end."""
    head = site.head()
    head.submit(requests("abc"))
    assert (site.arrays, head.name_of("b"), head.name_of("x")) == (["0-2%3"], "42_1", "")
    assert head.counts() == Counts(pending=3)
    site.runs(head, "42_0", "42_1")
    assert site.looks(head, 1) == {}
    assert head.counts() == Counts(pending=1, running=2)
    site.ends(head, "42_0")
    assert ok(site.looks(head, 1)) == "a"
    site.ends(head, "42_1", "42_2")
    assert ok(site.looks(head, 1)) == "bc"
    assert (head.counts(), head.ledger.keys()) == (Counts(), set())
    assert len(site.slurm.called("sbatch")) == 1
    assert site.warnings == head.farewell() == []


def test_a_payload_carries_what_it_needs_to_know(site, requests):
    head = site.head()
    head.submit(requests("ab"))
    entry = head.ledger.find("b")["b"]
    payload = DelayedSubmission.load(head.folder / "42_1_submitted.pkl").function
    assert (payload.key, payload.token, payload.restarts) == ("b", entry.token, 0)
    assert (payload.notes, payload.ledger) == (str(head.folder), str(head.ledger.folder))
    assert option(site.slurm.script, "comment") == f"submitit:{entry.token}"


def test_the_head_dies_and_the_next_one_finds_its_jobs(site, requests):
    """One runs, one waits, one has ended meanwhile, one has failed meanwhile: only that one is submitted again."""
    first = site.head()
    first.submit(requests("abcd"))
    site.runs(first, "42_0", "42_2", "42_3")
    site.slurm_says(j42_1="PENDING")
    site.ends(first, "42_2", ago=60)
    site.ends(first, "42_3", error="PayloadError: exit code 1", ago=60)
    second = site.head()
    second.submit(requests("abcd"))
    assert site.arrays == ["0-3%4", ""]
    assert [second.name_of(key) for key in "abcd"] == ["42_0", "42_1", "42_2", "43"]
    assert [line for line in site.said if line.startswith("Found")] == [
        f"Found train.{key} as {job_id}, log: logs/{key}.log"
        for key, job_id in zip("abc", ["42_0", "42_1", "42_2"], strict=True)
    ]
    assert ok(site.looks(second, 1)) == "c"
    site.ends(first, "42_0", "42_1")
    site.ends(second, "43")
    assert ok(site.looks(second, 1)) == "abd"
    assert second.ledger.keys() == set()


def test_a_head_dies_again_and_again_and_nothing_is_submitted_twice(site, requests):
    first = site.head()
    first.submit(requests("abcde"))
    for _ in range(5):
        head = site.head()
        head.submit(requests("abcde"))
        site.looks(head, 10)
    assert len(site.slurm.called("sbatch")) == 1
    site.ends(first, *(f"42_{number}" for number in range(5)))
    assert ok(site.looks(head, 1)) == "abcde"


def test_a_head_that_died_before_the_answer_came(site, requests, monkeypatch):
    """Its jobs refuse to run; they are cancelled by their mark, and submitted anew."""
    first = site.head()
    monkeypatch.setattr(first.ledger, "record", lambda *_: exit())
    with pytest.raises(SystemExit):
        first.submit(requests("ab"))
    group = next(first.ledger.groups.iterdir())
    group.write_text(group.read_text().replace(f'"pid": {os.getpid()}', f'"pid": {2**22 + 1}'))
    second = site.head()
    dead = [entry.token for entry in second.ledger.find("ab").values() if entry.head != Head.this()]
    second.commands.cancel_lost(set(dead))
    assert site.slurm.called("scancel") == ["42"]
    second.submit(requests("ab"))
    assert second.name_of("b") == "43_1"


def test_a_job_that_would_now_do_something_else_is_replaced(site, requests):
    """The old copy is cancelled, and the new one starts only when it has ended: they write the same files."""
    first = site.head()
    first.submit(requests("ab"))
    site.runs(first, "42_0", "42_1")
    old, same = requests("ab")
    changed = type(old)(**{**vars(old), "fingerprint": "v2"})
    second = site.head()
    second.submit([changed, same])
    assert site.slurm.called("scancel") == ["42_[0]"]
    assert option(site.slurm.script, "dependency") == "afterany:42_0"
    assert (second.name_of("a"), second.name_of("b")) == ("43", "42_1")
    site.looks(second, 100)
    assert option(site.slurm.script, "dependency") == "afterany:42_0"
    assert len(site.arrays) == 2


@pytest.mark.parametrize("state", ["NODE_FAIL", "PREEMPTED"])
def test_a_job_that_slurm_lost_is_sent_again_and_not_for_ever(site, requests, state):
    """Two requeues are allowed: three submissions, then an error that says so."""
    head = site.head()
    head.submit(requests("a", requeues=2))
    reports = {}
    for job_id in ("42", "43", "44"):
        assert head.name_of("a") == job_id
        site.runs(head, job_id)
        assert site.looks(head, 5) == {}
        site.slurm_says(**{f"j{job_id}": state})
        reports = site.looks(head, 100)
    report = reports["a"]
    assert not report.ending.ok
    assert report.ending.reason == (
        f"ended as {state} and left no result; requeued 2 times already: raise --submitit-requeues or its resource "
        "requeues"
    )
    assert (report.job_id, len(report.submissions)) == ("44", 3)
    assert len(site.arrays) == 3
    again = "ended as {} and left no result; it is sent again"
    assert [line for line in site.warnings if "sent again" in line] == [
        f"train.a, job {job_id}, {again.format(state)}" for job_id in ("42", "43")
    ]
    assert head.counts() == Counts(requeued=2)


def test_a_job_that_could_not_requeue_itself_is_sent_again_at_once(site, requests):
    head = site.head()
    head.submit(requests("ab"))
    site.runs(head, "42_0", "42_1")
    site.ends(head, "42_1", error="x.StoppedError: stopped at a warning, and could not be requeued (no)")
    assert site.looks(head, 2) == {}
    assert (head.name_of("a"), head.name_of("b")) == ("42_0", "43")
    assert head.counts().requeued == 1
    assert head.jobs["b"].resubmissions == 1


def test_restarts_by_slurm_count_too(site, requests):
    """Slurm has started it twice more when its node is lost for good: three of three are used up by the next."""
    head = site.head()
    head.submit(requests("a", requeues=3))
    site.runs(head, "42")
    site.runs(head, "42", restart=1)
    site.runs(head, "42", restart=2)
    site.slurm_says(j42="NODE_FAIL")
    site.looks(head, 60)
    assert head.jobs["a"].resubmissions == 3
    site.runs(head, "43")
    site.slurm_says(j43="NODE_FAIL")
    assert not site.looks(head, 100)["a"].ending.ok
    assert len(site.arrays) == 2


def test_how_often_a_job_was_sent_again_outlives_the_head(site, requests):
    first = site.head()
    first.submit(requests("a", requeues=1))
    site.slurm_says(j42="NODE_FAIL")
    site.looks(first, 60)
    assert first.name_of("a") == "43"
    second = site.head()
    second.submit(requests("a", requeues=1))
    site.slurm_says(j43="NODE_FAIL")
    assert "requeued 1 times already" in site.looks(second, 100)["a"].ending.reason
    assert len(site.arrays) == 2


@pytest.mark.parametrize("state", ["CANCELLED by 1000", "FAILED", "TIMEOUT", "OUT_OF_MEMORY"])
def test_what_ended_by_itself_or_by_a_person_is_not_sent_again(site, requests, state):
    head = site.head()
    head.submit(requests("a"))
    site.runs(head, "42")
    site.looks(head, 5)
    JobFiles(head.folder, "42").ended.touch()
    site.slurm_says(j42=state)
    report = site.looks(head, 6)["a"]  # within seconds
    assert (report.ending.ok, report.ending.state) == (False, state)
    assert len(site.arrays) == 1
    assert head.ledger.keys() == set()


def test_what_slurm_refuses_is_that_jobs_error(site, requests):
    site.slurm.refuse("sbatch", "sbatch: error: invalid partition specified: nope\n")
    head = site.head()
    head.submit(requests("a"))
    report = head.ended()["a"]
    assert (report.ending.reason, report.job_id) == ("not submitted: invalid partition specified: nope", "")
    assert (report.submissions, head.ledger.keys(), head.counts()) == ([], set(), Counts())


def test_a_limit_is_waited_for(site, requests):
    site.slurm.refuse("sbatch", LIMIT)
    head = site.head()
    head.submit(requests("abcd"))
    assert len(site.slurm.called("sbatch")) == 3  # 4, 2, 1
    assert head.counts() == Counts(waiting=4)
    assert head.ledger.keys() == set()
    site.slurm.refuse("sbatch", "")
    assert site.looks(head, 6) == {}
    assert site.arrays == ["", "0-1%2", ""]
    assert head.counts() == Counts(pending=4)
    assert len(site.warnings) == 1


def test_arrays_keep_to_the_sites_size(site, requests):
    site.slurm.output("config", "MaxArraySize            = 3\n")
    head = site.head()
    head.submit(requests("abcdefgh"))
    assert site.arrays == ["0-2%3", "0-2%3", "0-1%2"]
    assert len(site.slurm.called("scontrol")) == 1


def test_an_answer_that_never_came_is_no_second_job(site, requests):
    """sbatch timed out, and Slurm has the array all the same: it is cancelled by its mark."""
    flag = site.slurm.folder / "sbatch.times_out"
    flag.touch()
    head = site.head()
    head.submit(requests("ab"))
    assert site.slurm.called("scancel") == ["42"]
    assert head.counts() == Counts(waiting=2)
    flag.unlink()
    site.looks(head, 6)
    assert (head.name_of("a"), head.name_of("b")) == ("43_0", "43_1")


def test_a_node_that_failed_two_jobs_is_excluded(site, requests):
    """From what is submitted next, from what waits in the queue, and named at the end."""
    head = site.head()
    head.submit(requests("abcd", slurm_exclude="n9"))
    site.runs(head, "42_0", "42_1", node="n1")
    site.runs(head, "42_2", node="n2")
    site.ends(head, "42_2")
    site.looks(head, 1)
    site.slurm_says(j42_0="NODE_FAIL", j42_1="NODE_FAIL")
    site.looks(head, 60)
    assert site.slurm.called("scontrol")[-1].endswith(" excnodelist=n1,n9")
    head.submit(requests("e"))
    assert option(site.slurm.script, "exclude") == "n1"
    (line,) = head.farewell()
    assert line.startswith("node n1 failed 2 jobs (train.a lost; train.b lost): ")


def test_cancelling_is_one_call_and_leaves_nothing(site, requests):
    head = site.head()
    head.submit(requests("ab"))
    head.submit(requests("c", mem_gb=2))
    site.slurm.refuse("sbatch", LIMIT)
    head.submit(requests("d"))
    head.cancel()
    assert site.slurm.called("scancel") == ["42_[0,1] 43"]
    site.slurm.refuse("sbatch", "")
    assert site.looks(head, 200) == {}
    assert (len(site.arrays), head.counts(), head.ledger.keys()) == (2, Counts(), set())


def test_what_could_not_be_cancelled_is_named_and_found_again(site, requests):
    site.slurm.refuse("scancel", "scancel: error: Unable to contact slurm controller\n")
    head = site.head()
    head.submit(requests("ab"))
    head.cancel()
    words = "scancel failed (Unable to contact slurm controller). This ends the jobs later: scancel 42"
    assert site.warnings == [words]
    second = site.head()
    second.submit(requests("ab"))
    assert second.name_of("a") == "42_0"


def test_jobs_that_are_left_go_on(site, requests):
    head = site.head()
    head.submit(requests("ab"))
    assert head.leave() == 2
    assert site.slurm.called("scancel") == []
    second = site.head()
    second.submit(requests("ab"))
    site.ends(head, "42_0", "42_1")
    assert ok(site.looks(second, 1)) == "ab"


def test_ctrl_c_during_an_sbatch_leaves_no_job(site, requests, monkeypatch):
    """The background thread hears of its array after everything was cancelled."""
    head = site.head()
    record = head.ledger.record

    def cancelled_meanwhile(token, ids):
        record(token, ids)
        head.cancel()

    monkeypatch.setattr(head.ledger, "record", cancelled_meanwhile)
    head.submit(requests("ab"))
    assert site.slurm.called("scancel") == ["42_[0,1]"]
    assert (head.counts(), head.ledger.keys()) == (Counts(), set())


def test_slurm_is_silent_for_an_hour_and_nothing_is_lost(site, requests):
    """Neither sacct nor squeue nor sbatch answers; results still count; then all goes on."""
    head = site.head()
    head.submit(requests("ab"))
    site.runs(head, "42_0", "42_1")
    for name in ("sacct", "squeue", "scontrol", "sbatch"):
        site.slurm.refuse(name, f"{name}: error: Unable to contact slurm controller (connect failure)\n")
    head.submit(requests("c"))
    site.ends(head, "42_0")
    assert ok(site.looks(head, 1800)) == "a"
    for name in ("sacct", "squeue", "scontrol", "sbatch"):
        site.slurm.refuse(name, "")
    site.slurm_says(j42_1="RUNNING")
    assert site.looks(head, 700) == {}
    assert head.name_of("c") == "43"
    site.ends(head, "42_1", "43")
    assert ok(site.looks(head, 1)) == "bc"


def test_jobs_go_to_slurm_once_for_two_heads_at_the_same_time(site, requests):
    first, second = site.head(), site.head()
    first.submit(requests("ab"))
    second.submit(requests("abc"))
    assert site.arrays == ["0-1%2", ""]
    assert [second.name_of(key) for key in "abc"] == ["42_0", "42_1", "43"]
    site.ends(first, "42_0", "42_1")
    site.ends(second, "43")
    assert ok(site.looks(second, 1)) == "abc"
    assert ok(site.looks(first, 1)) == "ab"


def test_a_job_that_another_head_is_submitting_is_followed_when_it_is_known(site, requests, monkeypatch):
    """The first head's sbatch takes a while."""
    first, second = site.head(), site.head()
    record = first.ledger.record

    def late(token, ids):
        second.submit(requests("a"))
        assert second.counts() == Counts(waiting=1)
        record(token, ids)

    monkeypatch.setattr(first.ledger, "record", late)
    first.submit(requests("a"))
    site.looks(second, 6)
    assert second.name_of("a") == "42"
    assert len(site.arrays) == 1


def test_a_retry_of_snakemake_is_a_new_job(site, requests):
    """--retries: the first try's failure has been told, and is not found again."""
    head = site.head()
    head.submit(requests("a"))
    site.ends(head, "42", error="PayloadError: exit code 1")
    assert not site.looks(head, 1)["a"].ending.ok
    head.submit(requests("a"))
    assert head.name_of("a") == "43"
    assert site.looks(head, 1) == {}
