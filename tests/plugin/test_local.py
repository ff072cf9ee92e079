"""Jobs of this machine: few at a time, none lost, and they end with their children."""

import time
from pathlib import Path

import psutil
import pytest
from plugin.fakes import request_for

from snakemake_executor_plugin_submitit import local
from snakemake_executor_plugin_submitit.files import Ending
from snakemake_executor_plugin_submitit.local import DebugCluster, LocalCluster
from snakemake_executor_plugin_submitit.node.payload import Payload
from snakemake_executor_plugin_submitit.requests import Counts, Request


@pytest.fixture
def request_of(job, tmp_path):
    """Makes requests, by their keys, that run a shell command in tmp_path."""

    def make(command, key="a", **parameters):
        made = request_for(job, key, **parameters)
        return Request(made.job, key, key, made.parameters, Payload(command, str(tmp_path), f"{key}.log", key))

    return make


def ended(cluster, number):
    """Wait for the reports of so many jobs; a second report on one would be an error."""
    reports = {}
    while len(reports) < number:
        new = cluster.ended()
        assert not new.keys() & reports.keys()
        reports |= new
        time.sleep(0.02)
    return reports


def endings(cluster, number):
    return {key: report.ending for key, report in ended(cluster, number).items()}


def test_jobs_end_well_or_not(tmp_path, request_of):
    cluster = LocalCluster(tmp_path / "jobs", cores=2)
    cluster.submit([request_of("echo good", "a"), request_of("exit 3", "b")])
    assert cluster.name_of("a").startswith("local-")
    assert endings(cluster, 2) == {"a": Ending(True), "b": Ending(False, "failed: exit code 3")}
    assert cluster.counts() == Counts()
    assert (cluster.name_of("a"), cluster.name_of("never")) == ("", "")
    assert (cluster.ended(), cluster.farewell()) == ({}, [])


def test_a_report_tells_the_id_and_the_attempt(tmp_path, request_of):
    cluster = LocalCluster(tmp_path / "jobs", cores=2)
    cluster.submit([request_of("true")])
    name = cluster.name_of("a")
    report = ended(cluster, 1)["a"]
    assert report.job_id == name
    ((attempt,),) = (submission.attempts for submission in report.submissions)
    assert (attempt.outcome, attempt.restart) == ("ok", 0)


def test_a_command_sees_its_name_and_that_it_is_the_first(tmp_path, request_of):
    cluster = LocalCluster(tmp_path / "jobs", cores=2)
    cluster.submit([request_of("echo $SNAKEMAKE_SUBMITIT_RESTART ${SUBMITIT_EXECUTOR:-no}")])
    ended(cluster, 1)
    assert (tmp_path / "a.log").read_text().splitlines()[1:] == ["0 no"]


def test_jobs_do_not_ask_for_more_cores_than_there_are(tmp_path, request_of):
    """Each job makes sure that it is alone: with 2 cores and 2 threads each, it is."""
    cluster = LocalCluster(tmp_path / "jobs", cores=2)
    alone = "mkdir running && sleep 0.2 && rmdir running"
    cluster.submit([request_of(alone, key, cpus_per_task=2) for key in "abc"])
    assert cluster.counts() == Counts(waiting=2, running=1)
    assert all(ending.ok for ending in endings(cluster, 3).values())


def test_a_job_larger_than_the_machine_runs_alone(tmp_path, request_of):
    cluster = LocalCluster(tmp_path / "jobs", cores=2)
    cluster.submit([request_of("true", cpus_per_task=64)])
    assert endings(cluster, 1) == {"a": Ending(True)}


def test_a_job_that_is_killed_is_noticed(tmp_path, request_of, monkeypatch):
    monkeypatch.setattr(local, "SECONDS_TO_RESULT", 0.1)
    cluster = LocalCluster(tmp_path / "jobs", cores=2)
    cluster.submit([request_of("kill -9 $PPID")])
    ending = endings(cluster, 1)["a"]
    assert (ending.ok, ending.reason) == (False, "ended and left no result")


def test_what_cannot_run_here_is_that_jobs_error(tmp_path, request_of):
    cluster = LocalCluster(tmp_path / "jobs", cores=2)
    cluster.submit([request_of("true", "a", nodes=2), request_of("true", "b")])
    told = endings(cluster, 2)
    assert told["a"].reason == "was not started: LocalExecutor can use only one node. Use nodes=1"
    assert told["b"].ok


@pytest.mark.parametrize("end", [LocalCluster.cancel, LocalCluster.leave])
def test_jobs_end_with_their_children_and_no_other_starts(tmp_path, request_of, end):
    """Local jobs cannot be left to themselves: a second Ctrl-C ends them too."""
    cluster = LocalCluster(tmp_path / "jobs", cores=1)
    cluster.submit([request_of("sleep 1000 & echo $! > pid; wait; touch late", key) for key in "ab"])
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        time.sleep(0.02)
    assert not end(cluster)
    pid = int((tmp_path / "pid").read_text())
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert (cluster.ended(), cluster.counts()) == ({}, Counts())
    assert not (tmp_path / "late").exists()


def test_debug_runs_jobs_at_once(tmp_path, request_of):
    cluster = DebugCluster(tmp_path / "jobs")
    cluster.submit([request_of("echo good > a", "a"), request_of("exit 3", "b")])
    assert Path(tmp_path, "a").read_text() == "good\n"
    assert endings(cluster, 2) == {"a": Ending(True), "b": Ending(False, "failed: exit code 3")}
    assert cluster.ended() == {}
